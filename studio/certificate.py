"""A certificate: one file with which anybody comes to a round's verdict again, without the studio's records. Pure.

It holds the registration, the seed of the sides, every pair and every vote, and what the studio found at the gates that
no vote can show. Its bytes are canonical JSON; each part has a sum, and the whole has one. Reviewers stand in it under
ids that are made for it. Texts are hashes unless asked for (the hash of a short text can be guessed).

Sums find a change; they do not tell who wrote the file. For that compare its `sha256` with the one that the Decision
page shows, or its chain's head with `studio audit --head`.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.decision import Gate
from studio.judgement import Judgement, judge
from studio.records import Choice, Pair, PairKind, Refusal, Round, Vote, canonical, from_json, sha256, to_json
from studio.review.assessment import FLOOR_COVERAGE, AgainstBaseline, Assessment
from studio.review.assignment import ALARM
from studio.review.evidence import BASE_EVIDENCE, CAP_P, GO_EVIDENCE
from studio.review.ledger import chain_holds
from studio.review.sides import drawn_as_sealed

FORMAT = "yardstick-certificate-1"
RULE = {
    "go_evidence": GO_EVIDENCE, "cap_p": CAP_P, "base_evidence": BASE_EVIDENCE, "floor_coverage": FLOOR_COVERAGE,
    "assignment_alarm": ALARM,
}  # fmt: skip
"""The bounds by which this studio rules; a certificate made by others cannot be run again here."""
PARTS = {
    "format": "the name of the format", "rule": "the rule's bounds", "round": "the round's id, seed and commitment",
    "registration": "the registration", "pairs": "the pairs", "votes": "the votes", "gates": "the gates",
    "verdict": "the verdict", "chain": "the place in the record",
}  # fmt: skip
"""Part of a certificate -> what it is called."""
_CLOSE = 1e-9


@dataclass(frozen=True)
class Chain:
    """Where the studio's record stood when the certificate was made: how many acts, and the hash of the last."""

    acts: int
    head: str


@dataclass(frozen=True)
class Verified:
    """What came of running a certificate again. `verdict` and `headline` are what its votes give, "" if they could not
    be run; `attested`: the gates that only the studio could know, which are believed; `sha256`: of the file's content.
    """

    problems: tuple[str, ...]
    verdict: str = ""
    headline: str = ""
    attested: tuple[str, ...] = ()
    sha256: str = ""
    head: str = ""

    @property
    def ok(self) -> bool:
        return not self.problems


def written(
    found: Round, pairs: Sequence[Pair], votes: Sequence[Vote], gates: Sequence[Gate], chain: Chain,
    judged: Judgement, *, tests: Sequence[str] = (), texts: bool = False,
) -> bytes:  # fmt: skip
    """The certificate of a closed round. `votes` in the order they were cast; `gates`: those that no vote can show;
    `judged`: what the rule makes of it with the same `tests`, which are the test prompts in the order of their set."""
    people = _pseudonyms(found.seed, votes)
    parts = {
        "format": FORMAT,
        "rule": RULE,
        "round": {
            "id": found.id, "seed": found.seed, "commitment": found.commitment, "registration_sha256": found.sha256,
            "closed_because": found.closed_because, "tests": list(tests),
        },
        "registration": found.registration,
        "pairs": [_pair(pair, texts) for pair in pairs],
        "votes": [_vote(vote, people) for vote in votes],
        "gates": to_json(list(gates)),
        "verdict": _told(judged),
        "chain": to_json(chain),
    }  # fmt: skip
    whole = {**parts, "sums": {name: sha256(canonical(part)) for name, part in parts.items()}}
    return canonical({**whole, "sha256": sha256(canonical(whole))})


def sum_of(content: bytes) -> str:
    """The sum that a certificate is known by; it stands in it. Raises ValueError for what is none."""
    return str(json.loads(content)["sha256"])


