"""Give examples another ideal output that was suggested, as long as nobody changed theirs meanwhile. Undoable."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from studio.examples import approval
from studio.records import Example, Refusal, to_json
from studio.store import Store, briefs
from studio.store import examples as rows


def take(store: Store, actor: str, project: str, read: Sequence[Example], ideals: Mapping[str, str]) -> int:
    """Gives each of `read` the ideal output that `ideals` (id -> text) has for it, in one act; how many changed.

    What was approved goes back to review, as a suggestion is nobody's approval. Raises Refusal, and changes nothing,
    when there is no suggestion or when an ideal output is not as it was `read`.
    """
    now = {e.id: e for e in rows.some(store, [e.id for e in read])}
    if any(e.id not in now or now[e.id].ideal != e.ideal for e in read):
        raise Refusal("Somebody changed one of these meanwhile. Nothing was changed. Look at the page as it is now.")
    brief, changed = briefs.latest(store, project), []
    for before in now.values():
        if ideals.get(before.id, before.ideal) != before.ideal:
            after = dataclasses.replace(before, ideal=ideals[before.id], revision=before.revision + 1)
            changed.append(approval.after_change(before, after, brief))
    if not changed:
        raise Refusal("Nothing is suggested for these. Nothing was changed.")
    store.act("examples.rewritten", actor, {"examples": [to_json(e) for e in changed], "why": "label"}, project)
    return len(changed)
