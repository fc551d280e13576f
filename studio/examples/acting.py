"""One wish for many examples: a change, a status, the trash. A few are one act; more become a series of short ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from studio.examples import approval, series
from studio.examples.batch import Told, nobody
from studio.records import Brief, Consent, Example, Refusal, Slice, Status
from studio.store import Store, briefs, examples, people
from studio.store.series import Series

PART = 400
"""Examples that one act changes: about a tenth of a second, in which nobody else's save goes through."""


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


@dataclass(frozen=True)
class Trash:
    """Into the trash, or out of it."""

    trashed: bool = True


Wish = Change | Status | Trash
"""What is to become of the examples; a status of approved is an approval by whoever wishes it."""


def do(store: Store, actor: str, project: str, ids: Sequence[str], wish: Wish, told: Told = nobody) -> int:
    """Does it to all of `ids` and returns when that is done; how many of them wait for a second approval now.

    Raises Refusal for nothing to do, an unknown person or no date, and when an example is gone or of another project;
    then nothing was changed. More than `PART` are a series, which `told` may stop (see `series.go_on`).
    """
    kind, values = _checked(store, ids, wish)
    if len(ids) > PART:
        return series.go_on(store, begin(store, actor, project, ids, wish).id, told)
    payload = _PAYLOADS[kind](store, actor, project, list(ids), values)
    store.act(kind, actor, payload, project)
    return len(payload.get("waiting", ()))


def begin(store: Store, actor: str, project: str, ids: Sequence[str], wish: Wish) -> Series:
    """Writes down that it is to be done to all of `ids`, for `series.go_on`. Raises Refusal as `do` does."""
    kind, values = _checked(store, ids, wish)
    unique, there = list(dict.fromkeys(ids)), examples.there(store, project, ids)
    if gone := len(unique) - len(there):
        raise Refusal(f"{gone:,} of the {len(unique):,} examples are not here any more. Nothing was changed.")
    plan = {"ids": there, "values": values}
    return series.begin(store, actor, project, kind, plan, items=len(there), size=PART)


def change(store: Store, actor: str, project: str, ids: Sequence[str], wanted: Change) -> int:
    """Makes `wanted` true of all `ids`; how many were selected. Raises Refusal as `do` does."""
    do(store, actor, project, ids, wanted)
    return len(ids)


def _checked(store: Store, ids: Sequence[str], wish: Wish) -> tuple[str, dict[str, Any]]:
    """The kind of act that it is, and what all of its parts have in common."""
    if not ids:
        raise Refusal("No example is selected. Nothing was changed.")
    if isinstance(wish, Change):
        return "examples.changed", _given(store, wish)
    if isinstance(wish, Trash):
        return "examples.trashed", {"trashed": wish.trashed}
    if wish is Status.approved:
        _refuse_empty(store, ids)
    return "examples.marked", {"status": wish.value}


def _given(store: Store, wanted: Change) -> dict[str, Any]:
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
    return given


def _refuse_empty(store: Store, ids: Sequence[str]) -> None:
    if empty := examples.without_ideal(store, ids):
        first = " ".join(empty[0].input.split())
        have = "has" if len(empty) == 1 else "have"
        raise Refusal(
            f"{len(empty):,} of the selected examples {have} no ideal output yet (first: “{first[:60]}”). Nothing was "
            "changed. Write it, or leave them out of the selection."
        )


# -- the payload of one act ------------------------------------------------------------------------


def _changing(store: Store, actor: str, project: str, ids: list[str], values: dict[str, Any]) -> dict[str, Any]:
    payload = {"ids": ids, **values}
    asked = approval.demand(briefs.latest(store, project), values["slice"]) if values.get("slice") else None
    return payload | _approvals(examples.some(store, ids), asked) if asked is not None else payload


def _approvals(found: Sequence[Example], asked: Slice) -> dict[str, Any]:
    """Which approved ones of these go back to review, as their approvals do not suffice in the slice `asked`, and the
    revisions that this was worked out on: whoever approves or edits one in the same moment is not overruled."""
    approved = (e for e in found if e.status is Status.approved)
    waiting = [e.id for e in approved if not approval.complete(e.approvals, asked)]
    return {"waiting": waiting, "stood": {e.id: e.revision for e in found}}


def _marking(store: Store, actor: str, project: str, ids: list[str], values: dict[str, Any]) -> dict[str, Any]:
    """Where a slice asks for a second approval, the first one leaves an example in review. Approving skips none: an
    empty ideal is a Refusal, also when it was emptied since a series began."""
    brief = briefs.latest(store, project)
    payload = {"ids": ids, **values, "approver": "", "brief_version": brief.version if brief else 0}
    if values["status"] != Status.approved:
        return payload
    _refuse_empty(store, ids)
    strict = strict_slices(brief)
    found = examples.some(store, ids) if strict else []
    asked = [e for e in found if e.slice in strict]
    waiting = [e.id for e in asked if approval.approved(e, (actor,), brief).status is not Status.approved]
    return payload | {"approver": actor, "waiting": waiting, "stood": {e.id: e.revision for e in found}}


def strict_slices(brief: Brief | None) -> set[str]:
    """The slices that ask for a second approval."""
    return {s.name for s in brief.slices if s.second_approval} if brief else set()


def _trashing(store: Store, actor: str, project: str, ids: list[str], values: dict[str, Any]) -> dict[str, Any]:
    return {"ids": ids, **values}


_PAYLOADS = {"examples.changed": _changing, "examples.marked": _marking, "examples.trashed": _trashing}


@series.builds("examples.changed")
@series.builds("examples.marked")
@series.builds("examples.trashed")
def _part(store: Store, found: Series, plan: dict[str, Any], start: int) -> dict[str, Any]:
    """Examples that left the project since the series began are passed over."""
    ids = examples.there(store, found.project, plan["ids"][start : start + found.size])
    return _PAYLOADS[found.kind](store, found.actor, found.project, ids, plan["values"])


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
