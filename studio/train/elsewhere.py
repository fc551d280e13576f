"""A model tuned elsewhere, behind an OpenAI-compatible address: registered with the frozen set it was tuned on.

It gets a passport of what is known and becomes a tuned arm like any other. Its answers carry a fingerprint over its
address, name and the time it was registered; whether the provider exchanges the weights behind that name, nobody can
see from here. Questions go only to addresses that an admin allowed, without following redirects.
"""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from studio import models
from studio.records import Refusal, Run, sha256, to_json
from studio.store import Store, addresses, runs

PRESET = "elsewhere"
_LONGEST = 300


@dataclass(frozen=True)
class Told:
    """What people say of the tuning; "" where nobody knows. `tuned_on`: a date as they write it."""

    provider: str = ""
    base_model: str = ""
    method: str = ""
    tuned_on: str = ""


def allow(store: Store, actor: str, address: str, *, allowed: bool = True) -> str:
    """Allows questions to an address (or takes that back); the address in its one form. Raises Refusal for one that
    is none, carries a name or key, or leads to this machine's own network metadata."""
    clean = normal(address)
    store.act("address.allowed", actor, {"address": clean, "allowed": allowed})
    return clean


def normal(address: str) -> str:
    """The one form of an address: "https://host/v1", small letters, no slash at the end. Raises Refusal."""
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise Refusal(
            f"“{address.strip()}” is no address. Nothing was changed. It looks like https://host/v1."
        ) from error
    if parts.scheme not in ("http", "https") or not host:
        raise Refusal("An address begins with http:// or https:// and names a host. Nothing was changed. Correct it.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Refusal(
            "An address holds no key, name or question mark: keys are set on the server. Nothing was changed. Leave "
            "only https://host/v1."
        )
    if is_link_local(host):
        raise Refusal("This address belongs to the machine's own network (its metadata). Nothing was changed.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def is_link_local(host: str) -> bool:
    """Whether a host is an address of the machine's own network, where clouds keep their keys."""
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False


def require_allowed(store: Store, model: str) -> None:
    """Raises Refusal when `model` is behind an address that no admin allowed; other models pass."""
    if models.entry(model).kind != "endpoint":
        return
    address = model.partition("#")[0]
    if normal(address) not in {each.address for each in addresses.allowed(store)}:
        raise Refusal(
            f"No admin has allowed questions to {address}, so nothing was sent. Ask an admin to allow it on the page "
            "People and records."
        )


def register(
    store: Store, actor: str, project: str, *, name: str, address: str, model: str, dataset: str, told: Told
) -> Run:
    """Registers it; one act, undoable until it has answered. Raises Refusal for a missing or taken name, an address
    that is not allowed, or a set that is not in use."""
    name, there = " ".join(name.split()), named(address, model)
    if not name:
        raise Refusal("It needs a name here and its model's name there. Nothing was registered; correct the form.")
    facts: dict[str, Any] = to_json(told)
    if any(len(text) > _LONGEST for text in (name, *facts.values())):
        raise Refusal(f"One of these is longer than {_LONGEST} characters. Nothing was registered. Shorten it.")
    run = {"id": uuid.uuid4().hex[:16], "dataset": dataset, "model": there, "preset": PRESET,
           "settings": {key: text.strip() for key, text in facts.items() if text.strip()}}  # fmt: skip
    store.act("run.registered", actor, {"run": run, "arm": {"id": f"tuned-{run['id']}", "name": name}}, project)
    made = runs.get(store, str(run["id"]))
    assert made is not None
    return made


def named(address: str, model: str) -> str:
    """A model behind an address as the catalogue names it: "https://host/v1#model". Raises Refusal for no address, or
    no name."""
    model = model.strip()
    if not model:
        raise Refusal("It needs a name here and its model's name there. Nothing was registered; correct the form.")
    if len(model) > _LONGEST:
        raise Refusal(f"One of these is longer than {_LONGEST} characters. Nothing was registered. Shorten it.")
    if any(char.isspace() or char == "#" for char in model):
        raise Refusal("A model's name holds no spaces and no #. Nothing was registered. Correct it.")
    return f"{normal(address)}#{model}"


def is_elsewhere(run: Run) -> bool:
    return run.preset == PRESET


def short(address: str) -> str:
    """An address as a name that fits anywhere."""
    return sha256(address)[:12]
