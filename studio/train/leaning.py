"""What a finished training by votes says of itself: how often it leans to what people preferred, and what to do. Pure.

It speaks of pairs of given answers that were kept aside. What the model writes by itself is for the comparison, and
whether that is better for people.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from studio.evaluate.checks import interval
from studio.record_examples import example_of
from studio.records import Run
from studio.train import kept_aside, verdict
from studio.train.verdict import Lesson
from studio.wording import between, percent

BEFORE = math.log(2)
"""The loss of any pair before the first step, in nats: nothing has grown."""

# A drift upwards by this share of the loss is spoken of.
_NOTICEABLE = 0.03


def lesson(run: Run) -> Lesson:
    """The lesson of any finished run, in the terms of what it learned from."""
    return of_run(run) if run.settings.get("beta") else verdict.of_run(run)


def of_run(run: Run) -> Lesson:
    """The lesson of a finished training by votes. `word`: learned, unclear, worse, by_heart or unmeasured."""
    leanings: Sequence[dict[str, Any]] = [each for each in run.result.get("leanings", ()) if each["step"]]
    taken = next((each for each in leanings if each["step"] == run.result.get("taken")), None)
    evidence = run.result.get("evidence")
    if taken is None or not evidence:
        return Lesson("unmeasured", "It ran, but how it leans was not measured on pairs kept aside.")
    n = int(evidence["kept_aside"])
    prompts = _prompts(run, n)
    low, high = interval(taken["accuracy"] * prompts, prompts)
    counted = (
        f"on {taken['accuracy'] * n:g} of {n:,} pairs kept aside (95 % interval {between((low, high))}; n = "
        f"{prompts:,} prompts)"
    )
    figures = _figures(run, taken)
    if high < 0.5:
        return Lesson(
            "worse",
            f"It leans away from what people preferred: {counted} it grew towards the preferred answer. Smaller steps "
            "would help.",
            figures,
            _rate(run, 1 / 3),
        )
    if low <= 0.5:
        return Lesson(
            "unclear",
            f"Whether it learned what people prefer cannot be told: {counted} it grew towards the preferred answer, "
            "which may be luck. More votes would help most.",
            figures,
        )
    said = f"It learned what people prefer: {counted} it grew towards the preferred answer."
    held = [row["validation"] for row in run.result["losses"] if row["validation"] is not None]
    if held[-1] > min(held) * (1 + _NOTICEABLE):
        drifted = (
            f"{said} Then it began to learn its own pairs by heart (overfitting): the loss on those kept aside went "
            f"from {min(held):.2f} at its best to {held[-1]:.2f}. The model you get is the one of step "
            f"{taken['step']:,}, so nothing is lost."
        )
        return Lesson("by_heart", drifted, figures)
    return Lesson("learned", said, figures)


def _prompts(run: Run, pairs: int) -> int:
    """How many prompts the pairs kept aside are about: those of one prompt often share an answer, and lean alike."""
    look = kept_aside.look_of(run.result)
    return len({example_of(name) for name, _, _ in look.rows}) if look else pairs


def _figures(run: Run, taken: dict[str, Any]) -> tuple[str, ...]:
    loss = run.result["evidence"]["loss"]
    smoothing = run.settings["label_smoothing"]
    start = "the tuned model that it started as" if run.settings["start"] else "the base that it started as"
    said = [
        f"Measured against {start}: before the first step no pair leans either way, and costs {BEFORE:.2f} (loss).",
        f"After step {taken['step']:,}, whose checkpoint was taken, the loss is {loss:.2f} and the odds of the "
        f"preferred answer have grown by a factor of {math.exp(taken['margin'] / run.settings['beta']):,.3g} on "
        "average (geometric mean). The checkpoint was chosen on these very pairs, so both look a little better than "
        "they are.",
    ]
    if smoothing:
        wanted = math.log((1 - smoothing) / smoothing)
        said.append(
            f"Reviewers differ, so it is held to be {percent(1 - smoothing)} sure and no surer: its margin is "
            f"{taken['margin']:.2f}, and above {wanted:.2f} it costs more again."
        )
    return tuple(said)


def _rate(run: Run, times: float) -> dict[str, Any]:
    return {"learning_rate": float(f"{run.settings['learning_rate'] * times:.2g}")}
