"""Ways to begin a project on the first page: from a template, empty, from an example project, or from a file."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import streamlit as st

from studio import project_copy, project_file, projects
from studio.records import Refusal, Role
from studio.store.projects import Project
from studio.ui import blocks, draft_fields, frame, keys, prose
from studio.ui.access import Visit

_MOST_MB = 64  # what the server takes from a browser
_BRING_NAME = "home-bring-name"


_FEW, _ACROSS = 6, 3
"""So many templates are shown at once, and so many beside each other."""


_BRINGS = "A template of your team brings its brief, documents and prompts, and none of its examples."


def show(visit: Visit, templates: Sequence[Project], *, first: bool) -> None:
    """`first`: there is no project yet, so this is the one thing to do."""
    if first:
        blocks.lead("Start with one thing that a model should do your way.")
    else:
        blocks.section("Start a new project", _BRINGS if templates else "")
    with st.container(horizontal=True, vertical_alignment="bottom", key="home-new"):
        draft_fields.line(
            _anywhere(visit), "Name of the project", keys.NEW_PROJECT, max_chars=80, width=420,
            placeholder="Such as: Replies to late deliveries",
        )  # fmt: skip
        if not templates:
            _empty(visit, "Start a new project", "primary" if first else "secondary")
    if templates:
        _templates(visit, sorted(templates, key=lambda each: each.name.casefold()))
        _empty(visit, "Start without a template", "secondary")
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
    _from_elsewhere(visit)


def _anywhere(visit: Visit) -> Visit:
    """A name is typed for a new project, whichever one its writer came from."""
    return dataclasses.replace(visit, project=None)


def _empty(visit: Visit, label: str, kind: Literal["primary", "secondary"]) -> None:
    st.button(label, type=kind, key="home-create", on_click=_create, args=(visit,))


def _templates(visit: Visit, found: Sequence[Project]) -> None:
    """What this team begins from; all but a few once somebody asks for them."""
    _cards(visit, found[:_FEW])
    if further := found[_FEW:]:
        opened = st.expander(f"{blocks.several(len(further), 'more template')}", key=keys.TEMPLATES, on_change="rerun")
        if opened.open:
            with opened:
                _cards(visit, further)


def _cards(visit: Visit, found: Sequence[Project]) -> None:
    for start in range(0, len(found), _ACROSS):
        for column, each in zip(st.columns(_ACROSS), found[start : start + _ACROSS], strict=False):
            with column, st.container(key=f"home-demo-template-{each.id}", height="stretch"):
                brings = project_copy.brings(visit.store, each.id)
                prose.card(
                    each.name, blocks.start_of(brings.brief.task, 160) if brings else "It has no brief any more."
                )
                blocks.note(brings.in_words if brings else "Make another project the template, or write its brief.")
                st.button(
                    "Start from this template", key=f"home-from-{each.id}", on_click=_from_template, args=(visit, each),
                    disabled=brings is None,
                )  # fmt: skip


def _from_elsewhere(visit: Visit) -> None:
    opened = st.expander("Bring in a whole project from a file", key=keys.BRING, on_change="rerun")
    if not opened.open:
        return
    with opened:
        blocks.plain(
            "A file that another studio made of a project. Its history, closed rounds and decisions come along; "
            "whoever is named in it is known here by name and cannot sign in."
        )
        given = st.file_uploader("The project’s file (zip)", ["zip"], key="home-bring-file")
        draft_fields.line(_anywhere(visit), "Another name for it here, if you like", _BRING_NAME, max_chars=80)
        st.button("Bring it in", key="home-bring", on_click=_bring, args=(visit,), disabled=given is None)
        if why := st.session_state.pop(keys.NOT_BROUGHT, None):
            frame.refused(Refusal(why))
        blocks.note(
            f"Up to {_MOST_MB} MB; a larger one comes in by “studio import project FILE”. Others’ saves wait "
            "while it is taken in, which lasts for a long history: choose an hour when nobody votes."
        )


def _bring(visit: Visit) -> None:
    given, name = st.session_state.get("home-bring-file"), draft_fields.value(_anywhere(visit), _BRING_NAME)
    if given is None:
        return

    def bring() -> project_file.Brought:
        with tempfile.NamedTemporaryFile(dir=visit.store.workspace, prefix="incoming-", suffix=".zip") as file:
            file.write(given.getbuffer())
            file.flush()
            admin = visit.person.role is Role.admin
            return project_file.bring(visit.store, visit.person.id, Path(file.name), name, vouched=admin)

    with st.spinner("Reading the file and trying everything in it…"):
        came = frame.attempt(bring)
    if came is None:  # told beside the button, which may be far from the head of the page
        st.session_state[keys.NOT_BROUGHT] = st.session_state.pop(keys.NOTICE)[1]
    else:
        draft_fields.forget(_anywhere(visit), _BRING_NAME)
        st.session_state[keys.BRING] = False
        st.session_state[keys.NOTICE] = ["said", came.in_words]


def _create(visit: Visit) -> None:
    name = str(st.session_state.get(keys.NEW_PROJECT) or "")
    made = frame.attempt(lambda: projects.create(visit.store, visit.person.id, name), f"“{name.strip()}” is ready.")
    if made is not None:
        draft_fields.forget(_anywhere(visit), keys.NEW_PROJECT)
        st.session_state[keys.GO] = ["brief", made.id]


def _from_template(visit: Visit, template: Project) -> None:
    """Under the name that was written, or else one like the template's."""
    name = str(st.session_state.get(keys.NEW_PROJECT) or "").strip() or projects.free_name(visit.store, template.name)
    made = frame.attempt(
        lambda: project_copy.duplicate(visit.store, visit.person.id, template.id, name, with_examples=False)
    )
    if made is not None:
        draft_fields.forget(_anywhere(visit), keys.NEW_PROJECT)
        st.session_state[keys.NOTICE] = ["said", made.in_words]
        st.session_state[keys.GO] = ["brief", made.project.id]


def _from_demo(visit: Visit, folder: str) -> None:
    said = "This is a copy of the example; change whatever you like."
    made = frame.attempt(lambda: projects.from_demo(visit.store, visit.person.id, folder), said)
    if made is not None:
        st.session_state[keys.GO] = ["brief", made.id]
