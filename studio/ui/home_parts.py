"""The first page: projects and where each stands for those who make them, what waits for those who review."""

from __future__ import annotations

import dataclasses

import streamlit as st

from studio import loop, paths, projects
from studio.records import Role
from studio.store import Store
from studio.store import projects as project_rows
from studio.store.projects import Project
from studio.ui import blocks, frame, keys, own_parts, prose
from studio.ui.access import PAGE_ROLES, Visit

_ARROW = {"icon": ":material/arrow_forward:", "icon_position": "right"}


def follow() -> None:
    """Goes to the project that a button of the last run made."""
    page, project = st.session_state.pop(keys.GO, None) or ("", "")
    if page:
        st.session_state[keys.PROJECT] = project
        st.switch_page(paths.pages_dir() / f"{page}.py", query_params={"project": project})


def team(visit: Visit) -> None:
    """For designers, PMs and admins: their projects and how to start one."""
    found = project_rows.every(visit.store)
    for project in reversed(found):
        _project(visit, project)
    _start(visit, first=not found)
    _archived(visit)
    _undo(visit)


@st.cache_data(max_entries=256, show_spinner=False)
def _state(_store: Store, workspace: str, version: int, project: str) -> tuple[list[loop.LoopStep], list[str]]:
    return loop.stand(_store, project), loop.stale(_store, project)


def _project(visit: Visit, project: Project) -> None:
    steps, stale = _state(visit.store, str(visit.store.workspace), visit.store.version, project.id)
    with st.container(key=f"home-project-{project.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width="stretch"):
                prose.project(project.name, steps)
            target = paths.pages_dir() / f"{_next_page(visit, steps)}.py"
            query = {"project": project.id}
            with st.container(key=f"home-open-{project.id}", width="content"):
                st.page_link(target, label="Open", query_params=query, help="Goes to its next step", **_ARROW)  # type: ignore[arg-type]
            _more(visit, project)
        frame.stale(stale)


def _next_page(visit: Visit, steps: list[loop.LoopStep]) -> str:
    """The page of the next step, or the nearest one that this person may open."""
    wanted = next((step.name for step in steps if step.state == "current"), "decision")
    for name in (wanted, "brief"):
        if visit.person.role in PAGE_ROLES[name].see and (paths.pages_dir() / f"{name}.py").is_file():
            return name
    return "home"


def _more(visit: Visit, project: Project) -> None:
    with st.popover("More", type="tertiary", key=f"home-more-{project.id}"):
        name = f"{keys.RENAME}-{project.id}"
        st.text_input("Name", project.name, key=name, max_chars=80)
        st.button("Rename", key=f"home-rename-do-{project.id}", on_click=_rename, args=(visit, project.id))
        blocks.way(
            dataclasses.replace(visit, project=project.id), "brief", "Should we fine-tune at all?",
            f"home-advice-{project.id}", **{keys.BRIEF_VIEW: "advice"},
        )  # fmt: skip
        st.caption("Archiving hides a project and keeps everything in it. You can bring it back at any time.")
        st.button(
            "Archive", key=f"home-archive-{project.id}", on_click=_archive, args=(visit, project.id, project.name, True)
        )


def _rename(visit: Visit, project: str) -> None:
    name = str(st.session_state[f"{keys.RENAME}-{project}"])
    frame.attempt(lambda: projects.rename(visit.store, visit.person.id, project, name), "Renamed.")


def _archive(visit: Visit, project: str, name: str, archived: bool) -> None:
    said = f"“{name}” is archived; it is under Archived below." if archived else f"“{name}” is back."
    frame.attempt(lambda: projects.archive(visit.store, visit.person.id, project, archived=archived), said)


def _start(visit: Visit, *, first: bool) -> None:
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


def _archived(visit: Visit) -> None:
    found = project_rows.every(visit.store, archived=True)
    if not found:
        return
    with st.expander(f"Archived ({len(found)})", key="home-archived"):
        for project in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                blocks.item(project.name, f"Started {blocks.when(project.at)}")
                args = (visit, project.id, project.name, False)
                st.button("Bring back", key=f"home-back-{project.id}", on_click=_archive, args=args)


def _undo(visit: Visit) -> None:
    """The undo bar for what was done to projects as a whole."""
    everywhere = [*project_rows.every(visit.store), *project_rows.every(visit.store, archived=True)]
    latest = [
        (act.seq, project.id)
        for project in everywhere
        for act in visit.store.recent(project.id, visit.person.id, 1)
        if act.kind.startswith("project.")
    ]
    if latest:
        frame.undo_bar(dataclasses.replace(visit, project=max(latest)[1]))


def show(visit: Visit) -> None:
    own_parts.waiting(visit) if visit.person.role is Role.reviewer else team(visit)
