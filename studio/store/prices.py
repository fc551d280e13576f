"""What an hour of a machine and a million tokens of a model elsewhere cost, as the team sets it, for every project."""

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
    """Of a model elsewhere, for a million tokens that it reads and that it writes, in `currency`."""

    million_in: float
    million_out: float
    currency: str


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


def _amount(value: Any) -> float:
    amount = float(value)
    if not (math.isfinite(amount) and amount >= 0):
        raise Refusal("A price is a number from 0 up. Nothing was changed. Write it again.")
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
