"""Who is looking, and at what: every page starts with `open_page`.

Identity comes from the session that the guard put into the request's headers, which Streamlit hands over as
`st.user` (server.trustedUserHeaders); the session row is read again at each rerun.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

import streamlit as st

from studio.records import Person, Refusal, Role
from studio.store import Store, now, people, projects
from studio.ui import keys, server

CHANGED = "Your access changed meanwhile. Nothing was changed. Reload the page."

_TEAM = (Role.designer, Role.pm, Role.admin)
_MAKERS = (Role.designer, Role.admin)
_EVERYONE = (*_TEAM, Role.reviewer)


@dataclass(frozen=True)
class Rights:
    """Which roles may open a page, and which may change something there."""

    see: tuple[Role, ...]
    edit: tuple[Role, ...]


PAGE_ROLES: dict[str, Rights] = {
    "home": Rights(_EVERYONE, _TEAM),
    "brief": Rights(_TEAM, _TEAM),
    "examples": Rights(_EVERYONE, _MAKERS),  # a reviewer gets the label view only: examples_parts.show
    "health": Rights(_TEAM, _MAKERS),
    "baselines": Rights(_TEAM, _MAKERS),
    "train": Rights(_MAKERS, _MAKERS),
    "evaluate": Rights(_TEAM, _TEAM),
    "review": Rights(_EVERYONE, _EVERYONE),
    "decision": Rights(_TEAM, _TEAM),
    "admin": Rights((Role.admin,), (Role.admin,)),
}


@dataclass(frozen=True)
class Visit:
    """One person on one page. `project` is an id that exists, or None when none is chosen."""

    store: Store
    person: Person
    project: str | None
    page: str = "home"

    @property
    def may_edit(self) -> bool:
        return self.person.role in PAGE_ROLES[self.page].edit

    @property
    def project_id(self) -> str:
        """The chosen project's id, for pages opened with `needs_project`."""
        if self.project is None:
            raise ValueError("this page was opened without a project")
        return self.project


def here(page: str = "home") -> Visit:
    """The visit of this rerun. Without an open session it says so and stops the script."""
    store = server.store()
    person = current_person()
    if person is None:
        _signed_out()
    return Visit(store, person, _project(store), page)


def current_person() -> Person | None:
    """The active person of this request's session as the store has them now; None when it is closed or shut out."""
    session = st.user.get("session")
    return people.by_session(server.store(), str(session), now()) if session else None


def refuse_if_changed(*, seeing: bool = False) -> None:
    """Raises Refusal unless this person still has the role that the page on screen was opened with, and that role may
    change something there (`seeing`: may open it). A button's callback runs before the page asks again."""
    page, person, role = st.session_state.get(keys.OPENED) or ("", "", "")
    now_here = current_person()
    rights = PAGE_ROLES.get(page)
    if now_here is None or rights is None or [now_here.id, now_here.role.value] != [person, role]:
        raise Refusal(CHANGED)
    if now_here.role not in (rights.see if seeing else rights.edit):
        raise Refusal(CHANGED)


def open_page(page: str, *, needs_project: bool = True) -> Visit:
    """The visit, if this person may open `page`; otherwise a plain sentence, and the script stops."""
    visit = here(page)
    allowed = PAGE_ROLES[page].see
    if visit.person.role not in allowed:
        st.title("Not your page")
        st.write(f"This page is for {spoken(allowed)}. Nothing here was shown or changed.")
        st.stop()
    st.session_state[keys.OPENED] = [page, visit.person.id, visit.person.role.value]
    if needs_project and visit.project is None:
        st.title("Choose a project first")
        st.write("This page belongs to a project. Pick one on the first page, or start a new one there.")
        st.stop()
    return visit


def choose(project: str) -> None:
    """Makes `project` the chosen one, in the address and for the pages that follow."""
    st.query_params["project"] = project
    st.session_state[keys.PROJECT] = project


def origin(visit: Visit) -> str:
    """The address at which this person reached the studio, else the one it was started with."""
    here = urlsplit(st.context.url or "")
    if here.netloc:
        return f"{here.scheme}://{here.netloc}"
    started = visit.store.workspace / "server.json"
    return str(json.loads(started.read_text("utf-8"))["url"]) if started.is_file() else ""


def _project(store: Store) -> str | None:
    wanted = st.query_params.get("project") or st.session_state.get(keys.PROJECT)
    if not wanted or projects.get(store, wanted) is None:
        return None
    if st.query_params.get("project") != wanted:
        st.query_params["project"] = wanted
    st.session_state[keys.PROJECT] = wanted
    return wanted


def _signed_out() -> NoReturn:
    st.title("You are signed out")
    st.html('<p class="ys-lead">Nothing you saved is lost. <a href="/sign-in">Sign in again</a> with a new link.</p>')
    st.stop()


def spoken(roles: tuple[Role, ...]) -> str:
    """Roles in a sentence: "designers, PMs and admins"."""
    words = {Role.designer: "designers", Role.reviewer: "reviewers", Role.pm: "PMs", Role.admin: "admins"}
    named = [words[role] for role in roles]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
