"""The resident model process: wakes, answers, is killed and wakes again, makes room, ends with its owner."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
import pytest

from studio import models, people, projects
from studio.examples import meaning, step
from studio.jobs import resident
from studio.jobs.local import is_running, worker_environment
from studio.jobs.resident import Resident
from studio.records import Decoding, Prompt, Refusal, to_json
from studio.store import Store

T = TypeVar("T")
TEXTS = ["Where is my parcel?", "My package has not arrived", "The lamp flickers when it is warm"]


@pytest.fixture
def model(workspace: Path) -> Iterator[Resident]:
    made = Resident(workspace)
    yield made
    made.make_room()


def note(workspace: Path) -> dict[str, Any]:
    return dict(json.loads((workspace / "resident" / "resident.json").read_bytes()))


def until(ask: Callable[[], T | None], seconds: float = 120.0) -> T:
    end = time.monotonic() + seconds
    while (found := ask()) is None:
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
    return found


def awake(model: Resident, workspace: Path) -> dict[str, Any]:
    """Started by a question that needs no model, and listening."""
    with pytest.raises(Refusal, match="does not know"):
        until(lambda: None if model._ask("nothing") == {"state": "waking"} else 1)
    return note(workspace)


# -- without weights -------------------------------------------------------------------------------


def test_state_wakes_nothing(model: Resident, workspace: Path) -> None:
    assert not model.state().awake and not (workspace / "resident").exists()


def test_a_killed_one_is_started_again_and_too_often_is_refused(model: Resident, workspace: Path) -> None:
    seen = set()
    for _ in range(3):
        found = awake(model, workspace)
        seen.add(found["pid"])
        os.kill(found["pid"], signal.SIGKILL)
        until(lambda found=found: None if is_running(found["pid"], found["started"]) else 1)
    assert len(seen) == 3
    # One that was killed may take a moment to be gone with all of its threads; until then it counts as waking.
    with pytest.raises(Refusal, match="three times within a minute"):
        until(lambda: None if model._ask("nothing") else 1, seconds=20)


def test_its_note_is_private_and_its_token_is_asked_for(model: Resident, workspace: Path) -> None:
    found = awake(model, workspace)
    assert (workspace / "resident" / "resident.json").stat().st_mode & 0o77 == 0
    for question in (b'{"ask": "stop", "token": "guessed"}\n', b'{"ask": "stop"}\n', b"[]\n", b"GET / HTTP/1.1\n"):
        with socket.create_connection(("127.0.0.1", found["port"]), 5) as line:
            line.sendall(question)
            assert "refused" in json.loads(line.makefile("rb").readline())
    assert model.state().awake


def test_making_room_ends_it_and_the_next_question_starts_it(model: Resident, workspace: Path) -> None:
    first = awake(model, workspace)
    model.make_room()
    assert not is_running(first["pid"], first["started"])
    assert awake(model, workspace)["pid"] != first["pid"]


def test_one_that_hangs_does_not_hold_up_a_job(model: Resident, workspace: Path, monkeypatch: Any) -> None:
    found = awake(model, workspace)
    monkeypatch.setattr(resident, "_ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(resident, "_END_SECONDS", 0.3)
    os.kill(found["pid"], signal.SIGSTOP)
    began = time.monotonic()
    assert not model.state().awake
    model.make_room()
    assert time.monotonic() - began < 8 and not is_running(found["pid"], found["started"])


def test_a_second_one_gives_way_and_a_restarted_studio_finds_the_first(model: Resident, workspace: Path) -> None:
    found = awake(model, workspace)
    command = [sys.executable, "-m", "studio.worker", "--serve", str(workspace / "resident")]
    second = subprocess.run(command, capture_output=True, text=True, env=worker_environment(), timeout=60)
    assert second.returncode == 1 and "Another resident model" in second.stderr
    again = Resident(workspace)
    assert again.state().awake and awake(again, workspace)["pid"] == found["pid"]


def test_it_ends_when_nobody_needs_it(workspace: Path) -> None:
    (workspace / "owner.json").write_text(json.dumps({"pid": os.getpid(), "started": psutil.Process().create_time()}))
    code = "import sys, pathlib; from studio import resident; resident.serve(pathlib.Path(sys.argv[1]), 0.5)"
    command = [sys.executable, "-c", code, str(workspace)]
    assert subprocess.run(command, env=worker_environment(), timeout=60).returncode == 0
    assert not (workspace / "resident.json").exists()


def test_it_ends_with_its_owner(workspace: Path) -> None:
    from studio.resident import _Owner

    (workspace / "owner.json").write_text(json.dumps({"pid": os.getpid(), "started": 1.0}))
    owner = _Owner(workspace)
    assert not owner.gone_for_good()
    owner._missed_since -= 60
    assert owner.gone_for_good()


# -- with the weights ------------------------------------------------------------------------------


@pytest.mark.model
def test_meaning_is_near_and_a_kill_in_mid_request_costs_nothing(
    model: Resident, workspace: Path, models_cache: Path
) -> None:
    minilm = models.reference("minilm", workspace)
    vectors = until(lambda: model.embed(minilm, TEXTS))
    assert vectors.shape == (3, 384) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]
    found = note(workspace)
    line = socket.create_connection(("127.0.0.1", found["port"]), 5)
    many = {"ask": "embed", "token": found["token"], "model": minilm, "texts": ["word " * 250] * 256}
    line.sendall(json.dumps(many).encode() + b"\n")
    time.sleep(0.3)
    os.kill(found["pid"], signal.SIGKILL)
    assert line.recv(1) == b""
    assert np.array_equal(until(lambda: model.embed(minilm, TEXTS)), vectors)
    assert note(workspace)["pid"] != found["pid"]


@pytest.mark.model
def test_the_base_model_answers(model: Resident, workspace: Path, models_cache: Path) -> None:
    smol = models.reference("smollm2-135m", workspace)
    arm = {"id": "base", "system_prompt": "Answer in one sentence."}
    decoding = to_json(Decoding(max_new_tokens=12))
    told = until(lambda: model.answer(smol, Prompt("Where is my order?"), arm, decoding))
    assert told.text and 0 < told.tokens <= 12
    assert model.answer(smol, Prompt("Where is my order?"), arm, decoding) == told
    assert model.state().models == {"writes": "ready"}


@pytest.mark.model
def test_a_model_that_changed_is_refused_in_words(model: Resident, workspace: Path, models_cache: Path) -> None:
    smol = {**models.reference("smollm2-135m", workspace), "sha256": "0" * 64}
    with pytest.raises(Refusal, match="its files changed"):
        until(lambda: model.answer(smol, Prompt("Hello"), {"id": "base"}, {}))


@pytest.mark.model
def test_examples_are_read_and_found_by_meaning(store: Store, models_cache: Path) -> None:
    project = projects.create(store, people.SYSTEM, "Mine").id
    ids = [step.write(store, people.SYSTEM, project, input=text, ideal="").id for text in TEXTS]
    try:
        assert meaning.coverage(store, project) == meaning.Coverage(0, 3)
        until(lambda: meaning.read_missing(store, project) or None)
        until(lambda: 1 if meaning.coverage(store, project).missing == 0 else None)
        found = until(lambda: meaning.find(store, project, "a delivery that is late"))
        assert [near.example for near in found.near][:2] in (ids[:2], ids[1::-1])
        resident.of(store.workspace).make_room()
        assert meaning.find(store, project, "a delivery that is late") == found  # the question is remembered
    finally:
        resident.of(store.workspace).make_room()
