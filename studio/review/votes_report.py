"""What a table of votes says: the core of `studio votes`. Pure: rows in, one JSON object out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from studio.records import Choice, PairKind, Refusal, Verdict, to_json
from studio.review.agreement import agreement
from studio.review.assessment import AgainstBaseline, Assessment, judge, position_of, projected, tested
from studio.review.diagnostics import Diagnostics, diagnose, verdict_in_words
from studio.review.evidence import Interval
from studio.review.gates import preference_sentence, projection_sentence
from studio.review.ranking import of_assessments
from studio.review.raters import Reliability
from studio.review.scoring import Guardrail, PlannedPrompt, Registration, Scored, score
from studio.review.sensitivity import exit_guess
from studio.review.votes_raters import table_raters
from studio.review.votes_table import TableVote, read_votes


def votes_report(
    table: Sequence[Mapping[Any, Any]], theta_min: float = 0.55, cap: int | None = None, floor: float = 0.60,
    guesses: tuple[int, int] | None = None, gold_right: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """What a votes table says, as the JSON object of `studio votes`. Raises Refusal for a table it cannot trust.

    Prompts count in the order they first appear, up to `cap`; a prompt is complete with the votes it has, and
    excluded if it has only skips. The floor is judged when the table holds shippable answers, every slice is a
    guardrail, and gold rows judge reviewers, never arms. The top-level figures are those of the candidate that
    the verdict is about, against its hardest baseline; `pairs` has every pair. A table knows no audits and no
    independence, so its verdict is that of the votes alone, and INCONCLUSIVE if a script cast any of them.
    `guesses`: how many of how many guesses of which arm was the candidate were right. `gold_right`: whoever can no
    longer get so many of the gold pairs right leaves the count; 0: nobody. Diagnostics never change the verdict.
    """
    votes = read_votes(table)
    raters = table_raters(votes, gold_right)
    gone = {rater.reviewer for rater in raters.raters if rater.excluded}
    real = [v for v in votes if v.kind is PairKind.real and v.ballot.reviewer not in gone]
    cast = [v for v in real if v.ballot.choice is not Choice.skip]
    if not cast:
        raise Refusal("The votes table holds no vote that counts: every row is a skip, a gold pair or the like.")
    told = [
        _assess([v for v in real if v.candidate == candidate], theta_min, cap, floor)
        for candidate in dict.fromkeys(v.candidate for v in cast)
    ]
    about, alone = tested(told)
    against = [a for assessment in told for a in assessment.against]
    n_votes = sum(a.votes for a in against)
    ruled = Verdict.inconclusive if (scripted := sum(v.ballot.scripted for v in real)) else alone
    checked = {a.candidate: _diagnosed(a, real, guesses) for a in told}
    return {
        **_figures(about, about.hardest, checked[about.candidate]),
        "n_prompts": len({p.prompt for a in against for p in a.scored.prompts}),
        "n_votes": n_votes,
        "verdict": ruled.value,
        "in_words": verdict_in_words(ruled, bool(checked[about.candidate].length_dependent)),
        "votes_alone": alone.value,
        "agreement": _agreement(against),
        "position": _position(cast),
        **_trust(checked[about.candidate]),
        "ranking": _ranking(told),
        "floor": to_json(about.floor),
        "pairs": [_figures(a, b, checked[a.candidate]) for a in told for b in a.against],
        "projection": _projection(about) if alone is Verdict.keep_collecting else None,
        **_reviewers(raters),
        "skips": len(real) - len(cast),
        "beyond_cap": len(cast) - n_votes,
        "scripted_votes": scripted,
    }


def _assess(votes: Sequence[TableVote], theta_min: float, cap: int | None, floor: float) -> Assessment:
    """One candidate. Each pair of arms is scored by itself: a table may hold other prompts for each baseline."""
    real = [v.ballot for v in votes if v.ballot.choice is not Choice.skip]
    answered = any(b.shippable_a is not None for b in real)
    slices = {v.ballot.prompt: v.slice for v in votes}
    plan = Registration(
        candidate=votes[0].candidate,
        baselines=tuple(dict.fromkeys(b.baseline for b in real)),
        prompts=tuple(PlannedPrompt(p, slices[p]) for p in dict.fromkeys(b.prompt for b in real)),
        cap=cap,
        theta_min=theta_min,
        floor=floor if answered else None,
        guardrails=tuple(Guardrail(name) for name in dict.fromkeys(slices.values()) if name),
        fixed_list=False,
    )
    scored: list[Scored] = []
    for baseline in plan.baselines:
        cast = [b for b in real if b.baseline == baseline]
        counts = Counter(b.prompt for b in cast)
        prompts = tuple(PlannedPrompt(p, slices[p], n) for p, n in counts.items())
        scored += score(cast, replace(plan, baselines=(baseline,), prompts=prompts))
    return judge(scored, plan, real)


def _diagnosed(assessment: Assessment, votes: Sequence[TableVote], guesses: tuple[int, int] | None) -> Diagnostics:
    own = [v.ballot for v in votes if v.candidate == assessment.candidate]
    return diagnose(assessment, own, exit_guess(*guesses) if guesses else None, even=False)


def _figures(assessment: Assessment, against: AgainstBaseline, checked: Diagnostics) -> dict[str, Any]:
    robust = next(each for each in checked.against if each.baseline == against.baseline)
    return {
        "candidate": assessment.candidate,
        "baseline": against.baseline,
        "n_prompts": against.n,
        "n_votes": against.votes,
        "theta": against.theta,
        "interval": _ends(against.interval),
        "se_prompt": against.se,
        "net_win": against.net_win,
        "both_bad_share": against.both_bad,
        "e_go": against.e_go,
        "e_no_go": against.e_no_go,
        "no_go_at": against.no_go_at,
        "p_cap": against.p_cap,
        "slices": {
            f.name: {
                "state": f.state.value,
                "n": f.n,
                "theta": f.theta,
                "interval": _ends(f.interval),
                "shrunken": f.shrunken,
                "e_cleared": f.e_cleared,
                "e_regressed": f.e_regressed,
                "regressed_at": f.regressed_at,
            }
            for f in against.slices
        },
        "sentence": preference_sentence(against, assessment.candidate, against.baseline),
        "length": {**_spoken(robust.length), "survives": robust.length.survives},
        "two_way": {**_spoken(robust.errors), "larger": robust.errors.larger},
        "leave_one_out": _spoken(robust.reviewers),
    }


def _trust(checked: Diagnostics) -> dict[str, Any]:
    dealt, guessed = checked.assignment, checked.guess
    return {
        "assignment": {**_spoken(dealt), "e_value": dealt.e_value, "alarm": dealt.alarm},
        "exit_guess": {**_spoken(guessed), "banner": guessed.banner} if guessed else None,
    }


def _spoken(found: Any) -> dict[str, Any]:
    """A diagnostic as JSON, with its sentence; intervals as two ends."""
    told = {
        key: list(value.values()) if key == "interval" and value else value for key, value in to_json(found).items()
    }
    return {**told, "sentence": found.sentence}


def _agreement(against: Iterable[AgainstBaseline]) -> dict[str, Any]:
    found = agreement([p.labels for a in against for p in a.scored.prompts if len(p.labels) > 1])
    return {**_spoken(found), "interval": _ends(found.interval)}


def _position(votes: Iterable[TableVote]) -> dict[str, Any]:
    return _spoken(position_of(v.ballot for v in votes))


def _ranking(told: Iterable[Assessment]) -> list[dict[str, Any]]:
    return [{"arm": s.arm, "strength": s.strength, "interval": _ends(s.interval)} for s in of_assessments(told)]


def _projection(about: Assessment) -> dict[str, Any]:
    found = projected(about)
    return {**to_json(found), "sentence": projection_sentence(found)}


def _reviewers(found: Reliability) -> dict[str, Any]:
    """How often each reviewer found the arm that must win (a tie or both bad misses it, a skip does not count), and
    how they did on repeats and sentinels."""
    whole = found.together("gold")
    told = {e.reviewer: {"n": e.gold.n, "right": e.gold.right} for e in found.raters if e.gold.n}
    gone = [e.reviewer for e in found.raters if e.excluded]
    return {
        "gold": {"n": whole.n, "right": whole.right, "reviewers": told},
        "raters": {**_spoken(found), "excluded": gone},
    }


def _ends(interval: Interval) -> list[float]:
    return [interval.low, interval.high]
