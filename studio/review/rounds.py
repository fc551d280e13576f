"""The blind round: register, vote, close. Arms never leave the server while it is open.

The sides are drawn from a seed that is committed to (its SHA-256 is shown) when the round opens and
published when it closes. After each vote the server applies the registered rule and closes the round
by itself; people see only how many prompts are done.
"""

from __future__ import annotations

import hashlib
import random
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from studio import datasets
from studio.evaluate import checks
from studio.records import (
    Arm,
    ArmKind,
    Choice,
    Decoding,
    Example,
    Generation,
    Pair,
    Person,
    Refusal,
    Round,
    Split,
    Vote,
    canonical,
    sha256,
    to_json,
)
from studio.review import preference
from studio.review.scoring import Guardrail, PlannedPrompt, Registration, ballots
from studio.store import Store, arms, briefs, examples, people, rounds, runs
from studio.store import datasets as dataset_rows

MIN_SECONDS_ON_SCREEN = 0.35
"""A pair shown for less was not read: a held key or a double click, not a vote."""

SKIP_REASONS = ("I cannot judge this topic", "The input makes no sense", "I know this case or wrote it")
DEFAULT_CAP = 200


@dataclass(frozen=True)
class Plan:
    """What a round will register. `cap` counts prompts; `floor` in (0, 1), or None when not asked."""

    candidate: str
    baselines: tuple[str, ...]
    dataset: str
    cap: int = DEFAULT_CAP
    theta_min: float = 0.55
    floor: float | None = 0.60
    guardrail_delta: float = 0.10


@dataclass(frozen=True)
class Progress:
    """All that anybody sees while a round is open: prompts done, the most there can be, own votes and what is left."""

    done: int
    last: int
    mine: int
    left_for_me: int


# -- opening ---------------------------------------------------------------------------------------


def conflict(store: Store, project: str, person: Person) -> str:
    """Why this person's votes stay outside the gate: they curated, launched or saw outputs. "" when independent."""
    if person.scripted:
        return "a script, not a person"
    if examples.curators(store, project).get(person.id):
        return "wrote, imported or approved examples"
    if person.id in runs.launchers(store, project):
        return "started a training or generation job"
    if person.id in arms.exposed(store, project):
        return "saw which arm wrote what"
    return ""


def independent_people(store: Store, project: str) -> list[Person]:
    return [p for p in people.everyone(store) if p.active and not conflict(store, project, p)]


def open_round(store: Store, actor: str, project: str, plan: Plan) -> Round:
    """Registers and opens a round over the dataset's test prompts. Raises Refusal when outputs are missing,
    the arms cannot be told apart, or another round is open."""
    brief, dataset = briefs.latest(store, project), dataset_rows.get(store, plan.dataset)
    if brief is None or dataset is None:
        raise Refusal("A round needs a brief and a frozen dataset. Nothing was opened.")
    tests = datasets.rows_in(store, dataset, Split.test)
    outputs = _outputs(store, plan, tests)
    seed = secrets.token_hex(16)
    order = random.Random(f"{seed}/order").sample(tests, len(tests))
    registration = _registration(store, project, plan, order, outputs, brief.version)
    pairs = _pairs(seed, plan, order, outputs)
    name = uuid.uuid4().hex[:12]
    payload = {
        "id": name, "registration": registration, "sha256": sha256(canonical(registration)),
        "commitment": commitment(seed, pairs), "sealed": {"seed": seed}, "pairs_blob": store.put_blob(canonical(pairs)),
    }  # fmt: skip
    store.act("round.opened", actor, payload, project)
    found = rounds.get(store, name)
    assert found is not None
    return found