def verify(content: bytes) -> Verified:
    """Runs a certificate again: its sums, the sides from the seed, the registration's hash, the votes to the verdict.

    Every problem is one sentence that names the part. It believes the gates in `attested`, and that the votes are those
    that people cast: compare the file's `sha256` with one that you trust.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return Verified(("The file is no JSON, or not all of it, so nothing could be checked.",))
    if not isinstance(found, dict) or set(found) != {*PARTS, "sums", "sha256"}:
        return Verified(("The file is not a whole certificate: parts are missing, or there are others.",))
    try:
        problems = _changed(found, content)
        return Verified(tuple(problems)) if problems else _run_again(found)
    except (Refusal, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        return Verified((f"What the certificate holds cannot be run again ({error}).",))


def _changed(found: Mapping[str, Any], content: bytes) -> list[str]:
    """The parts whose bytes are not those that were summed."""
    sums = found["sums"] if isinstance(found["sums"], dict) else {}
    problems = [
        f"{_capital(told)} was changed after the certificate was written."
        for name, told in PARTS.items()
        if sums.get(name) != sha256(canonical(found[name]))
    ]
    whole = {name: part for name, part in found.items() if name != "sha256"}
    if not problems and (set(sums) != set(PARTS) or sha256(canonical(whole)) != found["sha256"]):
        problems = ["The certificate's own sum was changed after it was written."]
    if not problems and canonical(found) != content:
        problems = ["The file's bytes were changed after it was written, though what they say was not."]
    return problems


def _run_again(found: Mapping[str, Any]) -> Verified:
    told = found["round"]
    again = Round(
        told["id"], "", found["registration"], told["registration_sha256"], "closed", told["commitment"], told["seed"],
        told["closed_because"],
    )  # fmt: skip
    pairs, votes = [_read_pair(each) for each in found["pairs"]], [_read_vote(each) for each in found["votes"]]
    gates = [from_json(Gate, each) for each in found["gates"]]
    lengths = {each["id"]: (each["left"]["length"], each["right"]["length"]) for each in found["pairs"]}
    judged = judge(again, pairs, votes, gates, tests=told["tests"], lengths=lengths)
    problems = []
    if found["format"] != FORMAT or found["rule"] != RULE:
        problems.append("The certificate was made by another version of the rule, so this studio may judge otherwise.")
    if sha256(canonical(again.registration)) != again.sha256:
        problems.append("The registration is not the one that was hashed before the first vote.")
    if not chain_holds(again):
        problems.append("The amendments do not lead back to the registration of the opening.")
    if not drawn_as_sealed(again, pairs):
        problems.append("The seed does not deal the sides that were committed to when the round opened.")
    if len({(vote.pair, vote.reviewer) for vote in votes}) < len(votes):
        problems.append("A reviewer stands there with two votes on one pair; a round takes one.")
    problems += [
        f"A text of pair {each['id']} is not the one that was hashed." for each in found["pairs"] if _odd(each)
    ]
    problems += _otherwise(_told(judged), found["verdict"])
    attested = tuple(f"{gate.name}: {gate.state.value}. {gate.sentence}" for gate in gates)
    ruled = judged.ruling
    return Verified(
        tuple(problems), ruled.verdict.value, ruled.headline, attested, found["sha256"], str(found["chain"]["head"])
    )


# -- the verdict and what it rests on --------------------------------------------------------------


def _told(judged: Judgement) -> dict[str, Any]:
    """What the certificate says came out; sentences are left to whoever runs it again."""
    ruled = judged.ruling
    return {
        "verdict": ruled.verdict.value, "in_words": ruled.in_words, "votes_alone": ruled.votes_alone.value,
        "arm": ruled.arm, "subject": ruled.subject, "scripted": ruled.scripted, "practice": ruled.practice,
        "gates": {gate.name: gate.state.value for gate in ruled.gates},
        "candidates": {each.candidate: _figures(each) for each in judged.assessments},
    }  # fmt: skip


def _figures(assessed: Assessment) -> dict[str, Any]:
    floor = to_json(assessed.floor)
    return {"floor": floor, "against": {each.baseline: _against(each) for each in assessed.against}}


def _against(each: AgainstBaseline) -> dict[str, Any]:
    return {
        "prompts": each.n, "votes": each.votes, "theta": each.theta, "interval": to_json(each.interval),
        "both_bad": each.both_bad, "e_go": each.e_go, "e_no_go": each.e_no_go, "p_cap": each.p_cap,
        "slices": {found.name: found.state.value for found in each.slices},
    }  # fmt: skip


def _otherwise(run: Any, told: Any, where: str = "") -> list[str]:
    """Where what was run again differs from what is told; figures may differ in the ninth place, as machines do."""
    if isinstance(run, dict) and isinstance(told, dict) and run.keys() == told.keys():
        return [line for key in run for line in _otherwise(run[key], told[key], f"{where} {key}".strip())]
    numbers = [type(value) in (int, float) for value in (run, told)]
    same = math.isclose(run, told, rel_tol=_CLOSE, abs_tol=1e-12) if all(numbers) else run == told
    return [] if same else [f"The certificate says {told!r} for {where}; its votes give {run!r}."]


# -- pairs and votes -------------------------------------------------------------------------------


def _pseudonyms(seed: str, votes: Sequence[Vote]) -> dict[str, str]:
    """Reviewer -> an id for this certificate: the same each time it is made, and telling nothing of the person's id."""
    voters = sorted({vote.reviewer for vote in votes})
    random.Random(f"{seed}/reviewers").shuffle(voters)
    return {who: f"reviewer-{sha256(f'{seed}/reviewers/{place}')[:8]}" for place, who in enumerate(voters)}


def _pair(pair: Pair, texts: bool) -> dict[str, Any]:
    return {
        "id": pair.id, "position": pair.position, "prompt": pair.example, "slice": pair.slice,
        "candidate": pair.candidate, "baseline": pair.baseline, "candidate_left": pair.candidate_left,
        "kind": pair.kind.value, "of": pair.of,
        **{side: _text(text, texts) for side, text in
           (("input", pair.input), ("left", pair.left), ("right", pair.right))},
    }  # fmt: skip


def _text(text: str, shown: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"sha256": sha256(text), "length": len(text)}
    return told | {"text": text} if shown else told


def _odd(pair: Mapping[str, Any]) -> bool:
    sides = [pair[side] for side in ("input", "left", "right")]
    return any("text" in s and (sha256(s["text"]), len(s["text"])) != (s["sha256"], s["length"]) for s in sides)


def _read_pair(told: Mapping[str, Any]) -> Pair:
    return Pair(
        told["id"], "", told["position"], told["prompt"], told["slice"], "", "", "", told["baseline"],
        told["candidate_left"], candidate=told["candidate"], kind=PairKind(told["kind"]), of=told["of"],
    )  # fmt: skip


def _vote(vote: Vote, people: Mapping[str, str]) -> dict[str, Any]:
    return {
        "pair": vote.pair, "reviewer": people[vote.reviewer], "choice": vote.choice.value,
        "shippable_a": vote.shippable_a, "shippable_b": vote.shippable_b, "scripted": vote.scripted,
        "independent": not vote.conflict,
    }  # fmt: skip


def _read_vote(told: Mapping[str, Any]) -> Vote:
    return Vote(
        told["pair"], told["reviewer"], Choice(told["choice"]), "", told["shippable_a"], told["shippable_b"],
        told["scripted"], "" if told["independent"] else "not independent",
    )  # fmt: skip


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
