"""The blind round once it is open: deal, vote, close. Arms never leave the server while it is open.

With each completed prompt the server applies the registered rule and closes the round by itself; people see only how
many are done. What is registered before the first vote is in `opening`, who counts in `independence`.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from studio.evaluate import checks
from studio.records import Choice, Pair, Person, Refusal, Round, Vote
from studio.review import dealing, desk, pace, preference, tally
from studio.review.dealing import counted
from studio.review.independence import conflict, independent_people
from studio.review.opening import (
    DEFAULT_CAP,
    SECOND_READERS,
    Plan,
    is_current,
    may_ship,
    open_round,
    outputs_sha256,
    plan_for,
    prompt_hash,
    seal_holds,
)
from studio.review.scoring import Registration, read_registrations
from studio.review.sides import commitment
from studio.store import Store, briefs, people, rounds
from studio.store import datasets as dataset_rows

__all__ = [
    "DEFAULT_CAP", "MIN_SECONDS_ON_SCREEN", "SECOND_READERS", "SKIP_REASONS", "Plan", "Turn", "assess", "cancel",
    "Why", "close", "close_if_decided", "commitment", "conflict", "counted", "counts_here", "done", "explain",
    "independent_people", "last_vote", "side_of",
    "is_current", "is_surplus", "left_for", "may_ship", "next_pair", "open_round", "outputs_sha256", "plan_for",
    "prompt_hash", "registered", "seal_holds", "turn", "undo_last", "usual_pace", "vote", "vote_by_script",
]  # fmt: skip

MIN_SECONDS_ON_SCREEN = 0.35
"""A pair shown for less was not read: a held key or a double click, not a vote."""

SKIP_REASONS = ("I cannot judge this topic", "The input makes no sense", "I know this case or wrote it")


@dataclass(frozen=True)
class Turn:
    """All that anybody sees while a round is open: the pair to vote on, and how far it is.

    `pair` is None when nothing is left for this reviewer, or when all that is left is on other screens now. `done` of
    at most `last` prompts in the round; `mine` votes cast and `left` pairs to go. `seconds_left` at this reviewer's own
    pace, None before three votes. `rest`: a sentence that proposes a break, or "".
    """

    pair: Pair | None
    done: int
    last: int
    mine: int
    left: int
    seconds_left: float | None
    rest: str = ""


@dataclass(frozen=True)
class Why:
    """What a voter may say beside a vote: names of the brief's criteria, their own words, and a better answer."""

    reasons: tuple[str, ...] = ()
    note: str = ""
    better: str = ""


NOTHING_SAID = Why()


def registered(found: Round) -> tuple[Registration, ...]:
    """The frozen registration as the rule reads it, for each candidate in cost order."""
    return read_registrations(found.registration)


# -- voting ----------------------------------------------------------------------------------------


def turn(store: Store, found: Round, reviewer: str) -> Turn:
    """Puts the next pair before this reviewer, with how far they are; the one on screen stays until it is done."""
    counts = counts_here(store, found, reviewer)
    seen: list[tally.Standing] = []

    def offered() -> dealing.Offer:
        seen.append(_standing(store, found))
        return _offer(store, found, seen[-1], reviewer, counts=counts)

    pair, offer = desk.of(store).deal(found.id, reviewer, offered, seated=counts)
    now = seen[-1]
    mine, waiting = [v for v in now.cast if v.reviewer == reviewer], len(offer.pairs)
    seconds = pace.seconds_each(mine)
    left = seconds * waiting if seconds is not None else None
    done = dealing.completed(now.told)
    return Turn(pair, done, int(found.registration["cap"]), len(mine), waiting, left, pace.rest(mine))


def done(store: Store, found: Round) -> int:
    """How many prompts are completed: all that the team sees of an open round."""
    return dealing.completed(_standing(store, found).told)


def left_for(store: Store, found: Round, reviewer: str) -> int:
    """How many pairs wait for this reviewer, without putting one before them."""
    return len(_waiting(store, found, reviewer))


def next_pair(store: Store, found: Round, reviewer: str) -> Pair | None:
    """The first pair in the registered order that still needs a vote and this reviewer has not voted on."""
    return next(iter(_waiting(store, found, reviewer)), None)


def _waiting(store: Store, found: Round, reviewer: str) -> Sequence[Pair]:
    counts = counts_here(store, found, reviewer)
    return _offer(store, found, _standing(store, found), reviewer, counts=counts).pairs


def _offer(store: Store, found: Round, now: tally.Standing, reviewer: str, *, counts: bool) -> dealing.Offer:
    decided = dealing.decided(now.told)
    return dealing.offer(found, _pairs(store, found), now.cast, reviewer, counts=counts, decided=decided)


def _standing(store: Store, found: Round) -> tally.Standing:
    return tally.of(store).standing(store, found, _pairs(store, found))


def is_surplus(store: Store, found: Round, pair_id: str, reviewer: str) -> bool:
    """Whether this reviewer's vote came when the pair had all of its votes: kept, and left out by the rule."""
    pairs = _pairs(store, found)
    pair = next(p for p in pairs if p.id == pair_id)
    return dealing.is_surplus(found, pairs, pair, _standing(store, found).cast, reviewer)