def _outputs(store: Store, plan: Plan, tests: Sequence[Example]) -> dict[str, dict[str, Generation]]:
    """Arm -> prompt -> output, complete and of the arm's present version."""
    found: dict[str, dict[str, Generation]] = {}
    for name in (plan.candidate, *plan.baselines):
        arm = arms.get(store, name)
        if arm is None or arm.retired:
            raise Refusal("One of the arms is not in use any more. Nothing was opened.")
        found[name] = {g.example: g for g in arms.generations(store, plan.dataset, name) if is_current(arm, g)}
        missing = sum(e.id not in found[name] for e in tests)
        if missing:
            raise Refusal(
                f"{arm.name} has no output for {missing} of {len(tests)} test prompts. Nothing was opened. "
                "Generate outputs on the Compare page first."
            )
    for name in plan.baselines:
        if all(found[name][e.id].output == found[plan.candidate][e.id].output for e in tests):
            raise Refusal("Two of the arms answered every prompt alike, so there is nothing to vote on.")
    return found


def is_current(arm: Arm, generation: Generation) -> bool:
    """Whether an output was written by the arm as it is now, not by an older prompt."""
    return generation.hashes.get("prompt") == prompt_hash(arm.system_prompt)


def prompt_hash(system_prompt: str) -> str:
    return sha256(system_prompt)


def _registration(
    store: Store, project: str, plan: Plan, order: Sequence[Example], outputs: dict[str, dict[str, Generation]],
    brief_version: int,
) -> dict[str, object]:  # fmt: skip
    brief = briefs.latest(store, project)
    assert brief is not None
    named = {arm.id: arm for arm in arms.every(store, project)}
    return {
        "candidate": plan.candidate,
        "baselines": list(plan.baselines),
        "arms": {name: _arm_facts(named[name], by_prompt) for name, by_prompt in outputs.items()},
        "cost_order": [plan.candidate],
        "dataset": plan.dataset,
        "brief_version": brief_version,
        "decoding": to_json(Decoding()),
        "prompts": [{"id": e.id, "slice": e.slice, "votes": 1} for e in order],
        "cap": min(plan.cap, len(order)),
        "theta_min": plan.theta_min,
        "floor": plan.floor,
        "guardrails": [
            {"name": s.name, "delta": plan.guardrail_delta, "critical": s.critical} for s in brief.slices
        ],
        "gold": [],
        "exclusion": "none",
        "practice": not independent_people(store, project),
    }  # fmt: skip


def _arm_facts(arm: Arm, outputs: dict[str, Generation]) -> dict[str, object]:
    texts = [[name, g.output, g.hashes] for name, g in sorted(outputs.items())]
    return {
        "name": arm.name, "kind": arm.kind.value, "model": arm.model, "version": arm.version, "run": arm.run,
        "outputs_sha256": sha256(canonical(texts)),
    }  # fmt: skip


def _pairs(
    seed: str, plan: Plan, order: Sequence[Example], outputs: dict[str, dict[str, Generation]]
) -> list[dict[str, object]]:  # fmt: skip
    """A pair per prompt and baseline, prompts in the registered order, baselines in a drawn one, sides balanced."""
    draw = random.Random(f"{seed}/sides")
    sides = {name: _balanced(draw, len(order)) for name in plan.baselines}
    pairs: list[dict[str, object]] = []
    for i, example in enumerate(order[: plan.cap]):
        for baseline in draw.sample(plan.baselines, len(plan.baselines)):
            candidate, other = (outputs[a][example.id].output.strip() for a in (plan.candidate, baseline))
            left = sides[baseline][i]
            pairs.append({
                "id": draw.randbytes(12).hex(), "round": "", "position": len(pairs), "example": example.id,
                "slice": example.slice, "input": example.input, "left_text": candidate if left else other,
                "right_text": other if left else candidate, "baseline": baseline, "candidate_left": left,
            })  # fmt: skip
    return pairs


def _balanced(draw: random.Random, n: int) -> list[bool]:
    sides = [i % 2 == 0 for i in range(n)]
    draw.shuffle(sides)
    return sides


