"""What was changed of a round after it opened: the ledger of amendments in its registration, read and checked. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.records import Round, canonical, sha256


@dataclass(frozen=True)
class Amendment:
    """One entry of the ledger: the registration's hash before it, what changed in words, why, who and when."""

    previous: str
    changes: tuple[str, ...]
    reason: str
    by: str
    at: str


def entries(registration: Mapping[str, Any]) -> tuple[Amendment, ...]:
    """What was changed since the opening, the first change first."""
    return tuple(
        Amendment(
            each["previous"], tuple(words for change in each["changes"] if (words := _in_words(change))),
            each["reason"], each["by"], each["at"],
        )
        for each in registration.get("amendments", [])
    )  # fmt: skip


def chain_holds(found: Round) -> bool:
    """Whether taking the amendments back one by one gives every hash that they name, to the one of the opening."""
    registration, told = copy.deepcopy(found.registration), found.sha256
    while sha256(canonical(registration)) == told:
        if not registration.get("amendments"):
            return True
        last = registration["amendments"].pop()
        if not registration["amendments"]:
            del registration["amendments"]
        for change in last["changes"]:
            if change["before"] is None:
                registration.pop(change["what"], None)
            else:
                registration[change["what"]] = change["before"]
        told = last["previous"]
    return False


def _in_words(change: Mapping[str, Any]) -> str:
    """A change as a part of a sentence; "" for what only follows from another."""
    what, before, after = change["what"], change["before"], change["after"]
    told = {
        "cap": lambda: f"at most {after:,} prompts instead of {before:,}; the test at the cap is off",
        "prompts": lambda: _votes_in_words(before, after),
        "guardrails": lambda: _guardrails_in_words(before, after),
        "guidelines": lambda: "other guidelines for the reviewers",
        "deadline": lambda: f"deadline {after or 'none'} instead of {before or 'none'}",
    }
    return told[what]() if what in told else ""


def _votes_in_words(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    changed = [(a["votes"], b["votes"]) for a, b in zip(before, after, strict=True) if a["votes"] != b["votes"]]
    number = max(set(changed), key=changed.count)[1]
    return f"{number} vote{'s' if number > 1 else ''} on each of the {len(changed):,} prompts nobody had voted on"


def _guardrails_in_words(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    old, new = ({g["name"]: (g["delta"], g["critical"]) for g in told} for told in (before, after))
    names = [name.replace("_", " ") for name in {**old, **new} if old.get(name) != new.get(name)]
    return f"other rules for {', '.join(names)}"
