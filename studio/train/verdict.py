"""What a finished run says of itself: whether it learned, learned by heart or hardly learned, and what to change. Pure.

It speaks only of how close the model came to the examples kept aside; whether its answers are better is for the
comparison and for people. Its rules are plain ones about curves, not laws: each says what it saw, and names at most one
setting, which nobody has to change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.records import Run, from_json
from studio.train.evidence import Evidence, Span
from studio.train.settings import FULL

# A change smaller than this share of the loss is not spoken of as one.
_NOTICEABLE = 0.03
# A gap of this share of the loss, beyond doubt above zero, is spoken of.
_WIDE = 0.5
_MOST_RATE, _MOST_DROPOUT, _MOST_PASSES = 4e-3, 0.3, 20


@dataclass(frozen=True)
class Lesson:
    """`word`: learned, still_learning, leaning, by_heart, hardly, not_carried, worse or unmeasured. `sentence` for a
    reader; `evidence`: the figures it rests on, a sentence each; `change`: at most one setting with its new value."""

    word: str
    sentence: str
    evidence: tuple[str, ...] = ()
    change: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Curves:
    """A run's losses (nats a word piece) as the rules see them. `held`: (step, loss) on examples kept aside, the base's
    first where it was measured; `a_pass`: steps in a pass; `early`: it stopped by itself; `taken`: the step whose
    checkpoint became the model, 0 where that is not known."""

    train: tuple[float, ...]
    held: tuple[tuple[int, float], ...]
    a_pass: int = 1
    early: bool = False
    taken: int = 0

    @property
    def before(self) -> float:
        """The loss before the first step; of a run from before it was measured, on what was learned from first."""
        return self.held[0][1] if self.held[0][0] == 0 or not self.train else self.train[0]

    @property
    def after(self) -> tuple[tuple[int, float], ...]:
        """What was measured after steps."""
        return tuple(point for point in self.held if point[0])

    @property
    def best(self) -> tuple[int, float]:
        """The step with the lowest loss, and that loss."""
        return min(self.after, key=lambda point: (point[1], point[0]))


def of_run(run: Run) -> Lesson:
    """The lesson of a finished run, from its result and its settings."""
    settings, result = run.settings, run.result
    if settings.get("method") == FULL:
        settings = {name: value for name, value in settings.items() if not name.startswith("lora_")}
    together = settings.get("micro_batch", 1) * settings.get("accumulation", 1)
    losses: Sequence[Mapping[str, Any]] = result.get("losses", ())
    train = tuple(row["train"] for row in losses if row.get("train") is not None)
    held = tuple((row["step"], row["validation"]) for row in losses if row.get("validation") is not None)
    a_pass = max(1, math.ceil((result.get("rows_used") or 0) / together))
    told = from_json(Evidence, result["evidence"]) if result.get("evidence") else None
    return verdict(Curves(train, held, a_pass, bool(result.get("early")), result.get("taken", 0)), settings, told)


def verdict(seen: Curves, settings: Mapping[str, Any], told: Evidence | None = None) -> Lesson:
    """The first rule that fits. `settings`: of the run, for what to change; one it does not know is not changed."""
    if not seen.held or not seen.after:
        return _unmeasured(seen.train)
    figures = _figures(seen, told)
    for rule in (_worse, _hardly, _by_heart, _leaning, _still_learning):
        if (found := rule(seen, settings, told)) is not None:
            return Lesson(found.word, found.sentence, figures, found.change)
    end = (
        "It stopped by itself when it got no closer."
        if seen.early
        else "It had levelled out at the end, so more passes would not help."
    )
    return Lesson("learned", f"It learned: {_span(seen)}. {end}", figures)


def _unmeasured(train: Sequence[float]) -> Lesson:
    if len(train) > 1:
        said = f"On what it learned from, the loss went from {train[0]:.2f} to {train[-1]:.2f}."
        return Lesson("unmeasured", f"It ran, but no loss was measured on examples kept aside. {said}")
    return Lesson("unmeasured", "It ran too briefly to measure what it learned.")


def _worse(seen: Curves, settings: Mapping[str, Any], told: Evidence | None) -> Lesson | None:
    """Even its best is further away than the base was: the steps were too large."""
    if seen.best[1] <= seen.before * (1 + _NOTICEABLE):
        return None
    sentence = f"It got worse instead of better: {_span(seen)}. Smaller steps would help."
    return Lesson("worse", sentence, change=_scaled(settings, "learning_rate", 1 / 3))


def _hardly(seen: Curves, settings: Mapping[str, Any], told: Evidence | None) -> Lesson | None:
    if seen.best[1] <= seen.before * (1 - _NOTICEABLE):
        return None
    if len(seen.train) > 1 and seen.train[-1] < seen.train[0] * (1 - 5 * _NOTICEABLE):
        return Lesson(
            "not_carried",
            f"It learned its own examples, but that did not carry over: {_span(seen)}. More examples, or more varied "
            "ones, would help; no setting would.",
        )
    change = _scaled(settings, "learning_rate", 2, _MOST_RATE) or _scaled(settings, "epochs", 2, _MOST_PASSES)
    what = "Larger steps" if "learning_rate" in change else "More passes"
    return Lesson("hardly", f"It hardly learned (underfitting): {_span(seen)}. {what} would help.", change=change)


def _by_heart(seen: Curves, settings: Mapping[str, Any], told: Evidence | None) -> Lesson | None:
    step, best = seen.best
    last = seen.after[-1][1]
    if last <= best * (1 + _NOTICEABLE):
        return None
    change = _fewer_passes(step, seen.a_pass, settings) or _scaled(settings, "learning_rate", 1 / 2)
    what = "Fewer passes" if "epochs" in change else "Smaller steps"
    safe = f" The model you get is the one of step {step:,}, so nothing is lost." if seen.taken == step else ""
    return Lesson(
        "by_heart",
        f"It learned, then began to learn by heart (overfitting): on examples kept aside it was closest after step "
        f"{step:,} (loss {best:.2f}) and drifted to {last:.2f}.{safe} {what} would save the time, and more examples "
        "would help most.",
        change=change,
    )


def _leaning(seen: Curves, settings: Mapping[str, Any], told: Evidence | None) -> Lesson | None:
    """Much closer to what it learned from than to what was kept aside, beyond doubt."""
    if told is None or not told.gap.low or told.gap.low <= 0 or told.gap.value < _WIDE * told.loss:
        return None
    dropout = round(float(settings.get("lora_dropout", _MOST_DROPOUT)) + 0.1, 2)
    return Lesson(
        "leaning",
        f"It learned, and leans on the examples it saw: it is {told.gap.value:.2f} closer to them than to those kept "
        "aside. More examples would help most; leaving some of it out at random at each step may help a little.",
        change={"lora_dropout": dropout} if dropout <= _MOST_DROPOUT else {},
    )


def _still_learning(seen: Curves, settings: Mapping[str, Any], told: Evidence | None) -> Lesson | None:
    """The last two measurements each were the best so far, and together noticeably better."""
    losses = [loss for _, loss in seen.held][-3:]
    falling = len(losses) == 3 and losses[0] > losses[1] > losses[2]
    if seen.early or not falling or seen.best[0] != seen.after[-1][0] or losses[2] > losses[0] * (1 - _NOTICEABLE):
        return None
    sentence = f"It learned: {_span(seen)}. It was still getting closer at the end; more passes would help."
    return Lesson("still_learning", sentence, change=_scaled(settings, "epochs", 1.5, _MOST_PASSES))


def _span(seen: Curves) -> str:
    return (
        f"on examples kept aside the loss went from about {seen.before:.2f} to {seen.best[1]:.2f} "
        "(lower is closer to your answers)"
    )


def _scaled(settings: Mapping[str, Any], name: str, times: float, most: float = math.inf) -> dict[str, Any]:
    """A setting so many times as large, at most `most`; nothing when it is unknown or would not change."""
    if (now := settings.get(name)) is None:
        return {}
    new = math.ceil(now * times) if isinstance(now, int) else float(f"{now * times:.2g}")
    new = min(new, type(now)(most)) if most < math.inf else new
    return {name: new} if new != now and (new > now) == (times > 1) else {}


def _fewer_passes(step: int, a_pass: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    needed = max(1, math.ceil(step / a_pass))
    return {"epochs": needed} if needed < settings.get("epochs", 0) else {}


def _figures(seen: Curves, told: Evidence | None) -> tuple[str, ...]:
    step, best = seen.best
    n = f"the {told.kept_aside:,} examples" if told else "examples"
    said = [f"Loss on {n} kept aside: {seen.before:.2f} before, {best:.2f} at its best, after step {step:,}."]
    if told is not None:
        closer = f"Example by example it is {told.closer.value:.2f} closer than its base{_between(told.closer)}."
        gap = (
            f"On {told.learned_from:,} examples it learned from, by the same measure, the loss is "
            f"{told.loss - told.gap.value:.2f}: a gap of {told.gap.value:.2f}{_between(told.gap)}."
        )
        said += [closer, gap]
    return tuple(said)


def _between(span: Span) -> str:
    if span.low is None or span.high is None:
        return " (too few to say how sure that is)"
    return f" (95 % interval {span.low:.2f} to {span.high:.2f})"
