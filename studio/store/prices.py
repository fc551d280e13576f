"""What an hour of a machine and a million tokens of a model cost, as the team sets it, for every project; and how much
one project expects to be used, and what an hour of its people costs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

_LONGEST = 8


@dataclass(frozen=True)
class Price:
    """`an_hour` of a device, in `currency` (as written: "€", "USD")."""

    an_hour: float
    currency: str


@dataclass(frozen=True)
class TokenPrice:
    """Of a model, for a million tokens that it reads and that it writes, in `currency`."""

    million_in: float
    million_out: float
    currency: str


@dataclass(frozen=True)
class Expected:
    """What a project expects: `answers_a_month`, and what an hour of its people costs; None where nobody has said."""

    answers_a_month: float | None = None
    person_hour: float | None = None
    currency: str = ""


def tuned(model: str) -> str:
    """The name under which the prices of a tuned `model` are kept: a tuned one may cost more to serve."""
    return f"{model}, tuned"


@applies("price.set", undo=True)
def price_set(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: device, an_hour, currency. Takes the place of an earlier one for the device."""
    row = {"device": payload["device"], "an_hour": _amount(payload["an_hour"])}
    tx.put("prices", {**row, "currency": _currency(payload), "person": act.actor, "at": act.at})


@applies("token_price.set", undo=True)
def token_price_set(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: model (as the catalogue names it), million_in, million_out, currency. Replaces an earlier one."""
    row: Row = {name: _amount(payload[name]) for name in ("million_in", "million_out")}
    row |= {"model": payload["model"], "currency": _currency(payload)}
    tx.put("token_prices", {**row, "person": act.actor, "at": act.at})


@applies("expectations.set", undo=True)
def expectations_set(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: answers_a_month, person_hour (each a number or None), currency. Replaces what was said before."""
    row: Row = {
        name: None if payload[name] is None else _amount(payload[name]) for name in ("answers_a_month", "person_hour")
    }
    row |= {"project": act.project, "currency": _currency(payload)}
    tx.put("expectations", {**row, "person": act.actor, "at": act.at})


def _amount(value: Any) -> float:
    amount = float(value)
    if not (math.isfinite(amount) and amount >= 0):
        raise Refusal("A price or a number of answers is from 0 up. Nothing was changed. Write it again.")
    return amount


def _currency(payload: dict[str, Any]) -> str:
    currency = str(payload["currency"]).strip()
    if not 0 < len(currency) <= _LONGEST:
        raise Refusal(f"A currency has 1 to {_LONGEST} characters. Nothing was changed. Write it again, as € or USD.")
    return currency


def of(store: Store, device: str) -> Price | None:
    """The price of a device, None where nobody has set one."""
    rows = store.rows("SELECT * FROM prices WHERE device = ?", device)
    return Price(rows[0]["an_hour"], rows[0]["currency"]) if rows else None


def of_tokens(store: Store, model: str) -> TokenPrice | None:
    """The price of a model elsewhere, None where nobody has set one."""
    rows = store.rows("SELECT * FROM token_prices WHERE model = ?", model)
    return TokenPrice(rows[0]["million_in"], rows[0]["million_out"], rows[0]["currency"]) if rows else None


def standing(store: Store) -> tuple[tuple[Any, ...], ...]:
    """Every price of a device or a model as it is now. It holds in all projects, whichever it was set in."""
    of_devices = store.rows("SELECT * FROM prices ORDER BY device")
    of_models = store.rows("SELECT * FROM token_prices ORDER BY model")
    return tuple(tuple(row.values()) for row in (*of_devices, *of_models))


def expected(store: Store, project: str) -> Expected:
    """What a project expects, as far as somebody has said."""
    rows = store.rows("SELECT * FROM expectations WHERE project = ?", project)
    return Expected(rows[0]["answers_a_month"], rows[0]["person_hour"], rows[0]["currency"]) if rows else Expected()
