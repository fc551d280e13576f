"""Fields in which a team writes what an hour or a million word pieces cost it, and how much use it expects."""

from __future__ import annotations

import streamlit as st

from studio.records import Refusal
from studio.store import prices
from studio.ui import blocks, frame
from studio.ui.access import Visit


def hour(visit: Visit, device: str, key: str, label: str) -> None:
    """What an hour of a device costs."""
    with st.popover(label, key=key):
        known = prices.of(visit.store, device)
        blocks.note(f"What an hour of {device} costs you. It holds for every project.")
        _field("Price", f"{key}-price", known.an_hour if known else None)
        _currency(f"{key}-currency", known.currency if known else "€")
        st.button("Keep this price", key=f"{key}-keep", on_click=_keep, args=(visit, key, "price.set", {
            "device": device}, {"an_hour": "price"}))  # fmt: skip


def tokens(visit: Visit, model: str, title: str, key: str) -> None:
    """What a model's word pieces cost; `model`: the name under which its price is kept."""
    with st.popover(f"Price of {title}", key=key):
        known = prices.of_tokens(visit.store, model)
        blocks.note(f"What a million word pieces (tokens) of {title} cost you. It holds for every project.")
        _field("A million read", f"{key}-in", known.million_in if known else None)
        _field("A million written", f"{key}-out", known.million_out if known else None)
        _currency(f"{key}-currency", known.currency if known else "€")
        st.button("Keep these prices", key=f"{key}-keep", on_click=_keep, args=(visit, key, "token_price.set", {
            "model": model}, {"million_in": "in", "million_out": "out"}))  # fmt: skip


def expected(visit: Visit, key: str) -> None:
    """How many answers a month this project expects, and what an hour of its people costs; either may be left open."""
    with st.popover("Traffic and people’s time", key=key):
        known = prices.expected(visit.store, visit.project_id)
        blocks.note("For this project. What is left empty is not counted.")
        st.number_input("Answers a month", 0.0, 1e9, known.answers_a_month, 100.0, format="%.0f", key=f"{key}-month")
        _field("An hour of people’s time", f"{key}-person", known.person_hour)
        _currency(f"{key}-currency", known.currency or "€")
        st.button("Keep these", key=f"{key}-keep", on_click=_keep_expected, args=(visit, key))


def _field(label: str, key: str, known: float | None) -> None:
    st.number_input(label, 0.0, 100_000.0, known, 0.1, key=key)


def _currency(key: str, known: str) -> None:
    st.text_input("Currency", known, max_chars=8, key=key)


def _keep(visit: Visit, key: str, kind: str, about: dict[str, str], fields: dict[str, str]) -> None:
    typed = st.session_state
    amounts = {name: typed[f"{key}-{end}"] for name, end in fields.items()}
    payload = {**about, **amounts, "currency": typed[f"{key}-currency"]}
    frame.attempt(lambda: _set(visit, kind, payload), "The price is kept.")


def _keep_expected(visit: Visit, key: str) -> None:
    typed = st.session_state
    payload = {
        "answers_a_month": typed[f"{key}-month"] or None, "person_hour": typed[f"{key}-person"],
        "currency": typed[f"{key}-currency"],
    }  # fmt: skip
    frame.attempt(lambda: visit.store.act("expectations.set", visit.person.id, payload, visit.project_id), "Kept.")


def _set(visit: Visit, kind: str, payload: dict[str, object]) -> None:
    if None in payload.values():
        raise Refusal("A price is not written. Nothing was changed. Write what it costs.")
    visit.store.act(kind, visit.person.id, payload, visit.project_id)
