"""Ways to begin a project on the first page: empty, or from an example project."""

from __future__ import annotations

import streamlit as st

from studio import projects
from studio.ui import blocks, frame, keys, prose
from studio.ui.access import Visit


def show(visit: Visit, *, first: bool) -> None:
    """`first`: there is no project yet, so this is the one thing to do."""
    if first:
        blocks.lead("Start with one thing that a model should do your way.")
    else:
        blocks.section("Start a new project")
    with st.container(horizontal=True, vertical_alignment="bottom", key="home-new"):
        st.text_input(
            "Name of the project", key=keys.NEW_PROJECT, max_chars=80, persist_state="session", width=420,
            placeholder="Such as: Replies to late deliveries",
        )  # fmt: skip
        kind = "primary" if first else "secondary"
        st.button("Start a new project", type=kind, key="home-create", on_click=_create, args=(visit,))  # type: ignore[arg-type]
    blocks.section(
        "Or look around in an example project",
        "Each comes with a brief and approved examples, so you can go round the whole loop.",
    )
    for column, demo in zip(st.columns(len(projects.DEMOS)), projects.DEMOS, strict=True):
        with column, st.container(key=f"home-demo-{demo.folder}"):
            prose.card(demo.title, demo.about)
            st.button(
                "Start from this example",
                key=f"home-from-{demo.folder}",
                on_click=_from_demo,
                args=(visit, demo.folder),
            )


def _create(visit: Visit) -> None:
    name = str(st.session_state.get(keys.NEW_PROJECT) or "")
    made = frame.attempt(lambda: projects.create(visit.store, visit.person.id, name), f"“{name.strip()}” is ready.")
    if made is not None:
        st.session_state[keys.NEW_PROJECT] = ""
        st.session_state[keys.GO] = ["brief", made.id]


def _from_demo(visit: Visit, folder: str) -> None:
    said = "This is a copy of the example; change whatever you like."
    made = frame.attempt(lambda: projects.from_demo(visit.store, visit.person.id, folder), said)
    if made is not None:
        st.session_state[keys.GO] = ["brief", made.id]
