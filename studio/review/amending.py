"""Amendments: what of an open round may still be changed, by whom, and how everybody sees it afterwards.

Each is an entry in the registration itself, with the hash before it, what changed, why, who signed and when; so the new
hash is one over all of that, and votes carry the hash they were cast under. Votes already cast stay as they are. What
decides what a go means (arms, outputs, margin, floor, gold) cannot be amended: that takes a new round.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from studio.records import Person, Refusal, Role, Round, canonical, sha256, to_json
from studio.review import dealing, rounds
from studio.review.opening import MOST_VOTES, MOST_WORDS, refuse_past
from studio.review.scoring import Guardrail, read_registrations
from studio.store import Store
from studio.store import rounds as rows

MAY_AMEND = (Role.pm, Role.admin)
_NOTHING = "Nothing was changed."


@dataclass(frozen=True)
class Amendable:
    """What may be changed while a round is open. `votes`: on each prompt that nobody has voted on yet."""

    cap: int
    votes: int
    guardrails: tuple[Guardrail, ...]
    guidelines: str
    deadline: str


def current(found: Round) -> Amendable:
    """What the round's registration says now."""
    frozen = found.registration
    return Amendable(
        cap=frozen["cap"],
        votes=_votes(found),
        guardrails=tuple(Guardrail(g["name"], g["delta"], g["critical"]) for g in frozen["guardrails"]),
        guidelines=frozen.get("guidelines", ""),
        deadline=frozen.get("deadline", ""),
    )


def _votes(found: Round) -> int:
    """On each prompt that nobody has voted on: by the last amendment of it, else by the opening."""
    changed = _changes_of_votes(found)
    if not changed:
        return min(p["votes"] for p in found.registration["prompts"])
    pairs = zip(changed[-1]["before"], changed[-1]["after"], strict=True)
    return min(after["votes"] for before, after in pairs if before != after)


def _changes_of_votes(found: Round) -> list[dict[str, Any]]:
    told = found.registration.get("amendments", [])
    return [change for each in told for change in each["changes"] if change["what"] == "prompts"]


def most_prompts(found: Round) -> int:
    """How high the cap may be raised: to the prompts whose pairs were dealt at the opening."""
    return sum(found.registration.get("dealt", [found.registration["cap"]]))


def amend(store: Store, person: Person, found: Round, wanted: Amendable, reason: str) -> Round:
    """Signs a change of an open round, then applies the closing rule: with a lower cap it may be decided.

    Raises Refusal for a role that may not, without a reason, for nothing new, and for what cannot be judged. A changed
    cap switches the test at the cap off for good.
    """
    now = rows.get(store, found.id)
    if now is None or now.state != "open":
        raise Refusal(f"The round is not open any more. {_NOTHING}")
    if now.sha256 != found.sha256:
        raise Refusal(f"Somebody amended the round meanwhile. {_NOTHING} Read it again, then change it.")
    if person.role not in MAY_AMEND:
        raise Refusal(f"A round is amended by a PM or an admin. {_NOTHING}")
    if not reason.strip():
        raise Refusal(f"An amendment needs a reason; it is signed and stays visible. {_NOTHING}")
    _refuse_unfit(store, now, wanted)
    after = _changed(store, now, wanted)
    changes = [
        {"what": key, "before": now.registration.get(key), "after": value}
        for key, value in after.items()
        if now.registration.get(key) != value
    ]
    if not changes:
        raise Refusal("This is what the round says already. Nothing was changed.")
    entry = {
        "previous": now.sha256, "changes": changes, "reason": reason.strip(), "by": person.id,
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    registration = {**now.registration, **after, "amendments": [*now.registration.get("amendments", []), entry]}
    read_registrations(registration)
    payload = {
        "id": now.id, "previous": now.sha256, "registration": registration, "sha256": sha256(canonical(registration)),
    }  # fmt: skip
    store.act("round.amended", person.id, payload, now.project)
    amended = rows.get(store, now.id)
    assert amended is not None
    return rounds.close_if_decided(store, amended)


def _refuse_unfit(store: Store, found: Round, wanted: Amendable) -> None:
    through, most = dealing.through(rounds.assess(store, found)), most_prompts(found)
    if not max(1, through) <= wanted.cap <= most:
        raise Refusal(
            f"The cap must lie between the {through:,} prompts that are done or skipped for good and the {most:,} that "
            f"have pairs, not {wanted.cap:,}. {_NOTHING}"
        )
    if not 1 <= wanted.votes <= MOST_VOTES:
        raise Refusal(f"A prompt gets from 1 to {MOST_VOTES} votes, not {wanted.votes}. {_NOTHING}")
    if len(wanted.guidelines) > MOST_WORDS:
        raise Refusal(f"The guidelines are longer than {MOST_WORDS:,} characters. {_NOTHING} Shorten them.")
    if wanted.deadline != found.registration.get("deadline", ""):
        refuse_past(wanted.deadline, _NOTHING)


def _changed(store: Store, found: Round, wanted: Amendable) -> dict[str, Any]:
    """The parts of the registration as they are to be, changed or not."""
    frozen, before = found.registration, current(found)
    after: dict[str, Any] = {
        "cap": wanted.cap,
        "guardrails": to_json(list(wanted.guardrails)),
        "guidelines": wanted.guidelines.strip(),
        "deadline": wanted.deadline,
    }
    if wanted.cap != before.cap:
        after |= {"cap_amended": True, "dealt": frozen.get("dealt", [before.cap])}
    if wanted.votes != before.votes:
        after["prompts"] = _with_votes(store, found, wanted.votes)
    unsaid = {key for key in ("guidelines", "deadline") if not after[key] and key not in frozen}
    return {key: value for key, value in after.items() if key not in unsaid}


def _with_votes(store: Store, found: Round, votes: int) -> list[dict[str, Any]]:
    """The prompts with another number of votes; those that somebody has voted on keep the number they were begun with,
    and those that the opening gave a second reader keep that."""
    begun = {vote.pair for vote in rows.votes(store, found.id)}
    touched = {pair.example for pair in rows.pairs(store, found.id) if pair.id in begun}
    frozen, changes = found.registration["prompts"], _changes_of_votes(found)
    opening = changes[0]["before"] if changes else frozen
    usual = min(p["votes"] for p in opening)
    return [
        p if p["id"] in touched else {**p, "votes": max(votes, first["votes"] if first["votes"] > usual else 1)}
        for p, first in zip(frozen, opening, strict=True)
    ]
