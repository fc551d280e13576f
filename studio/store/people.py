"""People, invitations and sessions. Tokens are kept only as SHA-256."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.records import Act, Person, Refusal, Role
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@applies("token.made")
def token_made(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: sha, name, role, expires (ISO UTC)."""
    _refuse_without_right(tx, act.actor)
    Role(payload["role"])
    row = {"sha": payload["sha"], "name": payload["name"], "role": payload["role"], "expires": payload["expires"]}
    tx.insert("tokens", {**row, "made_by": act.actor, "used_by": None, "withdrawn": False, "at": act.at})


@applies("token.withdrawn", undo=True)
def token_withdrawn(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    row = tx.need("tokens", payload["sha"], what="invitation")
    if row["used_by"]:
        raise Refusal("This invitation was used already; change the person's access instead. Nothing was changed.")
    tx.update("tokens", row, withdrawn=True)


@applies("person.joined")
def person_joined(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, name, role, scripted, token (sha of the invitation; "" for a scripted person), session, expires."""
    if payload["token"]:
        token = tx.need("tokens", payload["token"], what="invitation")
        _usable(token, act.at)
        tx.update("tokens", token, used_by=payload["id"])
    role = Role(payload["role"]).value
    row = {"id": payload["id"], "name": payload["name"], "role": role, "scripted": payload["scripted"]}
    tx.insert("people", {**row, "active": True, "at": act.at})
    if payload.get("session"):
        _open_session(tx, act, payload["session"], payload["id"], payload["expires"])


@applies("session.opened")
def session_opened(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: session (sha), person, expires, token (sha of a one-time sign-in token)."""
    token = tx.need("tokens", payload["token"], what="sign-in link")
    _usable(token, act.at)
    tx.update("tokens", token, used_by=payload["person"])
    _open_session(tx, act, payload["session"], payload["person"], payload["expires"])


@applies("session.closed")
def session_closed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    tx.update("sessions", tx.need("sessions", payload["session"]), closed=True)


_NO_ADMIN = "Somebody must stay admin. Nothing was changed. Make another person admin first."


def _an_admin_stays(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Refuses an undo that would take the last admin's role or access."""
    sql = "SELECT before FROM changes WHERE seq = ? AND tbl = 'people' ORDER BY n LIMIT 1"
    before = json.loads(tx.query(sql, act.seq)[0]["before"])
    stays = before["role"] == Role.admin.value and before["active"]
    others = "SELECT 1 FROM people WHERE role = 'admin' AND active AND NOT scripted AND id <> ? LIMIT 1"
    if not stays and not tx.query(others, payload["id"]):
        raise Refusal(_NO_ADMIN)


@applies("person.changed", guard=_an_admin_stays)
def person_changed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, and any of name, role, active. Refuses to leave the studio without an admin."""
    _refuse_without_right(tx, act.actor)
    row = tx.need("people", payload["id"], what="person")
    changes = {k: payload[k] for k in ("name", "role", "active") if k in payload}
    if "role" in changes:
        Role(changes["role"])
    tx.update("people", row, **changes)
    if not tx.query("SELECT 1 FROM people WHERE role = 'admin' AND active AND NOT scripted LIMIT 1"):
        raise Refusal(_NO_ADMIN)


def _refuse_without_right(tx: Tx, actor: str) -> None:
    """Who is known here and no active admin gives nobody access. The studio itself ("studio") is nobody's row."""
    known = tx.get("people", actor)
    if known is not None and not (known["active"] and known["role"] == Role.admin.value):
        raise Refusal("Only an admin gives and takes access. Nothing was changed. Ask an admin.")


def _usable(token: Row, at: str) -> None:
    if token["used_by"]:
        raise Refusal("This link was used already. Ask an admin for a new one.")
    if token["withdrawn"]:
        raise Refusal("This link was withdrawn. Ask an admin for a new one.")
    if token["expires"] < at:
        raise Refusal("This link has expired. Ask an admin for a new one.")


def _open_session(tx: Tx, act: Act, sha: str, person: str, expires: str) -> None:
    tx.insert("sessions", {"sha": sha, "person": person, "expires": expires, "closed": False, "at": act.at})


def _person(row: Row) -> Person:
    return Person(row["id"], row["name"], Role(row["role"]), row["scripted"], row["active"])


def by_session(store: Store, session_sha: str, at: str) -> Person | None:
    """The active person of a session that is open at `at`, or None."""
    sql = (
        "SELECT p.*, s.expires FROM sessions s JOIN people p ON p.id = s.person "
        "WHERE s.sha = ? AND NOT s.closed AND p.active"
    )
    rows = store.kept(("session", session_sha), ("sessions", "people"), lambda: store.rows(sql, session_sha))
    return _person(rows[0]) if rows and rows[0]["expires"] > at else None


def get(store: Store, person: str) -> Person | None:
    sql = "SELECT * FROM people WHERE id = ?"
    rows = store.kept(("person", person), ("people",), lambda: store.rows(sql, person))
    return _person(rows[0]) if rows else None


def everyone(store: Store) -> list[Person]:
    return [_person(row) for row in store.rows('SELECT * FROM people ORDER BY "at"')]


def names(store: Store) -> dict[str, str]:
    """Person id -> name as shown; a scripted one says so."""
    return {p.id: p.name + (" (scripted)" if p.scripted else "") for p in everyone(store)}


def names_apart(store: Store) -> dict[str, str]:
    """Person id -> a name that no other has: two of the same name get the start of their ids, too."""
    shown = names(store)
    shared = {name for name, count in Counter(shown.values()).items() if count > 1}
    return {who: f"{name} ({who[:6]})" if name in shared else name for who, name in shown.items()}


def nameless_work(store: Store, project: str, kinds: Sequence[str]) -> bool:
    """Whether acts of these kinds that still stand were done here in nobody's name: by the command or a demo."""
    sql = (
        f"SELECT 1 FROM acts WHERE project = ? AND undone_by IS NULL AND kind IN ({', '.join('?' for _ in kinds)}) "
        "AND actor NOT IN (SELECT id FROM people) LIMIT 1"
    )
    return bool(store.rows(sql, project, *kinds))


def admins_exist(store: Store) -> bool:
    sql = "SELECT 1 FROM people WHERE role = 'admin' AND active AND NOT scripted LIMIT 1"
    return bool(store.rows(sql))


def token(store: Store, sha: str) -> Row | None:
    rows = store.rows("SELECT * FROM tokens WHERE sha = ?", sha)
    return rows[0] if rows else None


def open_invitations(store: Store, at: str) -> list[Row]:
    """Invitations that somebody can still use: sha, name, role, expires."""
    sql = "SELECT * FROM tokens WHERE used_by IS NULL AND NOT withdrawn AND expires > ? AND name <> '' ORDER BY \"at\""
    return store.rows(sql, at)
