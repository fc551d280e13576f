"""People and records, as an admin meets it: invite, change a role, take access away, check the record."""

from __future__ import annotations

import re

import pytest
from signed_in import opened, person, press, sound, words

from studio import people
from studio.records import Refusal, Role
from studio.store import Store, now
from studio.store import people as rows
from studio.ui import keys


def test_an_admin_invites_and_the_link_is_shown_once(store: Store) -> None:
    _, session = person(store, "Ann", Role.admin)
    at = opened(store, session, "admin")
    press(at, "admin-make-link")
    assert "needs the person" in words(at) and "s name" in words(at)
    at.text_input(key="admin-name").input("Rita <i>").run()
    at.selectbox(key="admin-role").select(Role.reviewer).run()
    press(at, "admin-make-link")
    link = at.code[0].value
    token = re.fullmatch(r".*/join/([A-Za-z0-9_-]+)", link)
    assert token and people.invitation(store, token[1]) == people.Invitation("Rita <i>", Role.reviewer)
    assert "Rita &lt;i&gt;" in words(at) and at.text_input(key="admin-name").value == ""
    press(at, "admin-link-copied")
    assert not at.code and keys.LINK not in at.session_state
    row = next(r for r in rows.open_invitations(store, now()) if r["name"] == "Rita <i>")
    press(at, f"admin-withdraw-{row['sha'][:12]}")
    with pytest.raises(Refusal, match="withdrawn"):
        people.invitation(store, token[1])
    undo = next(b.key for b in at.button if b.key and b.key.startswith("ys-undo-"))
    press(at, undo)
    assert people.invitation(store, token[1]).name == "Rita <i>"


def test_roles_and_access_change_at_once_and_an_admin_stays(store: Store) -> None:
    ann, session = person(store, "Ann", Role.admin)
    rita, rita_session = person(store, "Rita", Role.reviewer)
    at = opened(store, session, "admin")
    at.selectbox(key=f"admin-role-of-{rita.id}").select("pm")
    sound(at.run())
    assert rows.get(store, rita.id).role is Role.pm  # type: ignore[union-attr]
    press(at, f"admin-active-{rita.id}")
    assert rows.by_session(store, rita_session, now()) is None and "has no access" in words(at)
    press(at, f"admin-active-{rita.id}")
    assert rows.by_session(store, rita_session, now()) is not None
    at.selectbox(key=f"admin-role-of-{ann.id}").select("pm")
    sound(at.run())
    assert "Somebody must stay admin" in words(at)
    assert rows.get(store, ann.id).role is Role.admin  # type: ignore[union-attr]
    assert at.selectbox(key=f"admin-role-of-{ann.id}").value == "admin"
    press(at, f"admin-active-{ann.id}")
    assert "Somebody must stay admin" in words(at)


def test_the_scripted_reviewer_is_no_person_to_change(store: Store) -> None:
    _, session = person(store, "Ann", Role.admin)
    script = people.scripted_reviewer(store)
    at = opened(store, session, "admin")
    assert "a script" in words(at) and not [b for b in at.button if b.key == f"admin-active-{script.id}"]
    with pytest.raises(Refusal, match="not a person"):
        people.change_role(store, "x", script.id, Role.admin)


def test_the_record_is_checked_and_every_act_is_listed(store: Store) -> None:
    _, session = person(store, "Ann", Role.admin)
    rita, _ = person(store, "Rita", Role.reviewer)
    at = opened(store, session, "admin")
    assert store.head in words(at)
    press(at, f"admin-active-{rita.id}")
    press(at, next(b.key for b in at.button if b.key and b.key.startswith("ys-undo-")))
    assert f"Rita: access taken away (taken back by act {store.version})" in words(at)
    press(at, "admin-check")
    assert f"The record was intact at act {store.version}" in words(at) and "Computes on" in words(at)
    store.blobs.path(store.history("")[-1].payload).write_bytes(b"{}")
    press(at, "admin-check")
    assert "The record is not intact" in words(at)


@pytest.mark.parametrize("role", [Role.designer, Role.pm, Role.reviewer])
def test_nobody_else_may_look(store: Store, role: Role) -> None:
    person(store, "Ann", Role.admin)
    _, session = person(store, "Max", role)
    with pytest.raises(AssertionError, match="Could not find page"):
        opened(store, session, "admin")
