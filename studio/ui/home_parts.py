"""The first page: projects and where each stands for those who make them, what waits for those who review."""

from __future__ import annotations

import dataclasses

import streamlit as st

from studio import loop, paths
from studio.records import Role
from studio.store import Store
from studio.store import projects as project_rows
from studio.store.projects import Project
from studio.ui import blocks, frame, home_menu, home_start, keys, own_parts, prose
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
    home_start.show(visit, first=not found)
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
            home_menu.more(visit, project)
        frame.stale(stale)


def _next_page(visit: Visit, steps: list[loop.LoopStep]) -> str:
    """The page of the next step, or the nearest one that this person may open."""
    wanted = next((step.name for step in steps if step.state == "current"), "decision")
    for name in (wanted, "brief"):
        if visit.person.role in PAGE_ROLES[name].see and (paths.pages_dir() / f"{name}.py").is_file():
            return name
    return "home"


def _archived(visit: Visit) -> None:
    found = project_rows.every(visit.store, archived=True)
    if not found:
        return
    with st.expander(f"Archived ({len(found)})", key="home-archived"):
        for project in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                blocks.item(project.name, f"Started {blocks.when(project.at)}")
                args = (visit, project.id, project.name, False)
                st.button("Bring back", key=f"home-back-{project.id}", on_click=home_menu.archive, args=args)


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
