"""Contradictions, one case at a time: the same or nearly the same input with different answers, and what was decided.

Every decision is one act and can be undone. What is not kept is rejected, not thrown away: it stays in the list and in
the history, and out of every set. Two texts that are both right are settled by their content: an edit of either brings
the case back.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from studio import brief as brief_step
from studio import health
from studio.examples import approval
from studio.health.checks import answered_otherwise
from studio.records import Brief, Criterion, Example, Refusal, Status, to_json
from studio.store import Store, briefs
from studio.store import contradictions as rows
from studio.store import examples as example_rows

MOST_ANSWERS = 6
"""Answers to one input that are set side by side; further ones come up as a case of their own afterwards."""

_CHECKS = ("contradictions", "near_contradictions")


class Decision(enum.StrEnum):
    keep = "keep"
    rewrite = "rewrite"
    both = "both"
    apart = "apart"


@dataclass(frozen=True)
class Answer:
    """One of the answers of a case, with the examples that give it, those approved first."""

    text: str
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Case:
    """Two or more answers that cannot all be right. `same_input`: what is asked differs by case, punctuation and
    spaces at most; otherwise it is nearly the same."""

    key: str
    answers: tuple[Answer, ...]
    same_input: bool

    @property
    def examples(self) -> tuple[Example, ...]:
        return tuple(e for answer in self.answers for e in answer.examples)


def found(report: health.HealthReport) -> list[tuple[str, ...]]:
    """The ids of each case that a report names, those that block freezing first."""
    return [case for check in _CHECKS for f in report.findings if f.check == check for case in f.examples]


def still_open(
    store: Store, project: str, named: Iterable[Sequence[str]], settled: Collection[str] | None = None
) -> list[Case]:
    """Those of the cases `named` (ids) that are still to be decided, as their examples stand now, in their order."""
    listed = [tuple(ids) for ids in named]
    kept = {pair.pair for pair in rows.settled(store, project)} if settled is None else settled
    every = sorted({name for ids in listed for name in ids})
    there = set(example_rows.listed(store, every))
    now = {e.id: e for e in example_rows.some(store, every) if e.id in there}
    cases = (case([now[i] for i in ids if i in now], kept) for ids in listed)
    return [each for each in cases if each is not None]


def case(examples: Sequence[Example], settled: Collection[str] = ()) -> Case | None:
    """The case that these examples make; None when nothing is left to decide between them. Pure."""
    live = [e for e in examples if e.status is not Status.rejected and e.ideal.strip()]
    left = health.unsettled(live, answered_otherwise, settled)
    by_answer: dict[str, list[Example]] = {}
    for example in left:
        by_answer.setdefault(health.normalise(example.ideal), []).append(example)
    if len(by_answer) < 2:
        return None
    answers = []
    for group in by_answer.values():
        group.sort(key=lambda e: e.status is not Status.approved)
        answers.append(Answer(group[0].ideal, tuple(group)))
    same = len({health.normalise(e.prompt.asked) for e in left}) == 1
    return Case("-".join(sorted(e.id for e in left)), tuple(answers[:MOST_ANSWERS]), same)


# -- deciding --------------------------------------------------------------------------------------


def keep(store: Store, actor: str, project: str, case: Case, place: int) -> None:
    """Keeps the answer at `place`; the examples with the other answers are rejected."""
    others = [e.id for at, answer in enumerate(case.answers) if at != place for e in answer.examples]
    _decide(store, actor, project, case, Decision.keep, rejected=others)


def rewrite(store: Store, actor: str, project: str, case: Case, text: str) -> None:
    """One answer for all. Where the input is the same, one example gets it and the others are rejected; where inputs
    only nearly agree, each gets it. One that was approved is approved with it, by `actor`, as far as one approval goes;
    a draft stays one. Raises Refusal for an empty text."""
    if not text.strip():
        raise Refusal("Write the answer first. Nothing was changed.")
    brief = briefs.latest(store, project)
    ordered = sorted(case.examples, key=lambda e: e.status is not Status.approved)
    written = ordered[:1] if case.same_input else ordered
    _decide(
        store, actor, project, case, Decision.rewrite,
        rejected=[e.id for e in ordered if e not in written],
        rewritten=[_with_answer(e, text.strip(), actor, brief) for e in written],
    )  # fmt: skip


def _with_answer(example: Example, text: str, actor: str, brief: Brief | None) -> Example:
    after = dataclasses.replace(example, ideal=text, revision=example.revision + 1)
    after = approval.after_change(example, after, brief)
    return approval.approved(after, (actor,), brief) if example.status is Status.approved else after


def both(
    store: Store, actor: str, project: str, case: Case, *, name: str, rule: str, changes_meaning: bool
) -> None:  # fmt: skip
    """All answers are right, each under a condition: `rule` becomes the criterion `name` in a new version of the brief,
    and the texts are no contradiction from here on. Raises Refusal for an unfit brief or without a condition."""
    latest = briefs.latest(store, project)
    if latest is None:
        raise Refusal("There is no brief to write the rule into. Nothing was changed. Write the brief first.")
    if not rule.strip() or not name.strip():
        raise Refusal("Write when which answer is right, and what the rule is called. Nothing was changed.")
    named = {s.name for s in latest.slices}
    slices = tuple(sorted({e.slice for e in case.examples} & named))
    criterion = Criterion(name.strip(), how_to_tell=rule.strip(), slices=slices)
    wanted = dataclasses.replace(latest, criteria=(*latest.criteria, criterion))
    note = "A rule from two answers that are both right"
    saved = brief_step.next_version(wanted, note=note, changes_meaning=changes_meaning)
    _decide(store, actor, project, case, Decision.both, reason=rule.strip(), rule=criterion.name, brief=saved)


def apart(store: Store, actor: str, project: str, case: Case, reason: str) -> None:
    """They do not contradict each other, for this reason. Raises Refusal without one."""
    if not reason.strip():
        raise Refusal("Say in a few words why this is no contradiction. Nothing was changed.")
    _decide(store, actor, project, case, Decision.apart, reason=reason.strip())


def _decide(
    store: Store, actor: str, project: str, case: Case, decision: Decision, *, reason: str = "", rule: str = "",
    rejected: Sequence[str] = (), rewritten: Sequence[Example] = (), brief: dict[str, object] | None = None,
) -> None:  # fmt: skip
    latest = briefs.latest(store, project)
    pairs = _pairs(case) if decision in (Decision.both, Decision.apart) else {}
    store.act("contradiction.settled", actor, {
        "decision": decision.value, "reason": reason, "rule": rule,
        "stood": {e.id: e.revision for e in case.examples}, "rejected": list(rejected),
        "rewritten": [to_json(e) for e in rewritten], "brief": brief,
        "brief_version": latest.version if latest else 0,
        "pairs": [{"pair": key, "examples": ids} for key, ids in pairs.items()],
    }, project)  # fmt: skip


def _pairs(case: Case) -> dict[str, list[str]]:
    """The key of each pair of different answers -> the examples it was met in."""
    return {
        health.pair_key(a, b): [a.id, b.id]
        for one, other in itertools.combinations(case.answers, 2)
        for a in one.examples
        for b in other.examples
    }


def reopen(store: Store, actor: str, project: str, pairs: Sequence[str]) -> None:
    """Takes back that these pairs are no contradiction. A rule that was written with it stays in the brief."""
    store.act("contradiction.reopened", actor, {"pairs": list(pairs)}, project)
