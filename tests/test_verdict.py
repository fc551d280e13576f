"""The verdict on a training, with a curve of each kind, and the one setting it would change."""

from __future__ import annotations

from typing import Any

import pytest

from studio.records import JobState, Run, to_json
from studio.train.evidence import Evidence, Span
from studio.train.verdict import Curves, of_run, verdict

SETTINGS: dict[str, Any] = {
    "epochs": 6,
    "learning_rate": 2e-3,
    "lora_dropout": 0.0,
    "micro_batch": 4,
    "accumulation": 2,
}
FALLING = (2.4, 1.6, 1.2, 1.0)


def held(*losses: float, every: int = 10) -> tuple[tuple[int, float], ...]:
    """The base's loss and then one at each look."""
    return tuple((n * every, loss) for n, loss in enumerate(losses))


def told(gap: Span) -> Evidence:
    return Evidence(kept_aside=60, learned_from=60, loss=1.0, closer=Span(1.4, 1.2, 1.6), gap=gap)


@pytest.mark.parametrize(
    ("train", "looks", "settings", "word", "change"),
    [
        (FALLING, held(2.4, 1.5, 1.2, 1.1, 1.09, 1.09), {}, "learned", {}),
        (FALLING, held(2.4, 1.8, 1.5, 1.3, 1.2), {}, "still_learning", {"epochs": 9}),
        (FALLING, held(2.4, 1.8, 1.5, 1.3, 1.2), {"epochs": 20}, "still_learning", {}),
        # Closest in the second pass of six (ten steps a pass), then away.
        (FALLING, held(2.4, 1.3, 1.1, 1.2, 1.4, 1.6), {}, "by_heart", {"epochs": 2}),
        (FALLING, held(2.4, 1.3, 1.1, 1.2, 1.4), {"epochs": 2}, "by_heart", {"learning_rate": 1e-3}),
        ((2.4, 2.4, 2.39), held(2.4, 2.4, 2.39), {}, "hardly", {"learning_rate": 4e-3}),
        ((2.4, 2.4, 2.39), held(2.4, 2.4, 2.39), {"learning_rate": 4e-3}, "hardly", {"epochs": 12}),
        ((2.4, 1.6, 1.2), held(2.4, 2.39, 2.38), {}, "not_carried", {}),
        ((2.4, 5.0, 6.0), held(2.4, 4.0, 6.0), {}, "worse", {"learning_rate": 6.7e-4}),
        # A drift within the noise is not called one.
        (FALLING, held(2.4, 1.3, 1.1, 1.12), {}, "learned", {}),
        (FALLING, (), {}, "unmeasured", {}),
        (FALLING, held(2.4), {}, "unmeasured", {}),
        ((), (), {}, "unmeasured", {}),
    ],
)  # fmt: skip
def test_each_kind_of_curve(
    train: tuple[float, ...], looks: tuple[tuple[int, float], ...], settings: dict[str, Any], word: str,
    change: dict[str, Any],
) -> None:  # fmt: skip
    found = verdict(Curves(train, looks, a_pass=10), {**SETTINGS, **settings})
    assert (found.word, found.change) == (word, change)
    assert "  " not in found.sentence and found.sentence.endswith(".")


def test_a_gap_is_spoken_of_only_when_it_is_wide_and_beyond_doubt() -> None:
    level = Curves(FALLING, held(2.4, 1.2, 1.0, 1.0))
    assert verdict(level, SETTINGS, told(Span(0.6, 0.5, 0.7))).word == "leaning"
    assert verdict(level, SETTINGS, told(Span(0.6, 0.5, 0.7))).change == {"lora_dropout": 0.1}
    assert verdict(level, {**SETTINGS, "lora_dropout": 0.3}, told(Span(0.6, 0.5, 0.7))).change == {}
    for span in (Span(0.6, -0.1, 1.3), Span(0.4, 0.3, 0.5), Span(0.6, None, None)):
        assert verdict(level, SETTINGS, told(span)).word == "learned"


def test_it_says_that_nothing_is_lost_only_where_the_best_was_taken() -> None:
    drifting = held(2.4, 1.3, 1.1, 1.2, 1.4)
    for taken, safe in ((20, True), (0, False)):
        found = verdict(Curves(FALLING, drifting, 10, taken=taken), SETTINGS)
        assert ("so nothing is lost" in found.sentence) is safe


def test_the_evidence_has_its_n_and_its_interval() -> None:
    losses = [{"step": 0, "train": None, "validation": 2.4}, {"step": 1, "train": 2.4, "validation": None},
              {"step": 5, "train": 1.1, "validation": 1.0}]  # fmt: skip
    result = {"losses": losses, "rows_used": 40, "early": True, "evidence": to_json(told(Span(0.2, 0.1, 0.3)))}
    run = Run("r", "p", "d", "m", "q", "r", JobState.done, settings=SETTINGS, result=result)
    found = of_run(run)
    assert found.word == "learned" and "stopped by itself" in found.sentence
    assert found.evidence == (
        "Loss on the 60 examples kept aside: 2.40 before, 1.00 at its best, after step 5.",
        "Example by example it is 1.40 closer than its base (95 % interval 1.20 to 1.60).",
        "On 60 examples it learned from, by the same measure, the loss is 0.80: a gap of 0.20 (95 % interval 0.10 to "
        "0.30).",
    )
