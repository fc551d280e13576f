"""The admin's page: people and invitations, the record and what was done, and what this machine can do."""

from __future__ import annotations

import dataclasses

import streamlit as st

from studio import datasets, doctor, people
from studio.records import Act, Person, Role
from studio.store import now
from studio.store import people as people_rows
from studio.store import projects as project_rows
from studio.ui import access, act_words, blocks, draft_fields, frame, keys, notices
from studio.ui.access import Visit
from studio.ui.sign_in import ROLE_WORDS

_ROLES = {
    Role.reviewer: "Reviewer: votes in blind rounds and sees nothing else",
    Role.designer: "Designer: brief, examples, prompts, training",
    Role.pm: "PM: reads everything, signs decisions",
    Role.admin: "Admin: all of it, and people",
}
_PAGE = 25


def undo_bar(visit: Visit) -> None:
    """The undo bar for acts that belong to no project: access and invitations."""
    frame.undo_bar(dataclasses.replace(visit, project=""))


# -- people ----------------------------------------------------------------------------------------


def invite(visit: Visit) -> None:
    """Name, role, and a link that is shown once."""
    blocks.section("Invite somebody", "They open the link you send them; there are no passwords.")
    with st.container(key="admin-invite", horizontal=True, vertical_alignment="bottom"):
        draft_fields.line(_anywhere(visit), "Their name", "admin-name", max_chars=80, width=260)
        draft_fields.pick(
            _anywhere(visit),
            "What they may do",
            "admin-role",
            {role.value: said for role, said in _ROLES.items()},
            width=420,
        )
        st.button("Make a link", type="primary", key="admin-make-link", on_click=_invite, args=(visit,))
    notices.show("invite")
    _link()


def _anywhere(visit: Visit) -> Visit:
    """Whom to invite has nothing to do with the project that its writer came from."""
    return dataclasses.replace(visit, project=None)


def _invite(visit: Visit) -> None:
    name, role = str(st.session_state.get("admin-name") or ""), Role(st.session_state["admin-role"])
    secret = frame.attempt(lambda: people.make_invitation(visit.store, visit.person.id, name, role))
    if secret is not None:
        st.session_state[keys.LINK] = [name.strip(), f"{access.origin(visit)}/join/{secret}"]
        draft_fields.forget(_anywhere(visit), "admin-name")
        draft_fields.saved_as(_anywhere(visit), "admin-role")
    notices.keep_for("invite")


def _link() -> None:
    name, link = st.session_state.get(keys.LINK) or ("", "")
    if not link:
        return
    with st.container(border=True, key="admin-link"):
        blocks.item(
            f"The link for {name}",
            "Shown this once; only its fingerprint is kept. It works once, within seven days. Whoever opens it is "
            "let in, so "
            "send it to nobody else.",
        )
        st.code(link, language=None, wrap_lines=True)
        st.button("I have copied it", key="admin-link-copied", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(keys.LINK, None)


def invitations(visit: Visit) -> None:
    """Links that somebody can still use."""
    found = people_rows.open_invitations(visit.store, now())
    if not found:
        return
    blocks.section("Open invitations")
    for row in found:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(width="stretch"):
                blocks.item(row["name"], f"{ROLE_WORDS[Role(row['role'])]}; works until {blocks.when(row['expires'])}")
            st.button(
                "Withdraw", key=f"admin-withdraw-{row['sha'][:12]}", on_click=_withdraw, args=(visit, row["sha"])
            )  # fmt: skip


def _withdraw(visit: Visit, sha: str) -> None:
    said = "Withdrawn; the link opens nothing any more."
    frame.attempt(lambda: people.withdraw_invitation(visit.store, visit.person.id, sha), said)


def everybody(visit: Visit) -> None:
    """Who is here, and what they may do."""
    blocks.section("People", "A change holds at once. Nobody is ever deleted: what they did stays under their name.")
    for person in people_rows.everyone(visit.store):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute",
            key=f"admin-person-{person.id}",
        ):  # fmt: skip
            _person(visit, person)


