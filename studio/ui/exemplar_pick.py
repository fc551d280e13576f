"""Exemplars picked from real examples: search, read, and take one as good or bad into the draft."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.records import Example
from studio.store import examples, finding
from studio.store.finding import Filter
from studio.ui import as_seen, blocks, form_fields, prose
from studio.ui.form_fields import Draft

SHOWN = 5
_WHERE = {"": "All", "approved": "Approved", "rejected": "Rejected"}


def show(held: Draft, item: dict[str, Any]) -> None:
    """For the criterion `item` of the draft. Nothing is shown while the project has no examples."""
    visit, key = held.visit, f"brief-{item['id']}"
    if not sum(examples.counts(visit.store, visit.project_id).values()):
        return
    with st.expander("Pick an exemplar from the examples", key=f"{key}-pick", icon=":material/search:"):
        text = st.text_input(
            "Search in inputs and ideal outputs", key=f"{key}-pick-text", type="search", live=True
        )  # fmt: skip
        status = st.segmented_control(
            "Which", list(_WHERE), format_func=_WHERE.__getitem__, default="", required=True,
            key=f"{key}-pick-status", label_visibility="collapsed",
        )  # fmt: skip
        text, status = text or "", status or ""
        page = finding.page(visit.store, visit.project_id, Filter(text=text, status=status), limit=SHOWN)
        found = page.total
        for example in page.examples:
            _one(held, item, example)
        more = f"The first {SHOWN} of {found:,}; a word in the search finds others." if found > SHOWN else ""
        if said := more or ("" if found else "No example matches. Take a word out of the search."):
            blocks.note(said)


def _one(held: Draft, item: dict[str, Any], example: Example) -> None:
    key = f"brief-{item['id']}-take-{example.id}"
    with st.container(key=f"brief-exemplar-{item['id']}-{example.id}"):
        blocks.item(_short(example.input), mark=prose.STATUS_WORDS[example.status].lower())
        if example.ideal.strip():
            _excerpt(example.ideal, "Ideal output")
            with st.container(horizontal=True, gap="small"):
                for side, label in (("good", "Take as good"), ("bad", "Take as bad")):
                    _take(held, item, side, label, example.ideal, f"{key}-{side}")
        if example.worse.strip():
            _excerpt(example.worse, "Found worse")
            _take(held, item, "bad", "Take the worse one as bad", example.worse, f"{key}-worse")


def _excerpt(text: str, label: str) -> None:
    """The start of it; whole where its form is what is seen of it, such as JSON or an e-mail."""
    if as_seen.form_of(text) == "text":
        blocks.excerpt(f"{label}: {text}", 400)
    else:
        as_seen.reading(text, label)


def _take(held: Draft, item: dict[str, Any], side: str, label: str, text: str, key: str) -> None:
    path = ("criteria", item["id"])
    st.button(
        label, key=key, type="tertiary", on_click=held.change,
        args=(lambda form: form_fields.at(form, path).update({side: text}),),
    )  # fmt: skip


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 110 else f"{flat[:109].rstrip()}…"
