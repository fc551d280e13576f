"""Take personal data out of examples: every sure find becomes a mark, alike throughout a record. One act, undoable."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from studio.examples import approval
from studio.examples.acting import refuse_selection
from studio.health.personal import redact
from studio.health.record_checks import texts
from studio.records import Example, Refusal, Turn, to_json
from studio.store import Store, briefs
from studio.store import examples as rows


def redacted(example: Example) -> Example:
    """`example` with marks such as [email 1] in place of every sure find in any of its texts."""
    system, *turns, input, ideal, worse = redact(texts(example))
    earlier = tuple(Turn(turn.speaker, text) for turn, text in zip(example.earlier, turns, strict=True))
    return dataclasses.replace(example, system=system, earlier=earlier, input=input, ideal=ideal, worse=worse)


def redact_examples(store: Store, actor: str, project: str, ids: Sequence[str]) -> int:
    """Redacts all `ids` in one act; how many changed. A changed text loses its approvals and goes back to review.

    Raises Refusal when nothing is selected, too much, or nothing sure was found. Earlier revisions keep the texts.
    """
    refuse_selection(ids)
    brief = briefs.latest(store, project)
    changed = []
    for before in rows.some(store, ids):
        after = redacted(before)
        if after != before:
            after = dataclasses.replace(after, revision=before.revision + 1)
            changed.append(approval.after_change(before, after, brief))
    if not changed:
        raise Refusal("No personal data of a sure form is in these examples. Nothing was changed.")
    store.act("examples.rewritten", actor, {"examples": [to_json(e) for e in changed]}, project)
    return len(changed)
