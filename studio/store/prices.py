"""What an hour of a machine costs, as the team sets it: one price a device, for every project."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

_LONGEST = 8


@dataclass(frozen=True)
class Price:
    """`an_hour` of a device, in `currency` (as written: "€", "USD")."""

    an_hour: float
    currency: str


@applies("price.set", undo=True)
def price_set(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: device, an_hour, currency. Takes the place of an earlier one for the device."""
    an_hour, currency = float(payload["an_hour"]), str(payload["currency"]).strip()
    if not (math.isfinite(an_hour) and an_hour >= 0):
        raise Refusal("A price is a number from 0 up. Nothing was changed. Write it again.")
    if not 0 < len(currency) <= _LONGEST:
        raise Refusal(f"A currency has 1 to {_LONGEST} characters. Nothing was changed. Write it again, as € or USD.")
    tx.put("prices", {"device": payload["device"], "an_hour": an_hour, "currency": currency, "person": act.actor,
                      "at": act.at})  # fmt: skip


def of(store: Store, device: str) -> Price | None:
    """The price of a device, None where nobody has set one."""
    rows = store.rows("SELECT * FROM prices WHERE device = ?", device)
    return Price(rows[0]["an_hour"], rows[0]["currency"]) if rows else None
