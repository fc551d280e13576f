"""A long step in short parts: begin it, go on with it, take it back. Any of them may be stopped between two parts.

What builds the parts of a kind of act is registered with `@builds`. See decision 10.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from studio.examples.batch import Told, nobody
from studio.records import Refusal, canonical
from studio.store import Store, series
from studio.store.series import Series
from studio.store.writes import load_bulk

Builder = Callable[[Store, Series, dict[str, Any], int], dict[str, Any]]
"""(store, series, plan, the number of items before this part) -> the payload of one part."""

BREATH_S = 0.01
"""Between two parts: whoever waits to save gets the lock, which goes to nobody in particular."""

_BUILDERS: dict[str, Builder] = {}


def builds(kind: str) -> Callable[[Builder], Builder]:
    """Registers what makes the payloads of the parts of one kind of act."""

    def register(builder: Builder) -> Builder:
        _BUILDERS[kind] = builder
        return builder

    return register


def begin(
    store: Store, actor: str, project: str, kind: str, plan: dict[str, Any], *, items: int, size: int, name: str = ""
) -> Series:
    """Writes down what is to be done, `size` of the `items` at a time; nothing is changed yet."""
    name = name or uuid.uuid4().hex
    blob = store.put_blob(canonical(plan))
    payload = {"id": name, "kind": kind, "items": items, "size": size, "plan": blob}
    store.act("series.begun", actor, payload, project)
    return now(store, name)


def now(store: Store, name: str) -> Series:
    """How far it is. Raises Refusal when there is no such step."""
    found = series.get(store, name)
    if found is None:
        raise Refusal("There is no such step here. Nothing was changed.")
    return found


def go_on(store: Store, name: str, told: Told = nobody) -> int:
    """Makes the parts that are missing, in order; how many items of these wait for an approval.

    `told` hears the share done before each part, and what it raises stops here: what was made stays, and can be gone
    on with or taken back. So it is with the Refusal of a part.
    """
    load_bulk()
    found, waiting = now(store, name), 0
    plan = json.loads(store.get_blob(found.plan))
    for part in range(found.standing, found.parts):
        told(part / found.parts)
        payload = _BUILDERS[found.kind](store, found, plan, part * found.size)
        store.act(found.kind, found.actor, payload | {"series": {"id": name, "part": part + 1}}, found.project)
        waiting += len(payload.get("waiting", ()))
        time.sleep(BREATH_S)
    return waiting


def take_back(store: Store, actor: str, name: str, told: Told = nobody) -> None:
    """Undoes every part that stands, the last one first. Raises Refusal, before anything is changed, when an example
    was changed since by something else; as in `go_on`, `told` may stop it between two parts."""
    load_bulk()
    found = now(store, name)
    if moved := series.moved(store, name):
        were = "example was" if moved == 1 else "examples were"
        raise Refusal(f"{moved:,} {were} changed since by something else. Nothing was changed. Undo that first.")
    acts = series.acts(store, name)
    for number, seq in enumerate(acts):
        told((found.parts - len(acts) + number) / found.parts)
        store.undo(seq, actor)
        time.sleep(BREATH_S)


def keep(store: Store, actor: str, name: str) -> None:
    """Leaves an unfinished step as it is."""
    found = now(store, name)
    store.act("series.kept", actor, {"id": name}, found.project)
