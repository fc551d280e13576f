"""What the votes say of each candidate: preference, evidence, slices, what could ship, agreement, sides, robustness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from studio.figures.figure import Basis, Behind, Figure, Material, figure_id
from studio.review.agreement import wilson
from studio.review.assessment import AgainstBaseline, Assessment, SliceFinding
from studio.review.diagnostics import Diagnostics, Robustness
from studio.review.evidence import GO_EVIDENCE, Interval
from studio.review.gates import Words, preference_sentence
from studio.wording import percent

SHARE, EVIDENCE, P, VOTES = "share", "to 1", "p", "votes"
"""Units of values: a share from 0 to 1 (a net share from -1); how many times its money a bet has made; a p value."""


def figures(made: Material, words: Words) -> tuple[Figure, ...]:
    """Of every candidate, the one that the ruling speaks of first."""
    both = sorted(
        zip(made.told.assessments, made.told.diagnostics, strict=True),
        key=lambda each: each[0].candidate != made.told.subject[0].candidate,
    )
    return tuple(
        figure for assessed, checked in both for figure in _of_candidate(assessed, checked, words, made.people)
    )


def _of_candidate(
    assessed: Assessment, checked: Diagnostics, words: Words, people: Mapping[str, str]
) -> Iterator[Figure]:
    for against in assessed.against:
        yield from _preference(assessed, against, words)
    for against in assessed.against:
        for finding in against.slices:
            yield from _slice(assessed, against, finding, words)
    yield from _counted(assessed, words)
    yield from _trust(checked, assessed.candidate, words)
    for each in checked.against:
        yield from _robust(each, assessed.candidate, words, people)


def _preference(assessed: Assessment, found: AgainstBaseline, words: Words) -> Iterator[Figure]:
    arm, other = words[assessed.candidate], words[found.baseline]
    start, both = f"preference/{assessed.candidate}/{found.baseline}", f"{arm} against {other}"
    behind = Behind(Basis.scored, assessed.candidate, found.baseline)

    def figure(
        key: str, name: str, value: float | None, unit: str, told: str, span: Interval | None = None,
    ) -> Figure:  # fmt: skip
        low, high = _ends(span)
        return Figure(f"{start}/{key}", "Preference", f"{both}: {name}", value, low, high, found.n, unit, told,
                      behind=behind)  # fmt: skip

    yield figure("theta", "preferred (theta)", found.theta, SHARE,
                 preference_sentence(found, arm, other), found.interval)  # fmt: skip
    for key, name, share in (
        ("won", "won", found.won), ("tied", "the same, or both bad", found.tied), ("lost", "lost", found.lost),
        ("net", "wins minus losses", found.net_win), ("both_bad", "both bad", found.both_bad),
    ):  # fmt: skip
        told = f"{both}: {name} {percent(share)} of the votes, each prompt counting once."
        yield figure(key, name, share, SHARE, told)
    yield Figure(f"{start}/votes", "Preference", f"{both}: votes", found.votes, None, None, found.votes, VOTES,
                 f"{found.votes:,} votes compare {arm} with {other}.", "vote", behind=behind)  # fmt: skip
    yield figure("error", "standard error", found.se, SHARE, f"{both}: the standard error of the share over prompts.")
    began = "Whoever began with 1 and bet that"
    told = f"{began} people prefer {arm} to {other} has {found.e_go:,.1f} now; a go at {GO_EVIDENCE:.0f}."
    yield figure("go", "evidence for a go", found.e_go, EVIDENCE, told)
    told = f"{began} {arm} wins by less than the margin has {found.e_no_go:,.1f} now; a no-go at {found.no_go_at:.0f}."
    yield figure("no_go", "evidence for a no-go", found.e_no_go, EVIDENCE, told)
    if found.p_cap is not None:
        yield figure("cap", "test at the cap", found.p_cap, P, f"{both}: the one test at the cap, one-sided.")


def _slice(assessed: Assessment, against: AgainstBaseline, found: SliceFinding, words: Words) -> Iterator[Figure]:
    start = figure_id("slices", assessed.candidate, against.baseline, found.name)
    both = f"{found.name.replace('_', ' ')}: {words[assessed.candidate]} against {words[against.baseline]}"
    behind = Behind(Basis.scored, assessed.candidate, against.baseline, found.name)
    share = "unknown" if found.theta is None else percent(found.theta)
    told = f"{both}: preferred {share}, n = {found.n}; {found.state.value}."
    low, high = _ends(found.interval)
    yield Figure(start, "Kinds of input", f"{both}: preferred (theta)", found.theta, low, high, found.n, SHARE, told,
                 word=found.state.value, behind=behind)  # fmt: skip
    drawn = "unknown" if found.shrunken is None else percent(found.shrunken)
    yield Figure(f"{start}/shrunken", "Kinds of input", f"{both}: preferred, drawn toward the other kinds",
                 found.shrunken, None, None, found.n, SHARE, f"{both}: preferred {drawn} when drawn toward the other "
                 "kinds, the more the fewer prompts it has; to look at, never a reason.", behind=behind)  # fmt: skip
    for key, name, value in (
        ("cleared", f"evidence that it is no worse by more than {found.delta:g}", found.e_cleared),
        ("regressed", "evidence that it is worse", found.e_regressed),
    ):
        yield Figure(f"{start}/{key}", "Kinds of input", f"{both}: {name}", value, None, None, found.n, EVIDENCE,
                     f"{both}: {name}, {value:,.1f} to 1.", behind=behind)  # fmt: skip


def _counted(assessed: Assessment, words: Words) -> Iterator[Figure]:
    arm, floor, name = assessed.candidate, assessed.floor, words[assessed.candidate]
    if floor is not None:
        told = "nobody said" if floor.share is None else f"reviewers would send {percent(floor.share)} of its answers"
        yield Figure(
            f"ships/{arm}", "Could ship", f"{name}: could ship", floor.share, floor.low, floor.high, floor.n, SHARE,
            f"{name}: {told} (each bound 95 % sure, n = {floor.n} of {floor.completed} prompts).",
            behind=Behind(Basis.shippable, arm),
        )  # fmt: skip
    for against in assessed.against:
        other, gone = words[against.baseline], len(against.scored.excluded)
        yield Figure(
            f"excluded/{arm}/{against.baseline}", "Preference", f"{name} against {other}: prompts left out", gone, None,
            None, gone, "prompts", f"{name} against {other}: {gone} prompts left the round because they were skipped.",
            behind=Behind(Basis.passed_over, arm, against.baseline),
        )  # fmt: skip


def _trust(found: Diagnostics, arm: str, words: Words) -> Iterator[Figure]:
    agreed, side, dealt, name = found.agreement, found.position, found.assignment, words[arm]
    double, decisive, deal = (Behind(basis, arm) for basis in (Basis.double, Basis.decisive, Basis.dealt))
    low, high = _ends(agreed.interval if agreed.raw is not None else None)
    yield Figure(f"agreement/{arm}/raw", "Agreement", f"{name}: two reviewers agreed", agreed.raw, low, high,
                 agreed.prompts, SHARE, agreed.sentence, "pair", behind=double)  # fmt: skip
    for key, title, value in (
        ("alpha", "alpha, nominal", agreed.alpha_nominal), ("ordinal", "alpha, ordinal", agreed.alpha_ordinal),
        ("ac1", "AC1", agreed.ac1),
    ):  # fmt: skip
        yield Figure(f"agreement/{arm}/{key}", "Agreement", f"{name}: {title}", value, None, None, agreed.prompts,
                     "coefficient", agreed.sentence, "pair", behind=double)  # fmt: skip
    share = side.left / side.decisive if side.decisive else None
    yield Figure(f"position/{arm}/left", "Left or right", f"{name}: the left answer won", share, side.interval.low,
                 side.interval.high, side.decisive, SHARE, side.sentence, "vote", behind=decisive)  # fmt: skip
    yield Figure(f"position/{arm}/p", "Left or right", f"{name}: does the side matter?", side.p, None, None,
                 side.decisive, P, side.sentence, "vote", behind=decisive)  # fmt: skip
    span, left = wilson(dealt.left, dealt.pairs), dealt.left / dealt.pairs if dealt.pairs else None
    yield Figure(f"dealt/{arm}/left", "Dealt by chance", f"{name}: stood on the left", left, span.low, span.high,
                 dealt.pairs, SHARE, dealt.sentence, "pair", behind=deal)  # fmt: skip
    yield Figure(f"dealt/{arm}/evidence", "Dealt by chance", f"{name}: evidence against chance", dealt.e_value, None,
                 None, dealt.pairs, EVIDENCE, dealt.sentence, "pair", behind=deal)  # fmt: skip


def _robust(found: Robustness, arm: str, words: Words, people: Mapping[str, str]) -> Iterator[Figure]:
    both, end = f"{words[arm]} against {words[found.baseline]}", f"{arm}/{found.baseline}"
    cast, length, errors = Behind(Basis.cast, arm, found.baseline), found.length, found.errors
    low, high = _ends(length.interval)
    yield Figure(f"length/{end}/equal", "Length", f"{both}: preferred at equal length", length.equal, low, high,
                 length.n, SHARE, length.sentence, behind=cast)  # fmt: skip
    yield Figure(f"length/{end}/longer", "Length", f"{both}: the candidate's answer was longer", length.longer, None,
                 None, length.votes, SHARE, length.sentence, "vote", behind=cast)  # fmt: skip
    for key, title, error in (
        ("by_prompt", "over prompts", errors.by_prompt),
        ("two_way", "over prompts and reviewers", errors.two_way),
    ):
        yield Figure(f"errors/{end}/{key}", "Who voted", f"{both}: standard error {title}", error, None, None,
                     errors.n, SHARE, errors.sentence, behind=cast)  # fmt: skip
    low, high = _ends(errors.interval)
    yield Figure(f"errors/{end}/larger", "Who voted", f"{both}: preferred, by the larger error", errors.theta, low,
                 high, errors.n, SHARE, errors.sentence, behind=cast)  # fmt: skip
    for place, each in enumerate(found.reviewers.without, 1):
        without = Behind(Basis.without, arm, found.baseline, reviewer=each.reviewer)
        share = "unknown" if each.theta is None else percent(each.theta)
        title = f"{both}: preferred without {people.get(each.reviewer, each.reviewer)}"
        yield Figure(f"without/{end}/{place}", "Without any one reviewer", title, each.theta, None, None, each.n, SHARE,
                     f"{title} ({each.votes:,} votes): {share}, n = {each.n} prompts.", behind=without)  # fmt: skip


def _ends(span: Interval | None) -> tuple[float | None, float | None]:
    return (span.low, span.high) if span is not None else (None, None)
