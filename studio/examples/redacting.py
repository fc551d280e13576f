"""Take personal data out of examples: every sure find becomes a mark, alike throughout a record. Undoable."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from studio.examples import approval, series
from studio.health.personal import redact
from studio.health.record_checks import texts
from studio.records import Example, Refusal, Turn, to_json
from studio.store import Store, briefs
from studio.store import examples as rows
from studio.store.series import Series

PART = 100
"""Examples that one act rewrites, each by itself: about a tenth of a second."""


def redacted(example: Example) -> Example:
    """`example` with marks such as [email 1] in place of every sure find in any of its texts."""
    system, *turns, input, ideal, worse = redact(texts(example))
    earlier = tuple(Turn(turn.speaker, text) for turn, text in zip(example.earlier, turns, strict=True))
    return dataclasses.replace(example, system=system, earlier=earlier, input=input, ideal=ideal, worse=worse)


def redact_examples(store: Store, actor: str, project: str, ids: Sequence[str]) -> int:
    """Redacts all `ids`; how many change. A changed text loses its approvals and goes back to review.

    Raises Refusal when nothing is selected or nothing sure was found. Earlier revisions keep the texts.
    """
    if not ids:
        raise Refusal("No example is selected. Nothing was changed.")
    found = [e.id for e in rows.some(store, ids) if redacted(e) != e]
    if not found:
        raise Refusal("No personal data of a sure form is in these examples. Nothing was changed.")
    series.go_on(store, begin(store, actor, project, found).id)
    return len(found)


def begin(store: Store, actor: str, project: str, ids: Sequence[str]) -> Series:
    """Writes down that all `ids` are to be redacted, for `series.go_on`; those that need it not are passed over."""
    return series.begin(store, actor, project, "examples.rewritten", {"ids": list(ids)}, items=len(ids), size=PART)


@series.builds("examples.rewritten")
def _part(store: Store, found: Series, plan: dict[str, Any], start: int) -> dict[str, Any]:
    """What these examples are now, redacted; those that need it no more, or left the project, are passed over."""
    brief, changed = briefs.latest(store, found.project), []
    for before in rows.some(store, plan["ids"][start : start + found.size]):
        after = redacted(before)
        if after != before:
            after = dataclasses.replace(after, revision=before.revision + 1)
            changed.append(approval.after_change(before, after, brief))
    return {"examples": [to_json(e) for e in changed]}
