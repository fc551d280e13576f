"""Ways to begin a brief that is still empty: a ready start for a common task, or the brief of an example project.

Each becomes the person's draft; nothing is saved until they say so.
"""

from __future__ import annotations

import json

import streamlit as st

from studio import brief_form, projects, starts
from studio.paths import data_dir
from studio.records import Brief, Criterion, from_json
from studio.ui import blocks, form_fields, keys, prose

_ACROSS = 3


def show(held: form_fields.Draft) -> None:
    blocks.section(
        "Or begin from a ready start",
        "Each brings criteria for correctness, clarity, tone, safety and usefulness, with exemplars. It becomes your "
        "draft: change what does not fit. Nothing is saved until you say so.",
    )
    for first in range(0, len(starts.STARTS), _ACROSS):
        row = starts.STARTS[first : first + _ACROSS]
        for column, start in zip(st.columns(_ACROSS), row, strict=True):
            with column, st.container(key=f"home-demo-start-{start.name}"):
                _card(held, start)
    blocks.section(
        "Or from the brief of an example project",
        "Each comes with a whole project of examples, which you can open from Home.",
    )
    for column, demo in zip(st.columns(len(projects.DEMOS)), projects.DEMOS, strict=True):
        with column, st.container(key=f"home-demo-brief-{demo.folder}"):
            found = from_json(Brief, json.loads((data_dir() / demo.folder / "brief.json").read_text("utf-8")))
            prose.card(demo.title, found.task)
            st.button(
                "Start from this brief", key=f"brief-from-{demo.folder}", on_click=_begin,
                args=(held, found, demo.title),
            )  # fmt: skip


def _card(held: form_fields.Draft, start: starts.Start) -> None:
    prose.card(start.title, start.about)
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Begin", key=f"brief-start-{start.name}", on_click=_begin, args=(held, start.brief, start.title, start.own)
        )
        with st.popover("What it brings", type="tertiary", key=f"brief-look-{start.name}"):
            _brings(start)


def _brings(start: starts.Start) -> None:
    """The task, the criteria under what they are about, and the kinds of input."""
    blocks.lead(start.brief.task)
    criteria = {c.name: c for c in start.brief.criteria}
    for dimension in starts.DIMENSIONS:
        for name in start.covers[dimension]:
            blocks.item(name, criteria[name].how_to_tell, f"{dimension}; {_who_tells(criteria[name])}")
    kinds = ", ".join(s.name + (" (critical)" if s.critical else "") for s in start.brief.slices)
    blocks.note(f"Kinds of input: {kinds}.")
    blocks.note(f"Make it yours: {start.own}.")


def _who_tells(found: Criterion) -> str:
    told = ["a machine checks"] if found.checks else []
    told += ["people, from 1 to 5"] if found.scale else [] if found.checks else ["people, by yes or no"]
    return " and ".join(told)


def _begin(held: form_fields.Draft, found: Brief, title: str, own: str = "") -> None:
    start = brief_form.to_form(found) | {"base": 0, "note": f"Started from “{title}”"}
    held.change(lambda form: form.update(start))
    if own and keys.NOTICE not in st.session_state:  # a disk that refused the draft is told instead
        st.session_state[keys.NOTICE] = ["said", f"“{title}” is your draft now. Make it yours: {own}."]
