"""What reviewers answer when they are through: which of the two answers they saw came from the tuned model."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


class Guessed(enum.StrEnum):
    """The side on which somebody takes the tuned model's answer to stand; `none`: no idea."""

    left = "left"
    right = "right"
    none = "none"


@dataclass(frozen=True)
class Guess:
    pair: str
    reviewer: str
    side: Guessed


@applies("exit.guessed")
def exit_guessed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: round, guesses (pair id -> left, right or none). Once for each reviewer, about pairs they voted on."""
    found = tx.need("rounds", payload["round"])
    if found["state"] == "cancelled":
        raise Refusal("The round was cancelled, so there is nothing to guess any more. Nothing was kept.")
    if tx.query("SELECT 1 FROM guesses WHERE round = ? AND reviewer = ? LIMIT 1", payload["round"], act.actor):
        raise Refusal("You answered this already; the first answer stands.")
    for pair, side in payload["guesses"].items():
        if tx.get("votes", payload["round"], pair, act.actor) is None:
            raise Refusal("You have no vote on one of these pairs, so the guess was not kept. Reload the page.")
        tx.insert("guesses", {"round": payload["round"], "pair": pair, "reviewer": act.actor,
                              "side": Guessed(side).value, "at": act.at})  # fmt: skip


def of_round(store: Store, name: str) -> list[Guess]:
    """In the order they were given."""
    rows = store.rows('SELECT * FROM guesses WHERE round = ? ORDER BY "at", pair, reviewer', name)
    return [Guess(row["pair"], row["reviewer"], Guessed(row["side"])) for row in rows]


def asked(store: Store, name: str, reviewer: str) -> bool:
    """Whether this reviewer answered already."""
    return bool(store.rows("SELECT 1 FROM guesses WHERE round = ? AND reviewer = ? LIMIT 1", name, reviewer))