def commitment(seed: str, pairs: Sequence[dict[str, object]]) -> str:
    """What is published at the opening: a hash of the seed and the side of every pair."""
    sides = [[p["id"], p["candidate_left"]] for p in pairs]
    return hashlib.sha256(seed.encode() + canonical(sides)).hexdigest()


def registered(found: Round) -> Registration:
    """The frozen registration as the rule reads it."""
    r = found.registration
    return Registration(
        candidate=r["candidate"],
        baselines=tuple(r["baselines"]),
        prompts=tuple(PlannedPrompt(p["id"], p["slice"], p["votes"]) for p in r["prompts"]),
        cap=r["cap"],
        theta_min=r["theta_min"],
        floor=r["floor"],
        guardrails=tuple(Guardrail(g["name"], g["delta"], g["critical"]) for g in r["guardrails"]),
    )


# -- voting ----------------------------------------------------------------------------------------


def next_pair(store: Store, found: Round, reviewer: str) -> Pair | None:
    """The first pair in the registered order that still needs a vote and this reviewer has not voted on."""
    cast, everything = _cast(store, found), rounds.pairs(store, found.id)
    mine = {v.pair for v in cast if v.reviewer == reviewer}
    full = {v.pair for v in counted(found, cast) if v.choice is not Choice.skip}
    counts_here = _counts(store, found, reviewer)
    return next((p for p in everything if p.id not in mine and not (counts_here and p.id in full)), None)


def _cast(store: Store, found: Round) -> list[Vote]:
    return rounds.votes(store, found.id)


def counted(found: Round, cast: Sequence[Vote]) -> list[Vote]:
    """The votes that the rule sees: in a practice round all, else only the independent ones."""
    return [v for v in cast if found.registration["practice"] or not v.conflict]


def _counts(store: Store, found: Round, reviewer: str) -> bool:
    person = people.get(store, reviewer)
    return bool(found.registration["practice"]) or (person is not None and not conflict(store, found.project, person))


def progress(store: Store, found: Round, reviewer: str) -> Progress:
    cast, everything = _cast(store, found), rounds.pairs(store, found.id)
    assessed = assess(store, found)
    mine = {v.pair for v in cast if v.reviewer == reviewer}
    full = {v.pair for v in counted(found, cast) if v.choice is not Choice.skip} - mine
    left = len({p.id for p in everything} - mine - (full if _counts(store, found, reviewer) else set()))
    return Progress(assessed.done, int(found.registration["cap"]), len(mine), left)


def vote(
    store: Store, found: Round, reviewer: Person, pair_id: str, side: str, *, seconds_on_screen: float,
    reason: str = "", shippable_left: bool | None = None, shippable_right: bool | None = None,
) -> Round:  # fmt: skip
    """Casts one vote (`side`: left, right, tie, both_bad, skip), then applies the closing rule.

    Raises Refusal for a second vote on the pair, a late one, one on a pair that was hardly on screen, and
    anything that is not a vote. Returns the round as it is afterwards.
    """
    if seconds_on_screen < MIN_SECONDS_ON_SCREEN and not reviewer.scripted:
        raise Refusal("That was quicker than reading: the pair had just come up. It was not counted; vote again.")
    pair = rounds.pair(store, pair_id)
    if pair is None or pair.round != found.id:
        raise Refusal("This pair is not part of the round. The vote was not counted. Reload the page.")
    ships = (shippable_left, shippable_right) if pair.candidate_left else (shippable_right, shippable_left)
    payload = {
        "round": found.id, "registration": found.sha256, "pair": pair_id, "choice": _choice(side, pair).value,
        "reason": reason.strip(), "shippable_a": ships[0], "shippable_b": ships[1], "scripted": reviewer.scripted,
        "conflict": conflict(store, found.project, reviewer),
    }  # fmt: skip
    store.act("vote.cast", reviewer.id, payload, found.project)
    return close_if_decided(store, found)


