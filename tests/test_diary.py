"""The log of a run in words."""

from __future__ import annotations

from typing import Any

from studio.train.diary import diary


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"at": "2026-11-01T10:00:00+00:00", "kind": kind, **fields}


def test_the_log_says_what_happened_in_order() -> None:
    learning = {"what": "learning", "total": 40, "seconds_left": None}
    found = diary([
        event("state", state="running"),
        event("progress", what="loading the model", done=0, total=0, seconds_left=None),
        event("progress", done=0, **learning),
        event("loss", step=0, train=None, validation=2.5),
        event("progress", done=9, **learning),
        event("loss", step=10, train=1.25, validation=None),
        event("loss", step=10, train=None, validation=1.5),
        event("sample", step=10, example="e", input="?", output="!"),
        event("warning", text="Memory ran short."),
        event("state", state="running"),
        event("progress", what="loading the model", done=0, total=0, seconds_left=None),
        event("progress", done=10, **learning),
        event("loss", step=20, train=None, validation=1.6),
    ])  # fmt: skip
    assert [entry.text for entry in found] == [
        "The worker began.",
        "Loading the model.",
        "Learning: 40 steps.",
        "Before the first step: loss 2.500 on examples kept aside. This is the base.",
        "After step 10: loss 1.500 on examples kept aside. The closest so far. On what it learns from: 1.250.",
        "Memory ran short.",
        "A worker went on with it (start 2).",
        "Loading the model.",
        "Learning: 40 steps, from step 10 on.",
        "After step 20: loss 1.600 on examples kept aside. On what it learns from: 1.250.",
    ]
