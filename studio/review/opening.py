"""Opening a blind round: what is registered and hashed before the first vote.

The sides (`studio.review.sides`) come from a seed that is committed to (its SHA-256 is shown) when the round opens and
published when it closes.
"""

from __future__ import annotations

import datetime
import random
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from studio import datasets, looks
from studio.records import (
    Arm,
    ArmKind,
    Candidate,
    Decoding,
    Example,
    Generation,
    Recipe,
    Refusal,
    Role,
    Round,
    Split,
    candidates_of,
    canonical,
    recipe_sha256,
    sha256,
    to_json,
)
from studio.review import gold, pairing
from studio.review.independence import independent_people
from studio.review.scoring import Guardrail, Registration, read_registrations
from studio.review.sentinels import Sentinels
from studio.review.sides import DRAW, commitment, drawn_as_sealed, in_drawn_order
from studio.store import Store, arms, briefs, people, rewritten, rounds, runs
from studio.store import datasets as dataset_rows
from studio.train import release

DEFAULT_CAP = 200
MOST_ARMS, MOST_VOTES, MOST_WORDS = 4, 3, 4000
"""The most arms of a round, votes on a prompt, and characters of its guidelines."""
SECOND_READERS = 0.20
"""The share of prompts that two reviewers vote on when there are two: how agreement is measured."""


@dataclass(frozen=True)
class Plan:
    """What a round will register. `cap` counts prompts; `floor` in (0, 1), or None when not asked.

    `candidates`: arms that might ship, the cheapest first; each must beat the cheaper ones and all the `baselines`.
    `votes`: how many each prompt gets, 1 to 3; `second_readers`: the share of prompts, 0 to 1, that get two at least.
    `guardrails` None: every slice of the brief, with the margin 0.10. `gold` pairs have a known answer, and a reviewer
    must get `gold_right` of them right to stay in the count; `repeats` come twice, sides swapped; `sentinels`: one arm
    beside itself. `shown_plain`:
    without Markdown marks. `guidelines`: for the reviewers. `deadline`: the last day as YYYY-MM-DD, "" for none.
    `experts`: slices with the ids of those who alone are asked about them; every other slice is for everybody.
    `practice`: declared to be one, whoever votes, so that scripted votes count in it; a round in which nobody is
    independent is one anyway.
    """

    candidates: tuple[str, ...]
    baselines: tuple[str, ...]
    dataset: str
    cap: int = DEFAULT_CAP
    theta_min: float = 0.55
    floor: float | None = 0.60
    guardrails: tuple[Guardrail, ...] | None = None
    votes: int = 1
    second_readers: float = 0.0
    gold: int = 0
    gold_right: int = 0
    repeats: int = 0
    sentinels: Sentinels = Sentinels()
    shown_plain: bool = False
    guidelines: str = ""
    deadline: str = ""
    experts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    practice: bool = False

    @property
    def contests(self) -> tuple[Candidate, ...]:
        """Each candidate with all that it must beat, the cheapest first."""
        return tuple(
            Candidate(arm, (*self.baselines, *self.candidates[:place])) for place, arm in enumerate(self.candidates)
        )


def plan_for(store: Store, project: str, candidate: str, dataset: str) -> Plan:
    """The default plan: the candidate against the base and every prompt that has outputs."""
    written = {g.arm for g in arms.generations(store, dataset)}
    others = [a for a in arms.every(store, project) if a.id != candidate and a.kind is not ArmKind.tuned]
    reviewers = [p for p in independent_people(store, project) if p.role is Role.reviewer]
    second = SECOND_READERS if len(reviewers) > 1 else 0.0
    return Plan((candidate,), tuple(a.id for a in others if a.id in written), dataset, second_readers=second)


def ready_arms(store: Store, project: str, dataset: str) -> list[Arm]:
    """The arms in use that answered every test prompt of the dataset as they are now; a round can be about these."""
    found = dataset_rows.get(store, dataset)
    wanted = {e.id for e in datasets.rows_in(store, found, Split.test)} if found else set()
    written = arms.generations(store, dataset)
    return [
        arm for arm in arms.every(store, project)
        if wanted and wanted <= {g.example for g in written if g.arm == arm.id and is_current(arm, g)}
    ]  # fmt: skip


def answers(store: Store, dataset: str, arm: str) -> dict[str, str]:
    """Prompt -> what the arm wrote to it, for the test prompts of a dataset: to plan with, never to show."""
    found = dataset_rows.get(store, dataset)
    wanted = {e.id for e in datasets.rows_in(store, found, Split.test)} if found else set()
    return {g.example: g.output for g in arms.generations(store, dataset, arm) if g.example in wanted}


