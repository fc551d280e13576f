"""What can be done to a whole project, behind “More” on the first page."""

from __future__ import annotations

import dataclasses

import streamlit as st

from studio import project_copy, project_file, projects
from studio.store.projects import Project
from studio.ui import blocks, draft_fields, frame, keys, project_route
from studio.ui.access import Visit
from studio.wording import several


def more(visit: Visit, project: Project) -> None:
    """The popover of one project. What is in it is sent once it is opened: there may be many projects."""
    opened = st.popover("More", type="tertiary", key=f"{keys.MORE}-{project.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        _name(visit, project)
        _another(visit, project)
        _template(visit, project)
        _take_along(visit, project)
        st.caption("Archiving hides a project and keeps everything in it. You can bring it back at any time.")
        args = (visit, project.id, project.name, True)
        st.button("Archive", key=f"home-archive-{project.id}", on_click=archive, args=args)


def _name(visit: Visit, project: Project) -> None:
    key, within = f"{keys.RENAME}-{project.id}", dataclasses.replace(visit, project=project.id)
    draft_fields.follow(within, key, project.name)
    draft_fields.line(within, "Name", key, project.name, max_chars=80)
    st.button("Rename", key=f"home-rename-do-{project.id}", on_click=_rename, args=(within, project.id))
    blocks.way(
        within, "brief", "Should we fine-tune at all?",
        f"home-advice-{project.id}", **{keys.BRIEF_VIEW: "advice"},
    )  # fmt: skip


def _another(visit: Visit, project: Project) -> None:
    st.caption("A copy has the brief, the examples, the documents and the prompts. It has no rounds and no decisions.")
    st.button("Duplicate", key=f"home-copy-{project.id}", on_click=_copy, args=(visit, project.id, True))
    st.button(
        "Begin another with its brief",
        key=f"home-begin-{project.id}",
        on_click=_copy,
        args=(visit, project.id, False),
        help="The brief, the kinds of input, the documents and the prompts, without the examples",
    )


def _template(visit: Visit, project: Project) -> None:
    if visit.person.role not in projects.MAY_MAKE_TEMPLATES:
        return
    st.caption("A template is offered first to whoever starts a project. They get its brief, documents and prompts.")
    st.button(
        "Not a template any more" if project.template else "Make it a template", key=f"home-template-{project.id}",
        on_click=_mark, args=(visit, project.id, project.name, not project.template),
    )  # fmt: skip


def _mark(visit: Visit, project: str, name: str, template: bool) -> None:
    said = "is offered first now when a project is started" if template else "is a project like any other now"
    frame.attempt(
        lambda: projects.make_template(visit.store, visit.person, project, template=template), f"“{name}” {said}."
    )


def _take_along(visit: Visit, project: Project) -> None:
    """The project as one file, or why there is none now."""
    found = project_file.summary(visit.store, project.id)
    st.caption(
        "One file with everything in it and its whole history, to keep or to bring into another studio. It says which "
        "arm wrote what: once you have it, your later votes here stay outside the count."
    )
    if found.why_not:
        frame.warnings([found.why_not])
        return
    models = False
    if found.models:
        size = f"{found.model_bytes / 1e6:,.0f} MB"
        label = f"With {several(found.models, 'tuned model')} ({size})"
        models = st.checkbox(label, key=f"home-models-{project.id}")
    where = project_route.address(project.id, models=models)
    st.link_button("Download the project", where, icon=":material/download:")


def _rename(visit: Visit, project: str) -> None:
    key = f"{keys.RENAME}-{project}"
    name = str(st.session_state[key])

    def rename() -> None:
        projects.rename(visit.store, visit.person.id, project, name)
        draft_fields.forget(visit, key, name.strip())

    frame.attempt(rename, "Renamed.")


def _copy(visit: Visit, source: str, with_examples: bool) -> None:
    made = frame.attempt(
        lambda: project_copy.duplicate(visit.store, visit.person.id, source, with_examples=with_examples)
    )
    if made is not None:
        st.session_state[keys.NOTICE] = ["said", made.in_words]
        st.session_state[keys.GO] = ["brief", made.project.id]


def archive(visit: Visit, project: str, name: str, archived: bool) -> None:
    """For the callback of a button."""
    said = f"“{name}” is archived; it is under Archived below." if archived else f"“{name}” is back."
    frame.attempt(lambda: projects.archive(visit.store, visit.person.id, project, archived=archived), said)
