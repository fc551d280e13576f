"""A project's rounds by their number, and the one that an address asks for. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.records import Round
from studio.store import Store, rounds


@dataclass(frozen=True)
class Numbered:
    """A round that was not cancelled. `number`: 1 for the project's first, so that an earlier round keeps its own;
    `newest`: a decision would be about this one."""

    round: Round
    number: int
    newest: bool

    @property
    def name(self) -> str:
        return f"Round {self.number}"


def every(store: Store, project: str) -> tuple[Numbered, ...]:
    """The project's rounds, the newest first."""

    def read() -> tuple[Numbered, ...]:
        found = _standing(store, project)
        return tuple(Numbered(each, len(found) - place, place == 0) for place, each in enumerate(found))

    return store.once(("numbered", project), read, ("rounds",))


def newest(store: Store, project: str) -> Round | None:
    """The newest round that was not cancelled: what a decision would be about."""
    return next(iter(_standing(store, project)), None)


def _standing(store: Store, project: str) -> list[Round]:
    return [each for each in rounds.every(store, project) if each.state != "cancelled"]


def asked(told: Sequence[Numbered], wanted: str) -> Numbered | None:
    """The round with this id; the newest where it is not among them, and None where there is none at all."""
    return next((each for each in told if each.round.id == wanted), told[0] if told else None)
