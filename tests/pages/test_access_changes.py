"""A role that changes while a page is open: its buttons no longer write."""

from __future__ import annotations

import pytest
from signed_in import opened, person, press, sound, with_menu, words

from studio import people, projects
from studio.records import Refusal, Role
from studio.store import Store
from studio.store import people as rows
from studio.store import projects as project_rows

CHANGED = "Your access changed meanwhile. Nothing was changed. Reload the page."


def test_a_demoted_admin_changes_no_role_from_the_open_page(store: Store) -> None:
    ann, session = person(store, "Ann", Role.admin)
    bea, _ = person(store, "Bea", Role.admin)
    rita, _ = person(store, "Rita", Role.reviewer)
    at = opened(store, session, "admin")
    people.change_role(store, bea.id, ann.id, Role.designer)
    before = store.version
    at.selectbox(key=f"admin-role-of-{rita.id}").select("admin")
    at.run()
    assert store.version == before and rows.get(store, rita.id).role is Role.reviewer  # type: ignore[union-attr]


def test_a_demoted_admin_invites_nobody_from_the_open_page(store: Store) -> None:
    ann, session = person(store, "Ann", Role.admin)
    bea, _ = person(store, "Bea", Role.admin)
    at = opened(store, session, "admin")
    at.text_input(key="admin-name").input("Eve").run()
    people.change_role(store, bea.id, ann.id, Role.designer)
    before = store.version
    at.button(key="admin-make-link").click().run()
    assert store.version == before and not at.code


def test_whoever_is_shut_out_writes_nothing(store: Store) -> None:
    bea, _ = person(store, "Bea", Role.admin)
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, bea.id, "Mine").id
    at = opened(store, session, "home")
    at.text_input(key="home-new-name").input("Another").run()
    people.set_active(store, bea.id, dora.id, False)
    sound(at.button(key="home-create").click().run())
    assert [p.id for p in project_rows.every(store)] == [project]


def test_a_changed_role_is_said_where_the_page_may_still_be_seen(store: Store) -> None:
    bea, _ = person(store, "Bea", Role.admin)
    dora, session = person(store, "Dora", Role.designer)
    project = projects.create(store, bea.id, "Mine").id
    at = with_menu(opened(store, session, "home"), project)
    people.change_role(store, bea.id, dora.id, Role.pm)
    at.text_input(key=f"home-rename-{project}").input("Hers")
    press(at, f"home-rename-do-{project}")
    assert CHANGED in words(at) and project_rows.get(store, project).name == "Mine"  # type: ignore[union-attr]


def test_the_record_itself_takes_access_from_admins_only(store: Store) -> None:
    ann, _ = person(store, "Ann", Role.admin)
    dora, _ = person(store, "Dora", Role.designer)
    with pytest.raises(Refusal, match="Only an admin"):
        people.change_role(store, dora.id, dora.id, Role.admin)
    with pytest.raises(Refusal, match="Only an admin"):
        people.make_invitation(store, dora.id, "Eve", Role.admin)
    assert people.make_invitation(store, people.SYSTEM, "Eve", Role.pm) and people.new_admin_token(store)


def test_a_taken_name_is_refused_for_a_rename_too(store: Store) -> None:
    mine, other = (projects.create(store, "maker", name).id for name in ("Mine", "Other"))
    with pytest.raises(Refusal, match="There is a project called “Other” already. Nothing was changed."):
        projects.rename(store, "maker", mine, " Other ")
    projects.rename(store, "maker", other, "Other")
