"""Fields in which a team writes what an hour or a million word pieces cost it, and how much use it expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from studio.records import Refusal, sha256
from studio.store import prices
from studio.ui import blocks, draft_fields, frame
from studio.ui.access import Visit

_EURO = "€"
_Typed = Mapping[str, Any]
"""The ends of the keys of a form's fields -> what stands in them."""


def key(place: str, about: str) -> str:
    """The key of a price's fields at a `place`: what is typed for one device or model stays with it."""
    return f"{place}-{sha256(about)[:8]}"


def hour(visit: Visit, device: str, place: str, label: str) -> None:
    """What an hour of a device costs."""
    at, known = key(place, device), prices.of(visit.store, device)
    with st.popover(label, key=at):
        blocks.note(f"What an hour of {device} costs you. It holds for every project.")
        _field(visit, "Price", f"{at}-price", known.an_hour if known else None)
        _currency(visit, at, known.currency if known else _EURO)
        _kept(visit, "Keep this price", at, ("price",), lambda typed: _set(visit, "price.set", {
            "device": device, "an_hour": typed["price"], "currency": typed["currency"],
        }))  # fmt: skip


def tokens(visit: Visit, model: str, title: str, place: str) -> None:
    """What a model's word pieces cost; `model`: the name under which its price is kept."""
    at, known = key(place, model), prices.of_tokens(visit.store, model)
    with st.popover(f"Price of {title}", key=at):
        blocks.note(f"What a million word pieces (tokens) of {title} cost you. It holds for every project.")
        _field(visit, "A million read", f"{at}-in", known.million_in if known else None)
        _field(visit, "A million written", f"{at}-out", known.million_out if known else None)
        _currency(visit, at, known.currency if known else _EURO)
        _kept(visit, "Keep these prices", at, ("in", "out"), lambda typed: _set(visit, "token_price.set", {
            "model": model, "million_in": typed["in"], "million_out": typed["out"], "currency": typed["currency"],
        }))  # fmt: skip


def expected(visit: Visit, at: str) -> None:
    """How many answers a month this project expects, and what an hour of its people costs; either may be left open."""
    known = prices.expected(visit.store, visit.project_id)
    with st.popover("Traffic and people’s time", key=at):
        blocks.note("For this project. What is left empty is not counted.")
        _field(visit, "Answers a month", f"{at}-month", known.answers_a_month, 1e9, step=100.0, format="%.0f")
        _field(visit, "An hour of people’s time", f"{at}-person", known.person_hour)
        _currency(visit, at, known.currency or _EURO)
        _kept(visit, "Keep these", at, ("month", "person"), lambda typed: _expect(visit, typed))


def _field(
    visit: Visit, label: str, name: str, known: float | None, most: float = 100_000.0, step: float = 0.1, **more: str
) -> None:
    draft_fields.follow(visit, name, known)
    draft_fields.number(visit, label, name, known, min_value=0.0, max_value=most, step=step, **more)


def _currency(visit: Visit, at: str, known: str) -> None:
    draft_fields.follow(visit, f"{at}-currency", known)
    draft_fields.line(visit, "Currency", f"{at}-currency", known, max_chars=8)


def _kept(visit: Visit, label: str, at: str, amounts: Sequence[str], keep: Callable[[_Typed], bool]) -> None:
    st.button(label, key=f"{at}-keep", on_click=_keep, args=(visit, at, (*amounts, "currency"), keep))


def _keep(visit: Visit, at: str, ends: Sequence[str], keep: Callable[[_Typed], bool]) -> None:
    typed = {end: st.session_state[f"{at}-{end}"] for end in ends}
    if frame.attempt(lambda: keep(typed), "Kept."):
        for end, value in typed.items():
            draft_fields.forget(visit, f"{at}-{end}", value)


def _expect(visit: Visit, typed: _Typed) -> bool:
    payload = {
        "answers_a_month": typed["month"] or None, "person_hour": typed["person"], "currency": typed["currency"],
    }  # fmt: skip
    visit.store.act("expectations.set", visit.person.id, payload, visit.project_id)
    return True


def _set(visit: Visit, kind: str, payload: dict[str, object]) -> bool:
    if None in payload.values():
        raise Refusal("A price is not written. Nothing was changed. Write what it costs.")
    visit.store.act(kind, visit.person.id, payload, visit.project_id)
    return True
