"""Where reminders of a project's blind rounds are sent, and that they were. Nothing about votes stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Webhook:
    """An address that takes a message, and who set it when."""

    address: str
    person: str
    at: str


@applies("webhook.set", undo=True)
def webhook_set(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: address, "" for none. Of one project."""
    tx.put("webhooks", {"project": act.project, "address": payload["address"], "person": act.actor, "at": act.at})


@applies("reminder.sent")
def reminder_sent(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: round. It went out and was taken; nothing here changes by it."""
    tx.need("rounds", payload["round"])


def webhook(store: Store, project: str) -> Webhook | None:
    """Where this project's reminders go; None where nobody set it."""
    rows = store.rows("SELECT * FROM webhooks WHERE project = ? AND address <> ''", project)
    return Webhook(rows[0]["address"], rows[0]["person"], rows[0]["at"]) if rows else None


def last_sent(store: Store, project: str, round_id: str) -> str:
    """When the last reminder of the round went out, "" for never."""
    acts = [act for act in store.history(project, ["reminder.sent"]) if store.payload(act)["round"] == round_id]
    return max((act.at for act in acts), default="")