def _choice(side: str, pair: Pair) -> Choice:
    if side in ("left", "right"):
        return Choice.a if (side == "left") == pair.candidate_left else Choice.b
    if side not in ("tie", "both_bad", "skip"):
        raise Refusal(f"“{side}” is not a vote this studio knows; nothing was counted.")
    return Choice(side)


def undo_last(store: Store, found: Round, reviewer: str) -> None:
    """Takes the reviewer's last vote in this round back. Raises Refusal when there is none or it closed."""
    last = rounds.last_vote(store, found.id, reviewer)
    if last is None:
        raise Refusal("You have no vote in this round to undo. Nothing was changed.")
    store.undo(last[0], reviewer)


# -- closing ---------------------------------------------------------------------------------------


def assess(store: Store, found: Round) -> preference.Assessment:
    """What the counted votes say by the registered rule. For pages only once the round is closed."""
    seen = counted(found, _cast(store, found))
    return preference.assess(ballots(rounds.pairs(store, found.id), seen), registered(found))


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
    reason = assess(store, now).stop_reason
    return close(store, "studio", now, _BECAUSE[reason]) if reason else now


def close(store: Store, actor: str, found: Round, because: str) -> Round:
    """Closes a round and publishes the seed of its sides."""
    opened = next(a for a in store.history(found.project, ["round.opened"]) if store.payload(a)["id"] == found.id)
    seed = store.payload(opened)["sealed"]["seed"]
    store.act("round.closed", actor, {"id": found.id, "because": because, "seed": seed}, found.project)
    closed = rounds.get(store, found.id)
    assert closed is not None
    return closed


def cancel(store: Store, actor: str, found: Round, because: str) -> None:
    """Ends a round without a result; its votes stay in the record."""
    if not because.strip():
        raise Refusal("Cancelling a round needs a reason; others will read it. Nothing was changed.")
    store.act("round.cancelled", actor, {"id": found.id, "because": because.strip()}, found.project)


def seal_holds(store: Store, found: Round) -> bool:
    """Whether the published seed and the sides match what was committed to at the opening."""
    pairs = [{"id": p.id, "candidate_left": p.candidate_left} for p in rounds.pairs(store, found.id)]
    return commitment(found.seed, pairs) == found.commitment


# -- scripted votes --------------------------------------------------------------------------------


def vote_by_script(store: Store, found: Round, reviewer: Person, most: int = 10_000) -> Round:
    """A scripted reviewer prefers the output that keeps more of the brief's checkable rules. For demos and tests
    only: every vote is marked scripted, and no ruling on them ever ships anything."""
    brief, dataset = briefs.latest(store, found.project), dataset_rows.get(store, found.registration["dataset"])
    if brief is None or dataset is None or not reviewer.scripted:
        raise Refusal("Only the scripted reviewer can vote by script. Nothing was counted.")
    ideals = {e.id: e.ideal for e in datasets.rows_in(store, dataset, Split.test)}
    for _ in range(most):
        pair = next_pair(store, found, reviewer.id) if found.state == "open" else None
        if pair is None:
            break
        left, right = (
            checks.share_kept(brief, checks.Subject(pair.input, text, ideals[pair.example], pair.slice)) or 0.0
            for text in (pair.left, pair.right)
        )
        side = "left" if left > right else "right" if right > left else "tie" if left > 0 else "both_bad"
        found = vote(
            store, found, reviewer, pair.id, side, seconds_on_screen=time.monotonic(),
            shippable_left=left == 1.0, shippable_right=right == 1.0,
        )  # fmt: skip
    return found


def plan_for(store: Store, project: str, candidate: str, dataset: str) -> Plan:
    """The default plan: the candidate against the base and every prompt that has outputs."""
    written = {g.arm for g in arms.generations(store, dataset)}
    others = [a for a in arms.every(store, project) if a.id != candidate and a.kind is not ArmKind.tuned]
    return Plan(candidate, tuple(a.id for a in others if a.id in written), dataset)
