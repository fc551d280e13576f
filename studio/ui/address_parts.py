"""Addresses of models elsewhere, on the admin's page: which may be asked, who allowed them, whether a key is set."""

from __future__ import annotations

import streamlit as st

from studio.generation import endpoint
from studio.store import addresses
from studio.store import people as people_rows
from studio.train import elsewhere
from studio.ui import blocks, draft_fields, frame
from studio.ui.access import Visit

_FIELD = "admin-address"


def show(visit: Visit) -> None:
    """The list, and the form that adds to it."""
    blocks.section(
        "Models elsewhere",
        "Prompts of this workspace are sent to these addresses and no others. Allow only providers that may read your "
        "examples.",
    )
    found, names = addresses.allowed(visit.store), people_rows.names(visit.store)
    if not found:
        blocks.note("None is allowed, so nothing leaves this machine.")
    for each in found:
        with st.container(border=True, key=f"admin-address-{elsewhere.short(each.address)}"):
            who = names.get(each.person, each.person)
            blocks.item(each.address, f"Allowed by {who}, {blocks.when(each.at)}. {_key(each.address)}")
            st.button("Do not allow it any more", key=f"admin-address-no-{elsewhere.short(each.address)}",
                      type="tertiary", on_click=_set, args=(visit, each.address, False))  # fmt: skip
    draft_fields.line(visit, "Address (OpenAI-compatible)", _FIELD, placeholder="https://models.example/v1", width=520)
    st.button("Allow this address", key="admin-address-add", on_click=_add, args=(visit,))


def allowed(visit: Visit) -> list[str]:
    """The addresses to choose from; without one, who can change that."""
    found = [each.address for each in addresses.allowed(visit.store)]
    if not found:
        blocks.plain("No address is allowed yet. An admin allows one on the page People and records.")
    return found


def _key(address: str) -> str:
    variable = endpoint.key_variable(address)
    if endpoint.key_for(address):
        return "A key is set on the server."
    return f"No key is set; if it wants one, set {variable} where the studio is started."


def _add(visit: Visit) -> None:
    text = draft_fields.value(visit, _FIELD)
    if frame.attempt(lambda: elsewhere.allow(visit.store, visit.person.id, text), "Questions may be sent there now."):
        draft_fields.forget(visit, _FIELD)


def _set(visit: Visit, address: str, allowed: bool) -> None:
    said = "Nothing is sent there any more."
    frame.attempt(lambda: elsewhere.allow(visit.store, visit.person.id, address, allowed=allowed), said)
