"""Sets of votes: what people preferred in closed rounds, frozen so that a model can be taught by it.

One function finds the pairs (`found`), for whoever freezes, exports or shows them. To freeze them spends their prompts:
a model that is taught by votes on a prompt cannot be tested on it (`studio.looks.raise_if_spent`).
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from studio import datasets
from studio.record_examples import example_of, pair_id
from studio.records import (
    Dataset,
    Example,
    Pair,
    PairKind,
    Refusal,
    Round,
    Split,
    Vote,
    canonical,
    from_json,
    sha256,
    to_json,
)
from studio.review import gold
from studio.review.preferred import LEFT_OUT, NOT_COUNTED, Disagreement, Judged, Preferred, judged
from studio.store import Store, rounds
from studio.store import datasets as rows

LEAST = 20
"""Pairs; with fewer, too few are left to be measured on."""

_KEPT_ASIDE, _AT_LEAST = 0.1, 10


@dataclass(frozen=True)
class Facts:
    """What a set of votes says of itself. `rounds`: their ids, with the hash of what each registered; `smoothing`: what
    training takes from `disagreement`; `left_out` and `not_counted` as in `preferred.Judged`; `practice`: votes of
    practice rounds, of scripts and of people in conflict count, so no model taught by it is for release."""

    rounds: dict[str, str]
    pairs: int
    prompts: int
    reviewers: int
    votes: int
    disagreement: Disagreement
    smoothing: float
    left_out: dict[str, int]
    not_counted: dict[str, int]
    practice: bool
    scripted: bool


@dataclass(frozen=True)
class Found:
    """The pairs of a project's closed rounds, as rows (an example whose `ideal` people preferred to its `worse`), each
    with its split. `judged`: the same with their votes, in the same order; `brief_version`: of the newest round."""

    rows: tuple[Example, ...]
    judged: Judged
    facts: Facts
    brief_version: int


def found(store: Store, project: str, *, practice: bool = False) -> Found:
    """What the votes of closed rounds say now. Without `practice` only rounds and votes that a decision may rest on.

    Does not refuse when there is nothing: then it has no rows.
    """
    used = [r for r in rounds.every(store, project) if r.state == "closed" and _counts(r, practice)]
    cast = [each for r in reversed(used) for each in _cast(store, r)]
    made = judged(cast, practice=practice)
    prompts = _prompts(store, used)
    seen: Counter[str] = Counter()
    named = []
    for pair in made.preferred:
        named.append(_row(prompts[pair.example], pair, seen[pair.example]))
        seen[pair.example] += 1
    kept_aside = _kept_aside(named, _placed_before(store, project))
    placed = tuple(replace(row, split=Split.validation if row.group in kept_aside else Split.train) for row in named)
    return Found(placed, made, _facts(used, made, practice), used[0].registration["brief_version"] if used else 0)


def freeze(store: Store, actor: str, project: str, *, practice: bool = False, seen: Found | None = None) -> Dataset:
    """Freezes them. From here on their prompts are no test. `seen`: what `actor` was shown of it.

    Raises Refusal with fewer than `LEAST` pairs, while a round is open, when they changed since they were `seen`, or
    when exactly these are frozen already.
    """
    made = found(store, project, practice=practice)
    if seen is not None and made.rows != seen.rows:
        raise Refusal(
            f"The votes changed since you looked: they now give {len(made.rows):,} pairs. Nothing was frozen. Look at "
            "them, then press again."
        )
    if len(made.rows) < LEAST:
        raise Refusal(
            f"People decided {len(made.rows):,} pairs so far, and at least {LEAST} are needed to teach from. Nothing "
            "was frozen. Let people vote in another round; every vote so far stays."
        )
    number = len(store.history(project, ["votes.frozen"])) + 1
    told = to_json(made.facts)
    splits = Counter(row.split.value for row in made.rows if row.split)
    dataset = {
        "id": uuid.uuid4().hex[:12], "sha256": datasets.fingerprint(made.rows, made.brief_version, told, {}),
        "brief_version": made.brief_version, "splits": {split.value: splits[split.value] for split in Split},
        "rows_blob": store.put_blob(canonical(to_json(made.rows))), "health": {"votes": told, "waivers": {}},
        "name": f"Votes {number}{', practice' if practice else ''}",
    }  # fmt: skip
    store.act("votes.frozen", actor, {"dataset": dataset}, project)
    kept = rows.get(store, str(dataset["id"]))
    assert kept is not None
    return kept


def current(store: Store, project: str, made: Found) -> Dataset | None:
    """The set in use that holds exactly these pairs; None when they are not frozen."""
    wanted = datasets.fingerprint(made.rows, made.brief_version, to_json(made.facts), {})
    return next((each for each in rows.of_votes(store, project) if each.sha256 == wanted), None)


def named(store: Store, project: str, wanted: str = "") -> Dataset:
    """The project's set of votes with this id, fingerprint or name; the newest for "". Raises Refusal."""
    known = rows.of_votes(store, project)
    chosen = next((each for each in known if not wanted or wanted in (each.id, each.sha256, each.name)), None)
    if chosen is None:
        raise Refusal(
            "There is no such set of votes in this project. Nothing was started. `studio freeze --votes` makes one of "
            "the closed rounds."
        )
    return chosen


