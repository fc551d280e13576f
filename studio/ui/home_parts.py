"""The first page: what waits for whoever looks, their projects, and those that are archived."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import streamlit as st

from studio import awaiting, paths
from studio.records import Role
from studio.store import projects as project_rows
from studio.ui import blocks, frame, home_list, home_menu, home_start, keys, own_parts
from studio.ui.access import Visit
from studio.wording import several

_ARROW = {"icon": ":material/arrow_forward:", "icon_position": "right"}
_MOST = 5
"""Things that wait which are shown at once."""


def follow() -> None:
    """Goes to the project that a button of the last run made."""
    page, project = st.session_state.pop(keys.GO, None) or ("", "")
    if page:
        st.session_state[keys.PROJECT] = project
        st.switch_page(paths.pages_dir() / f"{page}.py", query_params={"project": project})


def team(visit: Visit) -> None:
    """For designers, PMs and admins: what waits for them, their projects, and how to start one."""
    found = project_rows.every(visit.store)
    waits = awaiting.waiting(visit.store, visit.person)
    _waits(waits)
    if waits and found:
        blocks.section("All projects")
    home_list.show(visit, found, {each.project for each in waits})
    home_start.show(visit, [each for each in found if each.template], first=not found)
    _archived(visit)
    _undo(visit)


def _waits(waits: Sequence[awaiting.Wait]) -> None:
    if not waits:
        return
    blocks.section("Waiting for you")
    for place, each in enumerate(waits[:_MOST]):
        _wait(place, each)
    if further := waits[_MOST:]:
        with st.expander(f"{several(len(further), 'more thing')} waiting", key="home-waits-more"):
            for place, each in enumerate(further, start=_MOST):
                _wait(place, each)


def _wait(place: int, each: awaiting.Wait) -> None:
    with st.container(key=f"home-wait-{place}", horizontal=True, vertical_alignment="center"):
        blocks.item(each.sentence, each.project_name)
        query = {"project": each.project, **dict(each.query)}
        target = paths.pages_dir() / f"{each.page}.py"
        st.page_link(target, label=each.label, query_params=query, **_ARROW)  # type: ignore[arg-type]


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
    for project in project_rows.touched(visit.store, visit.person.id):
        latest = visit.store.recent(project, visit.person.id, 1)
        if latest and latest[0].kind.startswith("project."):
            frame.undo_bar(dataclasses.replace(visit, project=project))
            return


def show(visit: Visit) -> None:
    own_parts.waiting(visit) if visit.person.role is Role.reviewer else team(visit)
