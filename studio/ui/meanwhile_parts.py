"""A draft of an example that somebody else saved meanwhile: what they changed, what collides, and going on with both.

Only what a person writes counts (`step.WRITTEN`): a decision, an assignment or another look asked for leaves the draft
as it is.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import streamlit as st

from studio.examples.step import WRITTEN
from studio.records import Example
from studio.store import examples as rows
from studio.ui import as_seen, blocks, conversation, frame, turn_fields
from studio.ui.access import Visit
from studio.ui.form_fields import Draft
from studio.wording import all_of

_TITLES = {
    "input": "Input", "ideal": "Ideal output", "slice": "Kind of input (slice)", "kinds": "What is hard about it",
    "earlier": "Earlier turns", "system": "System text", "tags": "Tags", "worse": "A worse answer", "group": "Group",
    "source": "Where it comes from", "licence": "Licence", "consent": "Consent", "expires": "Right ends on",
    "review_by": "Look again by",
}  # fmt: skip
_TEXTS = ("input", "ideal", "worse")
_LISTS = ("kinds", "tags")


@dataclasses.dataclass(frozen=True)
class Meanwhile:
    """What the others changed since a draft began, and where the draft says something else. Names of fields."""

    changed: tuple[str, ...]
    colliding: tuple[str, ...]


def compare(visit: Visit, form: dict[str, Any], found: Example) -> Meanwhile:
    """`form` against `found` as it is stored now, field by field of what a person writes."""
    began, mine, theirs = _began(visit, form, found), turn_fields.changes(form), _written(found)
    if began is None:
        differ = tuple(name for name in WRITTEN if name in mine and theirs[name] != mine[name])
        return Meanwhile(differ, differ)
    changed = tuple(name for name in WRITTEN if name in mine and theirs[name] != began[name])
    single = [name for name in changed if name not in _LISTS]
    return Meanwhile(changed, tuple(name for name in single if mine[name] not in (began[name], theirs[name])))


def caught_up(visit: Visit, held: Draft, found: Example) -> Draft:
    """The draft on the newest revision, when nothing that a person writes was changed in between."""
    if held.form["base"] == found.revision or compare(visit, held.form, found).changed:
        return held
    held.change(lambda form: _rebase(form, found))
    return dataclasses.replace(held, form=held.again())


def show(visit: Visit, held: Draft, found: Example) -> None:
    """Somebody saved in between: what they changed, theirs beside mine where both did, and how to go on."""
    now = compare(visit, held.form, found)
    said = f"Somebody saved revision {found.revision} after you began from revision {held.form['base']}."
    frame.warnings([f"{said} Yours is still in the fields below; nothing of it is lost."])
    free = [_TITLES[name].lower() for name in now.changed if name not in now.colliding]
    if free:
        blocks.note(f"They changed without touching yours: {all_of(free)}. Going on with yours keeps that.")
    if now.colliding:
        _collisions(held.form, found, now.colliding)
    with st.container(horizontal=True):
        st.button("Go on with mine", key="example-mine", on_click=_go_on, args=(visit, held, found))
        st.button("Take theirs", key="example-theirs", on_click=held.drop)


def _collisions(form: dict[str, Any], found: Example, names: tuple[str, ...]) -> None:
    sides = (("Saved by somebody else", turn_fields.form(found)), ("Yours", form))
    for column, (title, side) in zip(st.columns(2), sides, strict=True):
        with column, st.container(border=True):
            blocks.item(title)
            for name in names:
                _field(side, name)


def _field(form: dict[str, Any], name: str) -> None:
    value, title = form[name], _TITLES[name]
    if name in _TEXTS:
        as_seen.reading(value or "", title)
    elif name == "earlier":
        said = turn_fields.earlier(form)
        frame.reading("\n\n".join(f"{conversation.WHO[turn.speaker]}: {turn.text}" for turn in said), title)
    elif name == "consent":
        frame.reading(turn_fields.CONSENT[value or "unknown"], title)
    else:
        frame.reading(", ".join(value) if name in _LISTS else value or "", title)


def _go_on(visit: Visit, held: Draft, found: Example) -> None:
    """Mine on top of theirs: what I left alone becomes theirs, and lists keep what either of us added."""

    def go_on(form: dict[str, Any]) -> None:
        began, mine = _began(visit, form, found), turn_fields.changes(form)
        theirs = turn_fields.form(found)
        for name in WRITTEN:
            if name not in form or (began is not None and mine[name] == began[name]):
                form[name] = theirs[name]
            elif began is not None and name in _LISTS:
                form[name] = _both(list(began[name]), list(mine[name]), theirs[name])
        _rebase(form, found)

    held.change(go_on)


def _both(began: list[str], mine: list[str], theirs: list[str]) -> list[str]:
    """Theirs without what I took away, and what I added."""
    kept = [word for word in theirs if word in mine or word not in began]
    return kept + [word for word in mine if word not in began and word not in kept]


def _rebase(form: dict[str, Any], found: Example) -> None:
    fresh = turn_fields.form(found)
    form.update(base=fresh["base"], began=fresh["began"])


def _written(found: Example) -> dict[str, Any]:
    return {name: getattr(found, name) for name in WRITTEN}


def _began(visit: Visit, form: dict[str, Any], found: Example) -> dict[str, Any] | None:
    """What the example said when the draft began. One of an older version names only the revision; None when that
    is not kept any more."""
    if began := form.get("began"):
        return turn_fields.changes(began)
    kept = (r.example for r in rows.revisions(visit.store, found.id) if r.example.revision == form["base"])
    old = next(kept, None)
    return _written(old) if old else None
