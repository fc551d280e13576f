"""Fields in which a team writes what an hour or a million word pieces cost it, and how much use it expects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from studio.records import Refusal, sha256
from studio.store import prices
from studio.ui import blocks, draft_fields, frame
from studio.ui.access import Visit
from studio.wording import all_of, amount

_EURO = "€"
_Typed = Mapping[str, Any]
"""The ends of the keys of a form's fields -> what stands in them."""


def key(place: str, about: str) -> str:
    """The key of a price's fields at a `place`: what is typed for one device or model stays with it."""
    return f"{place}-{sha256(about)[:8]}"


def hour(visit: Visit, device: str, place: str, label: str) -> None:
    """What an hour of a device costs."""

    def now() -> prices.Price | None:
        return prices.of(visit.store, device)

    at, known = key(place, device), now()
    with st.popover(label, key=at):
        stands = f" Kept now: {amount(known.an_hour, known.currency)}." if known else ""
        blocks.note(f"What an hour of {device} costs you. It holds for every project.{stands}")
        _field(visit, "Price", f"{at}-price", known.an_hour if known else None)
        _currency(visit, at, known.currency if known else _EURO)
        _kept(visit, "Keep this price", at, ("price",), now, lambda typed: _set(visit, "price.set", {
            "device": device, "an_hour": typed["price"], "currency": typed["currency"],
        }))  # fmt: skip


def tokens(visit: Visit, model: str, title: str, place: str) -> None:
    """What a model's word pieces cost; `model`: the name under which its price is kept."""

    def now() -> prices.TokenPrice | None:
        return prices.of_tokens(visit.store, model)

    at, known = key(place, model), now()
    with st.popover(f"Price of {title}", key=at):
        told = [amount(each, known.currency) for each in (known.million_in, known.million_out)] if known else []
        stands = f" Kept now: {told[0]} read, {told[1]} written." if told else ""
        blocks.note(f"What a million word pieces (tokens) of {title} cost you. It holds for every project.{stands}")
        _field(visit, "A million read", f"{at}-in", known.million_in if known else None)
        _field(visit, "A million written", f"{at}-out", known.million_out if known else None)
        _currency(visit, at, known.currency if known else _EURO)
        _kept(visit, "Keep these prices", at, ("in", "out"), now, lambda typed: _set(visit, "token_price.set", {
            "model": model, "million_in": typed["in"], "million_out": typed["out"], "currency": typed["currency"],
        }))  # fmt: skip


def expected(visit: Visit, at: str) -> None:
    """How many answers a month this project expects, and what an hour of its people costs; either may be left open."""

    def now() -> prices.Expected:
        return prices.expected(visit.store, visit.project_id)

    known = now()
    with st.popover("Traffic and people’s time", key=at):
        told = [f"{known.answers_a_month:,.0f} answers a month"] if known.answers_a_month is not None else []
        told += [f"{amount(known.person_hour, known.currency)} an hour"] if known.person_hour is not None else []
        stands = f" Kept now: {all_of(told)}." if told else ""
        blocks.note(f"For this project. What is left empty is not counted.{stands}")
        _field(visit, "Answers a month", f"{at}-month", known.answers_a_month, 1e9, step=100.0, format="%.0f")
        _field(visit, "An hour of people’s time", f"{at}-person", known.person_hour)
        _currency(visit, at, known.currency or _EURO)
        _kept(visit, "Keep these", at, ("month", "person"), now, lambda typed: _expect(visit, typed))


def _field(
    visit: Visit, label: str, name: str, known: float | None, most: float = 100_000.0, step: float = 0.1, **more: str
) -> None:
    draft_fields.follow(visit, name, known)
    draft_fields.number(visit, label, name, known, min_value=0.0, max_value=most, step=step, **more)


def _currency(visit: Visit, at: str, known: str) -> None:
    draft_fields.follow(visit, f"{at}-currency", known)
    draft_fields.line(visit, "Currency", f"{at}-currency", known, max_chars=8)


def _kept(
    visit: Visit, label: str, at: str, amounts: Sequence[str], now: Callable[[], object], keep: Callable[[_Typed], bool]
) -> None:
    """The button that keeps what is typed. `now`: reads what is kept."""
    args = (visit, at, (*amounts, "currency"), now(), now, keep)
    st.button(label, key=f"{at}-keep", on_click=_keep, args=args)


def _keep(
    visit: Visit, at: str, ends: Sequence[str], shown: object, now: Callable[[], object], keep: Callable[[_Typed], bool]
) -> None:
    """`shown`: what was kept when the form was drawn: its fields hold the rest of that, beside what was typed."""
    typed = {end: st.session_state[f"{at}-{end}"] for end in ends}

    def unless_changed() -> bool:
        if now() != shown:
            raise Refusal("Somebody kept something else here meanwhile. Nothing was changed. See it, then keep yours.")
        return keep(typed)

    if frame.attempt(unless_changed, "Kept."):
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