def _pairs(store: Store, found: Round) -> Sequence[Pair]:
    """The round's pairs, read once: they never change."""
    return desk.of(store).pairs(found.id, lambda: _with_system(store, found))


def _with_system(store: Store, found: Round) -> list[Pair]:
    """The pairs with the system texts of their prompts, which stand in the frozen dataset and so cannot change either;
    that way rounds show them that were opened before they were shown."""
    dataset = dataset_rows.get(store, found.registration["dataset"])
    examples = dataset_rows.rows_of(store, dataset) if dataset else ()
    systems = {example.id: example.system for example in examples}
    return [replace(pair, system=systems.get(pair.example, "")) for pair in rounds.pairs(store, found.id)]


def counts_here(store: Store, found: Round, reviewer: str) -> bool:
    """Whether this person's votes would be counted in the round."""
    person = people.get(store, reviewer)
    return bool(found.registration["practice"]) or (person is not None and not conflict(store, found.project, person))


def usual_pace(store: Store, project: str) -> float | None:
    """Seconds that people here took for a pair in the newest round in which somebody's pace is known."""
    for found in rounds.every(store, project):
        by_person: dict[str, list[Vote]] = defaultdict(list)
        for each in rounds.votes(store, found.id):
            if not each.scripted:
                by_person[each.reviewer].append(each)
        told = [seconds for mine in by_person.values() if (seconds := pace.seconds_each(mine)) is not None]
        if told:
            return statistics.median(told)
    return None


def vote(
    store: Store, found: Round, reviewer: Person, pair_id: str, side: str, *, seconds_on_screen: float,
    reason: str = "", shippable_left: bool | None = None, shippable_right: bool | None = None,
    why: Why = NOTHING_SAID,
) -> Round:  # fmt: skip
    """Casts one vote (`side`: left, right, tie, both_bad, skip), with what the voter says beside it, then closes the
    round if its rule decides at this vote; the rule is applied when the vote completes a prompt that it reads next.

    Raises Refusal for a second vote on the pair, a late one, one on a pair that was hardly on screen, and
    anything that is not a vote. Returns the round as it is afterwards.
    """
    pair = next((p for p in _pairs(store, found) if p.id == pair_id), None)
    if pair is None:
        raise Refusal("This pair is not part of the round. The vote was not counted. Reload the page.")
    if not dealing.is_for(found, pair, reviewer.id):
        raise Refusal("This pair is kept for somebody who knows its field. The vote was not counted. Reload the page.")
    twice = any(v.pair == pair_id and v.reviewer == reviewer.id for v in _standing(store, found).cast)
    hasty = seconds_on_screen < MIN_SECONDS_ON_SCREEN and not reviewer.scripted
    if twice or hasty:
        desk.of(store).pressed_too_soon(found.id, reviewer.id)
    if twice:
        raise Refusal(rounds.TWICE)
    if hasty:
        raise Refusal("That was quicker than reading: the pair had just come up. It was not counted; vote again.")
    ships = (shippable_left, shippable_right) if pair.candidate_left else (shippable_right, shippable_left)
    payload = {
        "round": found.id, "registration": found.sha256, "pair": pair_id, "choice": _choice(side, pair).value,
        "reason": reason.strip(), "shippable_a": ships[0], "shippable_b": ships[1], "scripted": reviewer.scripted,
        "conflict": conflict(store, found.project, reviewer), **_said(store, found, why),
        "seconds": None if reviewer.scripted else round(seconds_on_screen, 2),
    }  # fmt: skip
    act = store.act("vote.cast", reviewer.id, payload, found.project)
    tally.of(store).add(found, _pairs(store, found), rounds.News(act.seq, (rounds.vote_of(act, payload),)))
    return close_if_decided(store, found)


def _choice(side: str, pair: Pair) -> Choice:
    if side in ("left", "right"):
        return Choice.a if (side == "left") == pair.candidate_left else Choice.b
    if side not in ("tie", "both_bad", "skip"):
        raise Refusal(f"“{side}” is not a vote this studio knows; nothing was counted.")
    return Choice(side)


def explain(store: Store, found: Round, reviewer: str, pair_id: str, why: Why) -> None:
    """Says more about a vote that was cast, in place of what was said before. Raises Refusal once the round closed."""
    payload = {"round": found.id, "pair": pair_id, **_said(store, found, why)}
    store.act("vote.explained", reviewer, payload, found.project)


def _said(store: Store, found: Round, why: Why) -> dict[str, Any]:
    if why.reasons:
        brief = briefs.version(store, found.project, found.registration["brief_version"])
        known = [criterion.name for criterion in brief.criteria] if brief else []
        if strange := [name for name in why.reasons if name not in known]:
            raise Refusal(
                f"“{strange[0]}” is no criterion of this round's brief; nothing was counted. Reload the page."
            )
    return {"reasons": list(dict.fromkeys(why.reasons)), "note": why.note.strip(), "better": why.better.strip()}


