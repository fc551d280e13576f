"""Work in the background: one at a time, how far it is, and why it ended early."""

from __future__ import annotations

import threading
import time

import pytest

from studio.background import Background, Words
from studio.records import Refusal

WORDS = Words(busy="It runs already.", stopped="It was stopped.", disk="The disk said: {said}.", fault="Our fault.")


def ended(work: Background) -> str:
    end = time.monotonic() + 10
    while work.running:
        assert time.monotonic() < end
        time.sleep(0.01)
    return work.reason


def raising(error: Exception) -> Background:
    work = Background(WORDS)

    def do() -> None:
        raise error

    work.begin(do)
    return work


def test_one_at_a_time_followed_and_stopped() -> None:
    work, go_on = Background(WORDS), threading.Event()

    def do() -> None:
        work.went_on(0, 4)
        time.sleep(0.02)
        work.went_on(2, 4)
        go_on.wait(10)
        work.went_on(3, 4)

    assert work.seconds_left() is None
    work.begin(do)
    with pytest.raises(Refusal, match="runs already"):
        work.begin(do)
    while work.done < 2:
        time.sleep(0.01)
    assert (work.total, (work.seconds_left() or 0) >= 0) == (4, True)
    work.stop()
    go_on.set()
    assert ended(work) == "It was stopped." and work.done == 3
    work.begin(lambda: None)
    assert ended(work) == "" and work.seconds_left() is None


def test_each_way_to_end_early_has_its_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    assert ended(raising(Refusal("No model is here."))) == "No model is here."
    assert ended(raising(OSError(28, "No space left on device"))) == "The disk said: No space left on device."
    assert ended(raising(ZeroDivisionError())) == "Our fault."
    assert "ZeroDivisionError" in capfd.readouterr().err