def in_cost_order(chosen: Sequence[Arm], prices: Mapping[str, tuple[str, float | None]]) -> list[Arm]:
    """The cheapest first: by what a request of each costs (`prices`: arm -> currency and price), where all have a price
    in one currency; otherwise by kind, a tuned model last, for it has to be trained and kept."""
    known = [prices[arm.id] for arm in chosen if arm.id in prices]
    if len(known) == len(chosen) and len({currency for currency, _ in known}) == 1:
        told = {arm.id: price for arm, (_, price) in zip(chosen, known, strict=True) if price is not None}
        if len(told) == len(chosen):
            return sorted(chosen, key=lambda arm: told[arm.id])
    kinds = list(ArmKind)
    return sorted(chosen, key=lambda arm: (arm.kind is ArmKind.tuned, kinds.index(arm.kind)))


def open_round(store: Store, actor: str, project: str, plan: Plan) -> Round:
    """Registers and opens a round over the dataset's test prompts. Raises Refusal, and opens nothing, when
    outputs are missing, the arms cannot be told apart, the plan cannot be judged, or another round is open."""
    brief, dataset = briefs.latest(store, project), dataset_rows.get(store, plan.dataset)
    if brief is None or dataset is None or dataset.discarded:
        raise Refusal("A round needs a brief and a frozen dataset. Nothing was opened.")
    tests = datasets.rows_in(store, dataset, Split.test)
    if not tests:
        raise Refusal("The frozen dataset holds no test prompts, so there is nothing to vote on. Nothing was opened.")
    looks.raise_if_spent(store, dataset, "Nothing was opened.")
    seed, name = secrets.token_hex(16), uuid.uuid4().hex[:12]
    order = in_drawn_order(seed, tests)
    _refuse_unfit(plan)
    _refuse_few_experts(store, project, plan)
    outputs = _outputs(store, plan, tests)
    spare = datasets.rows_in(store, dataset, Split.validation)
    registration = _registration(store, project, plan, _planned(seed, plan, order), outputs)
    _refuse_strangers(plan, spare)
    for_gold = [e for e in spare if e.id not in {name for name, *_ in plan.sentinels.answers}]
    registration["gold"] = {"pairs": gold.drawn(seed, for_gold, plan.gold), "right": plan.gold_right}
    _refuse_unreleasable(store, registration)
    read_registrations(registration)
    pairs = pairing.rows(seed, registration, {e.id: e for e in (*tests, *spare)}, outputs, plan.sentinels)
    payload = {
        "id": name, "registration": registration, "sha256": sha256(canonical(registration)),
        "commitment": commitment(seed, pairs), "sealed": {"seed": seed}, "pairs_blob": store.put_blob(canonical(pairs)),
    }  # fmt: skip
    store.act("round.opened", actor, payload, project)
    found = rounds.get(store, name)
    assert found is not None
    return found


def _refuse_few_experts(store: Store, project: str, plan: Plan) -> None:
    """A slice that is kept for some people needs as many whose votes count as its prompts need votes."""
    known = {p.id for p in (people.everyone(store) if plan.practice else independent_people(store, project))}
    readers = max(plan.votes, 2 if plan.second_readers else 1)
    for name, only in plan.experts:
        if only and len(known & set(only)) < readers:
            raise Refusal(
                f"“{name.replace('_', ' ')}” is kept for {len(known & set(only))} whose votes count, but some prompts "
                f"are to be read by {readers}. Nothing was opened. Name more people for it, or ask for fewer votes."
            )


def _refuse_unfit(plan: Plan) -> None:
    """Refuses a plan that could never be judged, before its outputs are looked at."""
    if not plan.candidates:
        raise Refusal("A round needs an arm that might ship. Nothing was opened. Choose a candidate.")
    if len({*plan.candidates, *plan.baselines}) > MOST_ARMS:
        raise Refusal(f"A round is about {MOST_ARMS} arms at most. Nothing was opened. Choose fewer.")
    if not 1 <= plan.votes <= MOST_VOTES:
        raise Refusal(f"A prompt gets from 1 to {MOST_VOTES} votes, not {plan.votes}. Nothing was opened.")
    if len(plan.guidelines) > MOST_WORDS:
        raise Refusal(f"The guidelines are longer than {MOST_WORDS:,} characters. Nothing was opened. Shorten them.")
    refuse_past(plan.deadline, "Nothing was opened.")
    gold.GoldRule(plan.gold, plan.gold_right)
    for each in plan.contests:
        Registration(each.arm, each.baselines, (), plan.cap, plan.theta_min, plan.floor)