def side_of(vote: Vote, pair: Pair) -> str:
    """What the voter pressed: left, right, tie, both_bad or skip."""
    if vote.choice in (Choice.a, Choice.b):
        return "left" if (vote.choice is Choice.a) == pair.candidate_left else "right"
    return vote.choice.value


def last_vote(store: Store, found: Round, reviewer: str) -> tuple[Pair, Vote] | None:
    """The reviewer's last vote in this round that still stands, with its pair."""
    last = rounds.last_vote(store, found.id, reviewer)
    if last is None:
        return None
    vote = next(v for v in _standing(store, found).cast if (v.pair, v.reviewer) == (last[1].pair, reviewer))
    return next(p for p in _pairs(store, found) if p.id == vote.pair), vote


def undo_last(store: Store, found: Round, reviewer: str) -> None:
    """Takes the reviewer's last vote in this round back, with what was said beside it. Raises Refusal when there is
    none or it closed."""
    last = rounds.last_vote(store, found.id, reviewer)
    if last is None:
        raise Refusal("You have no vote in this round to undo. Nothing was changed.")
    for seq in rounds.explained(store, found.id, last[1].pair, reviewer):
        store.undo(seq, reviewer)
    store.undo(last[0], reviewer)
    desk.of(store).show(found.id, reviewer, last[1].pair)


# -- closing ---------------------------------------------------------------------------------------


def assess(store: Store, found: Round) -> tuple[preference.Assessment, ...]:
    """What the counted votes say by the registered rule, for each candidate in cost order. For pages only once the
    round is closed."""
    now = _standing(store, found)
    return dealing.assessed(found, _pairs(store, found), now.cast) if found.state == "open" else now.told


_BECAUSE = {
    "go": "The evidence reached the registered bound in favour of the candidate.",
    "no-go": "The evidence reached the registered bound against the candidate.",
    "cap": "Every registered prompt has its votes.",
}


def close_if_decided(store: Store, found: Round) -> Round:
    """Closes an open round that its rule has decided, or in which nothing is left to vote on."""
    now = rounds.get(store, found.id)
    if now is None or now.state != "open":
        return now or found
    standing = _standing(store, now)
    reason = preference.stop_reason(standing.told)
    if not reason:
        return now
    try:
        return close(store, "studio", now, _BECAUSE[reason], seen=standing.seq)
    except Refusal:
        after = rounds.get(store, found.id)
        if after is not None and after.state == "open" and _standing(store, after).seq == standing.seq:
            raise
        # Another vote closed it in the same moment, or came between, and may have undone what was decided.
        return close_if_decided(store, found)


def close(store: Store, actor: str, found: Round, because: str, seen: int | None = None) -> Round:
    """Closes a round and publishes the seed of its sides. `seen`: the act up to which its votes were judged; Refusal
    when one was cast or taken back, or the round amended, after it. None: whatever came since."""
    opened = next(a for a in store.history(found.project, ["round.opened"]) if store.payload(a)["id"] == found.id)
    payload = {"id": found.id, "because": because, "seed": store.payload(opened)["sealed"]["seed"]}
    store.act("round.closed", actor, payload if seen is None else payload | {"seen": seen}, found.project)
    closed = rounds.get(store, found.id)
    assert closed is not None
    return closed


def cancel(store: Store, actor: str, found: Round, because: str) -> None:
    """Ends a round without a result; its votes stay in the record."""
    if not because.strip():
        raise Refusal("Cancelling a round needs a reason; others will read it. Nothing was changed.")
    store.act("round.cancelled", actor, {"id": found.id, "because": because.strip()}, found.project)


# -- scripted votes --------------------------------------------------------------------------------


def vote_by_script(store: Store, found: Round, reviewer: Person, most: int = 10_000) -> Round:
    """A scripted reviewer prefers the output that keeps more of the brief's checkable rules. For demos and tests
    only: every vote is marked scripted, and no ruling on them ever ships anything."""
    brief, dataset = briefs.latest(store, found.project), dataset_rows.get(store, found.registration["dataset"])
    if brief is None or dataset is None or not reviewer.scripted:
        raise Refusal("Only the scripted reviewer can vote by script. Nothing was counted.")
    ideals = {e.id: e.ideal for e in dataset_rows.rows_of(store, dataset)}
    for _ in range(most):
        pair = next_pair(store, found, reviewer.id) if found.state == "open" else None
        if pair is None:
            break
        left, right = (
            checks.share_kept(brief, checks.Subject(pair.input, text, ideals[pair.example], pair.slice, pair.earlier))
            or 0.0
            for text in (pair.left, pair.right)
        )
        side = "left" if left > right else "right" if right > left else "tie" if left > 0 else "both_bad"
        found = vote(
            store, found, reviewer, pair.id, side, seconds_on_screen=MIN_SECONDS_ON_SCREEN,
            shippable_left=left == 1.0, shippable_right=right == 1.0,
        )  # fmt: skip
    return found
