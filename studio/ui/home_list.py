"""The projects on the first page: where each stands, found and sorted when there are many, some at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence

import streamlit as st

from studio import loop, paths
from studio.store import Store, brought, copies, people
from studio.store import projects as project_rows
from studio.store.projects import Activity, Project
from studio.ui import blocks, home_menu, keys, prose
from studio.ui.access import PAGE_ROLES, Visit

_ARROW = {"icon": ":material/arrow_forward:", "icon_position": "right"}
_FEW, _AT_ONCE = 8, 12
"""Up to so many need no search; so many are shown at once."""
_NEVER = Activity(0, "", "")
_ALL, _MINE, _OLDER = "All", "Waiting for you", "Out of date"
_SORTS = ("Last change", "Name", "How far")


@dataclasses.dataclass(frozen=True)
class _Listed:
    """A project with its last activity; how it stands is read for those that are shown."""

    visit: Visit
    project: Project
    last: Activity

    @property
    def state(self) -> tuple[list[loop.LoopStep], list[str]]:
        store = self.visit.store
        return _state(store, str(store.workspace), self.project.id, self.last.version)

    @property
    def done(self) -> int:
        return sum(step.state == "done" for step in self.state[0])


@st.cache_data(max_entries=2_000, show_spinner=False)
def _state(_store: Store, workspace: str, project: str, version: int) -> tuple[list[loop.LoopStep], list[str]]:
    """Kept until something happens in this project."""
    return loop.stand(_store, project), loop.stale(_store, project)


def show(visit: Visit, found: Sequence[Project], waiting: Collection[str]) -> None:
    """`waiting`: the projects in which something waits for this person."""
    if not found:
        return
    activity, names = project_rows.activity(visit.store), people.names(visit.store)
    every = [_Listed(visit, each, activity.get(each.id, _NEVER)) for each in found]
    if len(found) > _FEW:
        every = _chosen(every, waiting)
        if not every:
            blocks.note("No project is like that. Clear the search, or show all of them.")
            return
    every = _sorted(every) if len(found) > _FEW else sorted(every, key=lambda each: each.last.at, reverse=True)
    for each in _page(every):
        _row(each, names)


def _chosen(found: list[_Listed], waiting: Collection[str]) -> list[_Listed]:
    with st.container(horizontal=True, vertical_alignment="bottom", key="home-find-row"):
        text = st.text_input("Find a project", key=keys.FIND_PROJECT, persist_state="session", width=260)
        which = st.segmented_control(
            "Show",
            (_ALL, _MINE, _OLDER),
            default=_ALL,
            required=True,
            key=keys.WHICH_PROJECTS,
            persist_state="session",
            help=f"{_OLDER}: something in it was made before a later change, such as a round "
            "before the brief was changed.",
        )
        st.selectbox("Sort by", _SORTS, key=keys.SORT_PROJECTS, persist_state="session", width=170)
    wanted: dict[str, Callable[[_Listed], bool]] = {
        _MINE: lambda each: each.project.id in waiting, _OLDER: lambda each: bool(each.state[1]),
    }  # fmt: skip
    named = [each for each in found if text.strip().casefold() in each.project.name.casefold()]
    return [each for each in named if which not in wanted or wanted[which](each)]


def _sorted(found: list[_Listed]) -> list[_Listed]:
    latest = sorted(found, key=lambda each: each.last.at, reverse=True)
    by = st.session_state.get(keys.SORT_PROJECTS, _SORTS[0])
    if by == "Name":
        return sorted(latest, key=lambda each: each.project.name.casefold())
    return sorted(latest, key=lambda each: each.done, reverse=True) if by == "How far" else latest


def _page(found: list[_Listed]) -> list[_Listed]:
    if len(found) <= _AT_ONCE:
        return found
    pages = -(-len(found) // _AT_ONCE)
    at = min(int(st.session_state.get("home-page") or 1), pages)
    shown = found[(at - 1) * _AT_ONCE : at * _AT_ONCE]
    blocks.note(f"{(at - 1) * _AT_ONCE + 1} to {(at - 1) * _AT_ONCE + len(shown)} of {len(found)} projects.")
    st.pagination(pages, key="home-page")
    return shown


def _row(each: _Listed, names: dict[str, str]) -> None:
    (steps, stale), project, visit = each.state, each.project, each.visit
    with st.container(key=f"home-project-{project.id}", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch"):
            prose.project(project.name, steps, _about(each, names), stale)
        target = paths.pages_dir() / f"{_next_page(visit, steps)}.py"
        with st.container(key=f"home-open-{project.id}", width="content"):
            query = {"project": project.id}
            st.page_link(target, label="Open", query_params=query, help="Goes to its next step", **_ARROW)  # type: ignore[arg-type]
        home_menu.more(visit, project)


def _about(each: _Listed, names: dict[str, str]) -> list[str]:
    """When something was last done in it and by whom, and where it comes from."""
    store, project, told = each.visit.store, each.project, []
    if each.last.at:
        who = names.get(each.last.actor)
        told.append(f"Last change {blocks.when(each.last.at)}" + (f" by {who}" if who else ""))
    if source := project_rows.get(store, copies.source_of(store, project)):
        how = "copied from" if project.origin.startswith("copy:") else "begun with the brief of"
        told.append(f"{how} “{source.name}”")
    if project.template:
        told.append("a template")
    if (act := brought.of(store, project.id)) is not None:
        told.append(f"brought in from another studio on {blocks.when(act.at)}")
    return told


def _next_page(visit: Visit, steps: list[loop.LoopStep]) -> str:
    """The page of the next step, or the nearest one that this person may open."""
    wanted = next((step.name for step in steps if step.state == "current"), "decision")
    for name in (wanted, "brief"):
        if visit.person.role in PAGE_ROLES[name].see and (paths.pages_dir() / f"{name}.py").is_file():
            return name
    return "home"
