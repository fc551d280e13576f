"""The Decision page's papers: each with what it is and for whom, and what people write for them."""

from __future__ import annotations

import streamlit as st

from studio import papers as step
from studio.records import Brief, Round
from studio.reports import written
from studio.store import briefs
from studio.store import papers as rows
from studio.store.papers import LONGEST, NAMES, Notes
from studio.ui import blocks, draft_fields, frame, notices, paper_route
from studio.ui.access import Visit

_MISSING = "Not written yet"
_LABELS = {
    "limits": "Known limits", "owner": "Owner (name, and how to reach them)",
    "engineer": "Engineer (name, and how to reach them)",
    "escalation": "When it does harm or stops being good: who is told, in which order",
}  # fmt: skip


def papers(visit: Visit, found: Round, *, newest: bool) -> None:
    """The papers of what a closed round decides about; those of the `newest` with what only people can say in them."""
    blocks.section("Papers", "Each is written from the record when you open it, so it says what this page says now.")
    for name, kind in written.KINDS.items():
        with st.container(key=f"decision-paper-{name}"):
            blocks.item(kind.title, kind.what)
            with st.container(horizontal=True):
                for form in kind.forms:
                    _link(visit, name, form, "" if newest else found.id)
    if newest:
        _notes(visit)


def _link(visit: Visit, name: str, form: str, on: str) -> None:
    label, icon = {
        "html": ("Open to print", ":material/print:") if name == "print" else ("Read", ":material/article:"),
        "md": ("Download (Markdown)", ":material/download:"),
    }[form]
    st.link_button(label, paper_route.address(visit.project_id, name, form, on), icon=icon)


def _notes(visit: Visit) -> None:
    """What stands in the papers of what people wrote, and the form for it."""
    now, brief = rows.notes(visit.store, visit.project_id), briefs.latest(visit.store, visit.project_id) or Brief()
    told = {
        "Meant for (brief)": brief.intended_use, "Not meant for (brief)": brief.not_intended_use,
        "Known limits": now.limits, "Owner": now.owner, "Engineer": now.engineer, "When it does harm": now.escalation,
    }  # fmt: skip
    missing = sum(not text.strip() for text in told.values())
    state = f"{missing} of {len(told)} are not written yet, and the papers say so" if missing else "all are written"
    blocks.item("For the papers", f"What no figure can tell: {state}.")
    blocks.facts({title: text.strip() or _MISSING for title, text in told.items()})
    notices.show("papers")
    if visit.person.role not in step.MAY_WRITE:
        return
    opened = st.expander("Write for the papers", key="decision-papers-write", on_change="rerun")
    if opened.open:
        with opened:
            _form(visit, now)


def _form(visit: Visit, now: Notes) -> None:
    for name in NAMES:
        draw = draft_fields.area if name in ("limits", "escalation") else draft_fields.line
        saved = str(getattr(now, name))
        draft_fields.follow(visit, _key(name), saved)
        draw(visit, _LABELS[name], _key(name), saved, max_chars=LONGEST)
    st.button("Keep this for the papers", key="decision-papers-keep", on_click=_keep, args=(visit, now))
    blocks.way(visit, "brief", "What it is meant for is in the brief", "decision-papers-brief")


def _key(name: str) -> str:
    return f"papers-{name}"


def _keep(visit: Visit, read: Notes) -> None:
    """`read`: what the papers said when the form was drawn."""
    typed = Notes(**{name: draft_fields.value(visit, _key(name)).strip() for name in NAMES})
    kept = frame.attempt(
        lambda: step.write_notes(visit.store, visit.person, visit.project_id, typed, read),
        "The papers say this from now on.",
    )
    if kept is not None:
        for name in NAMES:
            draft_fields.forget(visit, _key(name), str(getattr(kept, name)))
    notices.keep_for("papers")
