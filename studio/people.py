"""Who may come in: the first admin's one-time token, invitations, sessions.

Only the SHA-256 of a token or session is kept. A token works once and expires.
"""

from __future__ import annotations

import datetime
import secrets
import uuid
from dataclasses import dataclass

from studio.records import Person, Refusal, Role, sha256
from studio.store import Store, now
from studio.store import people as rows

SESSION_DAYS = 30
TOKEN_HOURS = 24 * 7
SYSTEM = "studio"
COMMAND = "command line"
SCRIPTED_REVIEWER = "Scripted reviewer"


@dataclass(frozen=True)
class SignedIn:
    """A person and the secret of their new session, which goes into the cookie and is kept nowhere."""

    person: Person
    session: str


@dataclass(frozen=True)
class Invitation:
    """An unused link. `name` is empty for the first admin and for an admin's own sign-in link."""

    name: str
    role: Role


def _after(**delta: float) -> str:
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**delta)).isoformat(timespec="milliseconds")


def _make_token(store: Store, actor: str, name: str, role: Role) -> str:
    token = secrets.token_urlsafe(24)
    payload = {"sha": sha256(token), "name": name, "role": role.value, "expires": _after(hours=TOKEN_HOURS)}
    store.act("token.made", actor, payload)
    return token


def new_admin_token(store: Store) -> str:
    """A one-time link for an admin: the first one, or one who lost the cookie. Printed on the console only."""
    return _make_token(store, SYSTEM, "", Role.admin)


def make_invitation(store: Store, actor: str, name: str, role: Role) -> str:
    """The secret of an invitation link. Raises Refusal without a name."""
    if not name.strip():
        raise Refusal("An invitation needs the person's name. Nothing was sent or changed.")
    return _make_token(store, actor, name.strip(), role)


def invitation(store: Store, token: str) -> Invitation:
    """What an unused link offers. Raises Refusal when it is unknown, used, withdrawn or expired."""
    row = rows.token(store, sha256(token))
    if row is None:
        raise Refusal("This link is not known here. Ask an admin for a new one.")
    if row["used_by"] or row["withdrawn"] or row["expires"] < now():
        raise Refusal("This link was used, withdrawn or has expired. Ask an admin for a new one.")
    return Invitation(row["name"], Role(row["role"]))


def join(store: Store, token: str, name: str) -> SignedIn:
    """Signs a new person in by an invitation or the first admin's token, which is then used up."""
    offer = invitation(store, token)
    name = name.strip() or offer.name
    if not name:
        raise Refusal("Please type your name; others see it beside what you do.")
    person = Person(uuid.uuid4().hex[:12], name[:80], offer.role)
    session = secrets.token_urlsafe(32)
    payload = {"id": person.id, "name": person.name, "role": person.role.value, "scripted": False,
               "token": sha256(token), "session": sha256(session), "expires": _after(days=SESSION_DAYS)}  # fmt: skip
    store.act("person.joined", person.id, payload)
    return SignedIn(person, session)


def sign_in_again(store: Store, token: str, person: str) -> SignedIn:
    """Opens a session for an admin who is known already, by a fresh console token."""
    known = rows.get(store, person)
    offer = invitation(store, token)
    # An invitation bears its person's name; a link from the console bears none.
    console = offer.role is Role.admin and not offer.name
    if known is None or known.role is not Role.admin or not known.active or known.scripted or not console:
        raise Refusal("This link signs in an admin who is known here. Ask an admin for an invitation.")
    session = secrets.token_urlsafe(32)
    payload = {"session": sha256(session), "person": person, "token": sha256(token)}
    store.act("session.opened", person, {**payload, "expires": _after(days=SESSION_DAYS)})
    return SignedIn(known, session)


def by_session(store: Store, session: str) -> Person | None:
    """The person of a session secret (from the cookie), or None when it is closed, expired or unknown."""
    return rows.by_session(store, sha256(session), now())


def sign_out(store: Store, session: str) -> None:
    person = by_session(store, session)
    if person is not None:
        store.act("session.closed", person.id, {"session": sha256(session)})


def change_role(store: Store, actor: str, person: str, role: Role) -> None:
    """Gives a person another role from now on. Raises Refusal when nobody would stay admin."""
    _refuse_scripted(store, person)
    store.act("person.changed", actor, {"id": person, "role": role.value})


def set_active(store: Store, actor: str, person: str, active: bool) -> None:
    """Shuts a person out, or lets them in again. What they did stays. Raises Refusal for the last admin."""
    _refuse_scripted(store, person)
    store.act("person.changed", actor, {"id": person, "active": active})


def withdraw_invitation(store: Store, actor: str, sha: str) -> None:
    """Makes an unused link worthless."""
    store.act("token.withdrawn", actor, {"sha": sha})


def _refuse_scripted(store: Store, person: str) -> None:
    known = rows.get(store, person)
    if known is not None and known.scripted:
        raise Refusal("The scripted reviewer is a part of the studio, not a person. Nothing was changed.")


def scripted_reviewer(store: Store) -> Person:
    """The one scripted reviewer, made when first asked for. Everything it does is labelled scripted."""
    for person in rows.everyone(store):
        if person.scripted and person.active:  # not one that a project from elsewhere names
            return person
    person = Person(uuid.uuid4().hex[:12], SCRIPTED_REVIEWER, Role.reviewer, scripted=True)
    payload = {"id": person.id, "name": person.name, "role": person.role.value, "scripted": True, "token": ""}
    store.act("person.joined", SYSTEM, payload)
    return person