def _person(visit: Visit, person: Person) -> None:
    you = " (you)" if person.id == visit.person.id else ""
    about = "" if person.active else "has no access"
    with st.container(width="stretch"):
        blocks.item(
            person.name + you,
            "Votes in demos and tests; ships nothing." if person.scripted else "",
            "a script" if person.scripted else about,
        )
    if person.scripted:
        return
    key = f"admin-role-of-{person.id}"
    st.session_state[key] = person.role.value
    st.selectbox(
        f"Role of {person.name}", [r.value for r in Role], format_func=_title, key=key,
        on_change=_change_role, args=(visit, person.id, key), width=170, label_visibility="collapsed",
    )  # fmt: skip
    label = "Take access away" if person.active else "Give access back"
    st.button(
        label, key=f"admin-active-{person.id}", on_click=_activate, args=(visit, person), width=170,
        help=f"Concerns {person.name}",
    )  # fmt: skip


def _title(role: str) -> str:
    word = ROLE_WORDS[Role(role)]
    return word[:1].upper() + word[1:]


def _change_role(visit: Visit, person: str, key: str) -> None:
    role = Role(st.session_state[key])
    frame.attempt(lambda: people.change_role(visit.store, visit.person.id, person, role), "The role is changed.")


def _activate(visit: Visit, person: Person) -> None:
    said = f"{person.name} {'has no access any more' if person.active else 'has access again'}."
    frame.attempt(lambda: people.set_active(visit.store, visit.person.id, person.id, not person.active), said)


# -- the record ------------------------------------------------------------------------------------


def record(visit: Visit) -> None:
    """The head of the chain, and the check of the whole record and of this machine."""
    blocks.section("The record", "Each step is an act in a chain: changing an old one breaks every later fingerprint.")
    blocks.facts({"Acts": f"{visit.store.version:,}", "Head": visit.store.head})
    blocks.note(
        "Acts counts every step that was ever saved here. The head is the fingerprint of the newest act and, through "
        "the chain, of all before it: note it down, and any later change to the past shows."
    )
    st.button("Check the record and this machine", key="admin-check", on_click=_check, args=(visit,))
    found = st.session_state.get(keys.CHECKED)
    if not found:
        return
    with st.container(key="admin-checked"):
        if found["problems"]:
            frame.warnings([f"The record is not intact: {each}." for each in found["problems"]])
        else:
            blocks.plain(f"The record was intact at act {found['acts']:,}: acts, fingerprints and database agree.")
        blocks.facts(found["facts"])
        frame.warnings(found["todo"])


def _check(visit: Visit) -> None:
    frame.attempt(lambda: _checked(visit))


def _checked(visit: Visit) -> None:
    acts, problems, told = visit.store.version, _problems(visit), doctor.examine(visit.store.workspace)
    models = ", ".join(f"{name} {'is here' if here else 'is missing'}" for name, here in told.models.items())
    facts = {
        "Python": told.python, "Computes on": told.device, "Jobs work on": told.jobs, "Memory": f"{told.memory_gb} GB",
        "Disk free": f"{told.disk_free_gb} GB", "Models": models or "none", "Database": told.database,
        "Journal": told.journal, "Libraries": ", ".join(f"{k} {v}" for k, v in told.versions.items()),
    }  # fmt: skip
    st.session_state[keys.CHECKED] = {"acts": acts, "problems": problems, "facts": facts, "todo": list(told.todo)}


def _problems(visit: Visit) -> list[str]:
    return visit.store.audit() + datasets.problems(visit.store)


def log(visit: Visit) -> None:
    """What was done, newest first: who, what, when, and whether it was taken back. Never what somebody voted."""
    blocks.section("What was done", "The whole workspace, newest first.")
    pages = max(1, -(-visit.store.version // _PAGE))
    page = st.pagination(pages, key="admin-log-page") if pages > 1 else 1
    names, titles = people_rows.names(visit.store), _projects(visit)
    rows = [
        [
            f"{act.seq:,}", names.get(act.actor, act.actor), _in_words(visit, act, undone), titles.get(act.project, ""),
            blocks.when(act.at),
        ]
        for act, undone in visit.store.log(_PAGE, (page - 1) * _PAGE)
    ]  # fmt: skip
    blocks.table(["Act", "Who", "Did", "Project", "When"], rows, f"Acts, page {page} of {pages}")


def _in_words(visit: Visit, act: Act, undone: int | None) -> str:
    told = act_words.told(visit.store, act)
    return f"{told} (taken back by act {undone})" if undone else told


def _projects(visit: Visit) -> dict[str, str]:
    every = [*project_rows.every(visit.store), *project_rows.every(visit.store, archived=True)]
    return {p.id: p.name for p in every}
