"""The log of a job in words, from its events: when it began, what it measured, what went wrong, how it ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.wording import percent


@dataclass(frozen=True)
class Entry:
    """What happened, and when (ISO time, UTC)."""

    at: str
    text: str


def diary(events: Sequence[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """The entries in order. What a worker did again after a crash stands twice, as it happened; each step's loss and
    progress are left to the curve."""
    made: list[Entry] = []
    starts, what, train, best = 0, "", None, None
    for event in events:
        text = ""
        if event["kind"] == "state":
            starts += 1
            text = "The worker began." if starts == 1 else f"A worker went on with it (start {starts})."
        elif event["kind"] == "warning":
            text = str(event["text"])
        elif event["kind"] == "progress" and event["what"] != what:
            what = event["what"]
            text = _doing(event)
        elif event["kind"] == "loss":
            train = event["train"] if event["train"] is not None else train
            if event["validation"] is not None:
                best, text = _measured(event, train, best)
        if text:
            made.append(Entry(event["at"], text))
    return tuple(made)


def _doing(event: Mapping[str, Any]) -> str:
    what = event["what"][:1].upper() + event["what"][1:]
    if not event["total"]:
        return f"{what}."
    done = f", from step {event['done']:,} on" if event["done"] else ""
    return f"{what}: {event['total']:,} steps{done}."


def _measured(event: Mapping[str, Any], train: float | None, best: float | None) -> tuple[float | None, str]:
    """The best loss now, and what is said of this measurement. The base's own is no result of the training."""
    held, step = event["validation"], event["step"]
    pairs = "accuracy" in event
    if not step:
        what = "pairs kept aside. It leans neither way" if pairs else "examples kept aside. This is the base"
        return best, f"Before the first step: loss {held:.3f} on {what}."
    aside = f" On what it learns from: {train:.3f}." if train is not None else ""
    closest = " The closest so far." if best is None or held < best else ""
    best = held if best is None else min(best, held)
    if pairs:
        aside = f" It leans to the preferred answer on {percent(event['accuracy'])} of them.{aside}"
    what = "pairs" if pairs else "examples"
    return best, f"After step {step:,}: loss {held:.3f} on {what} kept aside.{closest}{aside}"