def facts(dataset: Dataset) -> Facts:
    """What a set of votes says of itself. Raises Refusal for a set of examples."""
    if not dataset.of_votes:
        raise Refusal(f"“{dataset.name}” holds examples, not votes. Nothing was started. Choose a set of votes.")
    return from_json(Facts, dataset.health["votes"])


def prompts_of(made: Found) -> list[str]:
    """The ids of the examples whose prompts these pairs are about, sorted."""
    return sorted({example_of(row.id) for row in made.rows})


def take_out(store: Store, actor: str, project: str, made: Found) -> None:
    """Notes that these pairs leave the studio as texts to teach from, which spends their prompts as freezing them does
    (`looks.raise_if_spent`). Nothing is noted twice. Raises Refusal when there is no pair."""
    prompts = prompts_of(made)
    if not prompts or set(prompts) - rows.spent(store, project).keys():
        store.act("votes.taken", actor, {"examples": prompts}, project)


def in_words(told: Facts) -> list[str]:
    """The pairs, who chose, how far they agree and what is left out, a sentence each."""
    people = "1 reviewer" if told.reviewers == 1 else f"{told.reviewers:,} reviewers"
    rounds_said = "1 closed round" if len(told.rounds) == 1 else f"{len(told.rounds):,} closed rounds"
    said = [
        f"{told.pairs:,} pairs of answers to {told.prompts:,} prompts, decided by {told.votes:,} votes of {people} in "
        f"{rounds_said}.",
        told.disagreement.sentence,
    ]
    if told.left_out:
        parts = "; ".join(f"{count:,} where {LEFT_OUT[why]}" for why, count in sorted(told.left_out.items()))
        said.append(f"Left out, for they say nothing: {parts}.")
    if told.not_counted:
        parts = "; ".join(f"{count:,} because {NOT_COUNTED[why]}" for why, count in sorted(told.not_counted.items()))
        said.append(f"Votes not counted: {parts}.")
    if told.practice:
        whose = "some cast by a script" if told.scripted else "cast by people who worked on it, or to try it out"
        said.append(f"These are practice votes, {whose}: what is taught by them is not for release.")
    return said


def _counts(each: Round, practice: bool) -> bool:
    return practice or not each.registration.get("practice")


def _cast(store: Store, each: Round) -> list[tuple[Pair, Vote]]:
    pairs = {pair.id: pair for pair in rounds.pairs(store, each.id)}
    cast = rounds.votes(store, each.id)
    gone = gold.excluded(list(pairs.values()), cast, gold.rule_of(each.registration))
    return [
        (replace(pair, left=pair.as_written[0], right=pair.as_written[1]), vote)
        for vote in cast
        if (pair := pairs[vote.pair]).kind is PairKind.real and vote.reviewer not in gone
    ]


def _prompts(store: Store, used: Sequence[Round]) -> dict[str, Example]:
    """Example -> it as it was asked, from the frozen sets of these rounds; the newest round's counts."""
    known: dict[str, Example] = {}
    for name in dict.fromkeys(each.registration["dataset"] for each in reversed(used)):
        dataset = rows.get(store, name)
        known.update({e.id: e for e in datasets.rows_in(store, dataset, Split.test)} if dataset else {})
    return known


def _row(asked: Example, pair: Preferred, place: int) -> Example:
    """The answer that people preferred in the place of the ideal one. Nobody has approved it."""
    return replace(
        asked, id=pair_id(asked.id, place), ideal=pair.chosen, worse=pair.rejected, approvals=(),
        group=asked.group or asked.id, source="votes", split=None,
    )  # fmt: skip


def _placed_before(store: Store, project: str) -> dict[str, Split]:
    """Group -> the side it was on in the sets of votes so far, of the newest that has it."""
    before = reversed(rows.of_votes(store, project, discarded=True))
    return {row.group: row.split for each in before for row in rows.rows_of(store, each) if row.split}


def _kept_aside(named: Sequence[Example], before: Mapping[str, Split]) -> frozenset[str]:
    """The groups to be measured on, by the hash of their names: a tenth of all, or ten where that is more, but never
    more than a quarter. A prompt, and what belongs with it, stays on one side; on the side it was on `before`, too: a
    model that learned from an earlier set may be what the next training starts as."""
    groups = sorted({row.group for row in named}, key=lambda group: sha256(f"votes/{group}"))
    wanted = min(max(round(_KEPT_ASIDE * len(groups)), _AT_LEAST), len(groups) // 4)
    kept = [group for group in groups if before.get(group) is Split.validation]
    fresh = [group for group in groups if group not in before]
    return frozenset([*kept, *fresh[: max(0, wanted - len(kept))]])


def _facts(used: Sequence[Round], made: Judged, practice: bool) -> Facts:
    people = {person for pair in made.preferred for person in pair.reviewers}
    return Facts(
        rounds={each.id: each.sha256 for each in used}, pairs=len(made.preferred),
        prompts=len({pair.example for pair in made.preferred}), reviewers=len(people),
        votes=sum(pair.votes_for + pair.against for pair in made.preferred), disagreement=made.disagreement,
        smoothing=made.disagreement.smoothing, left_out=dict(made.left_out), not_counted=dict(made.not_counted),
        practice=practice, scripted=any(pair.scripted for pair in made.preferred),
    )  # fmt: skip


def taught_by(dataset: Dataset | None) -> dict[str, Any]:
    """The facts of a set of votes as plain JSON, for a record; empty for a set of examples."""
    return dict(dataset.health["votes"]) if dataset is not None and dataset.of_votes else {}