def _refuse_strangers(plan: Plan, spare: Sequence[Example]) -> None:
    """Sentinels are of an arm of the round, and about messages kept aside in its set."""
    told, known = plan.sentinels, {e.id for e in spare}
    if told.answers and told.arm not in {*plan.candidates, *plan.baselines}:
        raise Refusal("The sentinels are of an arm that is not in this round. Nothing was opened. Choose others.")
    if any(name not in known or one == other for name, one, other in told.answers):
        raise Refusal(
            "The sentinels are about other messages than this set keeps aside, or show no two different answers. "
            "Nothing was opened. Let the arm answer twice again."
        )


def refuse_past(deadline: str, kept: str) -> None:
    """Refuses a last day that is none or is over. `kept`: what did not happen, to be said."""
    if not deadline:
        return
    try:
        day = datetime.date.fromisoformat(deadline)
    except ValueError:
        raise Refusal(f"“{deadline}” is not a day. {kept} Write it as year-month-day.") from None
    if day < datetime.datetime.now(datetime.UTC).date():
        raise Refusal(f"The deadline {deadline} is over already. {kept} Choose a later day.")


def may_ship(store: Store, run: str) -> bool:
    """Whether an arm of this run ("": of none) may ever be released (see `studio.train.release`)."""
    return not release.why_not(store, runs.get(store, run))


def _refuse_unreleasable(store: Store, registration: dict[str, Any]) -> None:
    """People's votes are not spent on a model that may never ship; to practise on it is fine."""
    for each in candidates_of(registration):
        facts = registration["arms"][each.arm]
        why = release.why_not(store, runs.get(store, facts["run"]))
        if why and not registration["practice"]:
            raise Refusal(
                f"{facts['name']} was trained {why}, so it is not for release, whatever the votes. "
                "Nothing was opened. Train it again without them."
            )


# -- what the arms wrote ---------------------------------------------------------------------------

Written = dict[str, dict[str, Generation]]


def _outputs(store: Store, plan: Plan, tests: Sequence[Example]) -> Written:
    """What each arm wrote to each test prompt: complete, of the arm's present version, and told apart."""
    wanted = {e.id for e in tests}
    found: Written = {}
    for name in (*plan.candidates, *plan.baselines):
        arm = arms.get(store, name)
        if arm is None or arm.retired:
            raise Refusal("One of the arms is not in use any more. Nothing was opened.")
        written = {g.example: g for g in arms.generations(store, plan.dataset, name) if g.example in wanted}
        found[name] = {k: g for k, g in written.items() if is_current(arm, g)}
        if missing := len(tests) - len(found[name]):
            raise Refusal(
                f"{arm.name} has no output for {missing} of {len(tests)} test prompts. Nothing was opened. "
                "Generate outputs on the Compare page first."
            )
        _refuse_foreign(store, arm, found[name])
        _refuse_mixed(arm, found[name])
        _refuse_unrepeated(store, plan.dataset, arm)
    for each in plan.contests:
        for name in each.baselines:
            _refuse_alike(found[each.arm], found[name])
    return found


def is_current(arm: Arm, generation: Generation) -> bool:
    """Whether an output was written by the arm as it is now, not by an older prompt or recipe."""
    if arm.recipe == Recipe():
        return generation.hashes.get("prompt") == prompt_hash(arm.system_prompt)
    return generation.hashes.get("recipe") == recipe_sha256(arm.system_prompt, arm.recipe)


@lru_cache(maxsize=64)  # asked for each of an arm's answers
def prompt_hash(system_prompt: str) -> str:
    """What `hashes["prompt"]` of a plain prompt's output holds: which system prompt the arm had."""
    return sha256(system_prompt)


def _refuse_foreign(store: Store, arm: Arm, written: dict[str, Generation]) -> None:
    """A tuned arm's outputs must carry the hash of its own run's weights."""
    weights = runs.weights(store, arm)
    if weights and any(g.hashes.get("adapter") != weights for g in written.values()):
        raise Refusal(
            f"Some outputs of {arm.name} were not written by its trained weights. Nothing was opened. "
            "Generate its outputs again on the Compare page."
        )


