"""One change to many examples: slice, tags, kinds, whose they are, re-check, review date, rights. One undoable act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date

from studio.examples import approval
from studio.records import Consent, Example, Refusal, Slice, Status
from studio.store import Store, briefs, examples, people

MOST = 20_000
"""Examples that one act may change: it takes some seconds, in which nobody else's save goes through."""


@dataclass(frozen=True)
class Change:
    """What is to be different in each example; None or empty: stays as it is.

    `assigned`: a person's id, "" for nobody. `recheck`: why somebody must look again. `review_by`: a date
    (YYYY-MM-DD), "" for none. A kind or tag that an example has already is not given twice.
    """

    slice: str | None = None
    assigned: str | None = None
    recheck: str | None = None
    review_by: str | None = None
    consent: Consent | None = None
    licence: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    add_kinds: tuple[str, ...] = ()
    remove_kinds: tuple[str, ...] = ()


def change(store: Store, actor: str, project: str, ids: Sequence[str], wanted: Change) -> int:
    """Makes `wanted` true of all `ids`; how many were selected. Raises Refusal for nothing to do, too many, an unknown
    person or no date, and when an example is gone; then nothing was changed."""
    refuse_selection(ids)
    values = {f.name: getattr(wanted, f.name) for f in fields(wanted)}
    given = {name: value if isinstance(value, str) else _words(value) for name, value in values.items()
             if value is not None and value != ()}  # fmt: skip
    if not given:
        raise Refusal("Nothing is chosen to change. Nothing was changed.")
    if wanted.recheck is not None and not wanted.recheck.strip():
        raise Refusal("Say why they must be looked at again. Nothing was changed.")
    if wanted.assigned and people.get(store, wanted.assigned) is None:
        raise Refusal("There is no such person here. Nothing was changed.")
    if wanted.review_by:
        _date(wanted.review_by)
    payload: dict[str, object] = {"ids": list(ids), **given}
    asked = approval.demand(briefs.latest(store, project), wanted.slice) if wanted.slice else None
    if asked is not None:
        payload |= _approvals(examples.some(store, ids), asked)
    store.act("examples.changed", actor, payload, project)
    return len(ids)


def _approvals(found: Sequence[Example], asked: Slice) -> dict[str, object]:
    """Which approved ones of these go back to review, as their approvals do not suffice in the slice `asked`, and the
    revisions that this was worked out on: whoever approves or edits one in the same moment is not overruled."""
    approved = (e for e in found if e.status is Status.approved)
    waiting = [e.id for e in approved if not approval.complete(e.approvals, asked)]
    return {"waiting": waiting, "stood": {e.id: e.revision for e in found}}


def refuse_selection(ids: Sequence[str]) -> None:
    """Raises Refusal for a selection of none, or of more than one act may change."""
    if not ids:
        raise Refusal("No example is selected. Nothing was changed.")
    if len(ids) > MOST:
        raise Refusal(
            f"{len(ids):,} examples are selected; one step changes at most {MOST:,}. Nothing was changed. "
            "Narrow the list and do it in parts."
        )


def _words(given: Sequence[str]) -> list[str]:
    words = list(dict.fromkeys(" ".join(word.split()) for word in given))
    if "" in words:
        raise Refusal("A word is empty. Nothing was changed.")
    return words


def _date(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise Refusal(f"“{text}” is not a date like 2026-03-31. Nothing was changed.") from None
