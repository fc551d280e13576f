"""The brief's page: read it, find its versions, and the empty start. Writing it is in brief_write.py."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from studio import brief as step
from studio import brief_form
from studio.records import Brief
from studio.store import briefs, people
from studio.store.briefs import BriefVersion
from studio.ui import advice_parts, blocks, brief_write, form_fields, frame, keys, prose, start_cards
from studio.ui.access import Visit

VIEWS = {"read": "Read", "write": "Write", "history": "Versions", "advice": "Should we tune?"}


def show(visit: Visit) -> None:
    saved = briefs.latest(visit.store, visit.project_id)
    held = form_fields.draft(visit, brief_write.DRAFT, lambda: brief_form.to_form(saved or Brief()))
    view = _chosen_view(visit, saved is not None, held.begun)
    if view == "advice":
        advice_parts.show(visit)
    elif saved is None and not held.begun:
        _empty(visit, held)
    elif view == "write":
        brief_write.show(visit, held, saved)
    elif view == "history":
        _history(visit)
    elif saved is not None:
        _read(visit, saved, held.begun)


def _chosen_view(visit: Visit, saved: bool, begun: bool) -> str:
    """Which side is shown. Nothing to read, and no older version, before the first one is saved."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        words = {view: said for view, said in VIEWS.items() if saved or view not in ("read", "history")}
        words |= {"write": "Write (not saved yet)"} if begun else {}
        chosen = form_fields.view(keys.BRIEF_VIEW, words, "Which side of the brief")
        frame.undo_bar(visit)
    return chosen


def _empty(visit: Visit, held: form_fields.Draft) -> None:
    frame.empty(
        "Write down what good looks like",
        "One page: what the model should do, for whom, what it must never do, and how anybody can tell a good answer "
        "from a bad one. Everything after it - examples, training, the blind round - is held against this page.",
        "Start with a blank page",
        on_click=lambda: brief_write.add_criterion(held),
    )
    start_cards.show(held)


def _read(visit: Visit, saved: Brief, begun: bool) -> None:
    latest = briefs.versions(visit.store, visit.project_id)[0]
    blocks.note(_facts(latest, people.names(visit.store)))
    if begun:
        frame.warnings(["You have changes that are not saved yet. They are kept for you under Write."])
    _stale(visit)
    prose.brief(saved, people.names(visit.store))


def _stale(visit: Visit) -> None:
    """What predates the last change of meaning, by name, and the way to exactly the examples to look at again."""
    found, sentences = step.stale(visit.store, visit.project_id)
    frame.stale(sentences)
    if found.examples:
        them = "it" if found.examples == 1 else f"these {found.examples:,}"
        blocks.way(visit, "examples", f"Look at {them} again", "brief-recheck", stale="1")


def _facts(found: BriefVersion, names: dict[str, str]) -> str:
    by = names.get(found.author, "the studio")
    note = f" “{found.note}”" if found.note else ""
    return f"Version {found.brief.version}, saved by {by} on {blocks.when(found.at)}.{note}"


def _history(visit: Visit) -> None:
    found, names = briefs.versions(visit.store, visit.project_id), people.names(visit.store)
    blocks.section("Versions", "Every saved version stays; one can be brought back as the newest.")
    for newer, older in zip(found, [*found[1:], None], strict=True):
        number = newer.brief.version
        with st.container(key=f"brief-version-{number}", border=False):
            meaning = "changes what good means" if newer.changes_meaning else "a smaller change"
            mark = "the one that holds" if number == found[0].brief.version else ""
            by = names.get(newer.author, "the studio")
            blocks.item(f"Version {number}", f"{by}, {blocks.when(newer.at)}; {meaning}", mark)
            if newer.note:
                blocks.note(newer.note)
            if older is not None:
                with st.expander(f"What changed from version {older.brief.version}", key=f"brief-changes-{number}"):
                    differences(older.brief, newer.brief, names)
            if number != found[0].brief.version and visit.may_edit:
                _restore_button(visit, number)


def _restore_button(visit: Visit, number: int) -> None:
    with st.container(horizontal=True):
        with st.popover(f"Read version {number}", type="tertiary", key=f"brief-old-{number}", width="content"):
            old = briefs.version(visit.store, visit.project_id, number)
            if old is not None:
                prose.brief(old, people.names(visit.store))
        st.button(
            f"Bring version {number} back", key=f"brief-restore-{number}", type="tertiary", on_click=_restore,
            args=(visit, number), help="Saves it again as the newest version; nothing is removed.",
        )  # fmt: skip


def _restore(visit: Visit, number: int) -> None:
    said = f"Version {number} holds again, as a new version."
    frame.attempt(lambda: step.restore(visit.store, visit.person.id, visit.project_id, number), said)


def differences(before: Brief, after: Brief, names: Mapping[str, str]) -> None:
    """What a reader would call different, each set out word by word. `names`: person id -> name."""
    changes = step.diff(before, after, names)
    if not changes:
        blocks.note("Nothing that a reader would notice.")
    for change in changes:
        blocks.item(change.what, mark="" if change.before and change.after else "new" if change.after else "taken out")
        blocks.difference(change.before, change.after)