def _refuse_mixed(arm: Arm, written: dict[str, Generation]) -> None:
    """All that an arm wrote comes from one model, asked in one way."""
    if any(len({g.hashes.get(part) for g in written.values()}) > 1 for part in ("base", "template", "settings")):
        raise Refusal(
            f"Some outputs of {arm.name} come from another model, chat template or settings than the others. Nothing "
            "was opened. Generate its outputs again on the Compare page."
        )


def _refuse_unrepeated(store: Store, dataset: str, arm: Arm) -> None:
    """What was written again at the end of the writing must have come out the same."""
    again = rewritten.of(store, dataset, arm.id)
    if again.otherwise:
        raise Refusal(
            f"{len(again.otherwise):,} of {again.n:,} outputs of {arm.name} came out otherwise when they were written "
            "again, so what is stored may not be what it writes. Nothing was opened. Let it answer again on the "
            "Compare page."
        )


def _refuse_alike(one: dict[str, Generation], other: dict[str, Generation]) -> None:
    """Two arms of a round must be different systems, asked with the same decoding settings, and answer differently."""
    if {g.hashes.get("settings") for g in one.values()} != {g.hashes.get("settings") for g in other.values()}:
        raise Refusal(
            "Two of the arms wrote with different settings (length, temperature or seed), so a vote would be about "
            "those, too. Nothing was opened. Generate both again on the Compare page."
        )
    if all(g.hashes == other[name].hashes for name, g in one.items()):
        raise Refusal("Two of the arms are the same model with the same prompt. Nothing was opened. Choose another.")
    if all(g.output.strip() == other[name].output.strip() for name, g in one.items()):
        raise Refusal("Two of the arms answered every prompt alike, so there is nothing to vote on.")


def outputs_sha256(written: dict[str, Generation]) -> str:
    """One hash over what an arm wrote to the registered prompts, with where each text came from."""
    return sha256(canonical([[name, g.output, g.hashes] for name, g in sorted(written.items())]))


# -- what is registered ----------------------------------------------------------------------------


def _planned(seed: str, plan: Plan, order: Sequence[Example]) -> list[dict[str, object]]:
    """The prompts in their random order, each with the number of votes it is to get."""
    doubled = set(random.Random(f"{seed}/second").sample(range(len(order)), round(plan.second_readers * len(order))))
    return [
        {"id": e.id, "slice": e.slice, "votes": max(plan.votes, 2 if i in doubled else 1)} for i, e in enumerate(order)
    ]


def _registration(
    store: Store, project: str, plan: Plan, prompts: list[dict[str, object]], outputs: Written
) -> dict[str, Any]:  # fmt: skip
    brief, dataset = briefs.latest(store, project), dataset_rows.get(store, plan.dataset)
    assert brief is not None and dataset is not None
    named = {arm.id: arm for arm in arms.every(store, project)}
    guardrails = plan.guardrails
    if guardrails is None:
        guardrails = tuple(Guardrail(s.name, critical=s.critical) for s in brief.slices)
    cap = min(plan.cap, len(prompts))
    return {
        "candidates": [{"arm": each.arm, "baselines": list(each.baselines)} for each in plan.contests],
        "arms": {name: _arm_facts(named[name], written) for name, written in outputs.items()},
        "dataset": plan.dataset,
        "dataset_sha256": dataset.sha256,
        "brief_version": brief.version,
        "decoding": to_json(Decoding()),
        "prompts": prompts,
        "cap": cap,
        "dealt": [cap, len(prompts) - cap],
        "draw": DRAW,
        "theta_min": plan.theta_min,
        "floor": plan.floor,
        "guardrails": [{"name": g.name, "delta": g.delta, "critical": g.critical} for g in guardrails],
        "repeats": plan.repeats,
        "sentinels": plan.sentinels.registered,
        "shown_plain": plan.shown_plain,
        "guidelines": plan.guidelines.strip(),
        "deadline": plan.deadline,
        "experts": {name: sorted(only) for name, only in plan.experts if only},
        "targets": {c.name: c.target for c in brief.criteria if c.target and c.checks},
        "practice": plan.practice or not independent_people(store, project),
    }  # fmt: skip


def _arm_facts(arm: Arm, written: dict[str, Generation]) -> dict[str, object]:
    return {
        "name": arm.name, "kind": arm.kind.value, "model": arm.model, "version": arm.version, "run": arm.run,
        "outputs_sha256": outputs_sha256(written),
    }  # fmt: skip


def seal_holds(store: Store, found: Round) -> bool:
    """Whether the published seed deals exactly the pairs and sides that were voted on and committed to."""
    return drawn_as_sealed(found, rounds.pairs(store, found.id))
