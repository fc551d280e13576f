"""Saved views of the examples: keep a filter under a name, rename it, remove it. Each is an act and can be undone."""

from __future__ import annotations

import uuid

from studio.records import Refusal
from studio.store import Store
from studio.store import views as rows
from studio.store.finding import Filter
from studio.store.views import View

LONGEST = 60
"""Characters of a view's name."""


def save(store: Store, actor: str, project: str, name: str, wanted: Filter) -> View:
    """A new view. Raises Refusal without a name, or when the name is taken."""
    return _save(store, actor, project, View(uuid.uuid4().hex, _named(name), wanted))


def rename(store: Store, actor: str, project: str, view: View, name: str) -> View:
    return _save(store, actor, project, View(view.id, _named(name), view.wanted))


def remove(store: Store, actor: str, project: str, view: View) -> None:
    store.act("view.removed", actor, {"id": view.id}, project)


def _save(store: Store, actor: str, project: str, view: View) -> View:
    payload = {"id": view.id, "name": view.name, "filter": view.wanted.given()}
    store.act("view.saved", actor, payload, project)
    return next(found for found in rows.every(store, project) if found.id == view.id)


def _named(name: str) -> str:
    short = " ".join(name.split())
    if not short:
        raise Refusal("A view needs a name. Nothing was saved; what is shown stays as it is.")
    if len(short) > LONGEST:
        raise Refusal(f"A view's name has at most {LONGEST} characters; this one has {len(short)}. Nothing was saved.")
    return short
