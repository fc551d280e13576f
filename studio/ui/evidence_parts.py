"""The Decision page's pictures beside the preference: kinds of input, what checks say, who voted, does it hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studio import checked, signing
from studio.evaluate import criteria
from studio.figures.on_stability import reading_id
from studio.records import Round
from studio.review.agreement import wilson
from studio.review.assessment import Assessment, SliceFinding, SliceState
from studio.review.evidence import Interval, evidence_path
from studio.review.gates import Words, growth_sentence, odds
from studio.review.raters import Reliability
from studio.review.stability import Reading, Stability, Way
from studio.review.voters import Voter, Voters
from studio.store import people
from studio.ui import blocks, dot_plot, rows_parts, verdict_charts
from studio.ui.access import Visit
from studio.ui.dot_plot import Dot, Lane, Line

_TABLE = "The same as a table"
_STATES = {SliceState.cleared: "cleared", SliceState.regressed: "got worse"}
_UNDECIDED = "not enough votes"
_MOST_READINGS = 12
_MOST_STEPS = 12


# -- kinds of input --------------------------------------------------------------------------------


def slices(visit: Visit, assessed: Assessment, names: Mapping[str, str], marks: Sequence[str]) -> None:
    """Theta on each registered kind of input with its interval and n, the critical ones first, then the worst."""
    found = {a.baseline: {each.name: each for each in a.slices} for a in assessed.against}
    first = next(iter(found.values()))
    if not first:
        return
    order = sorted(first, key=lambda name: (not first[name].critical, _worst(found, name), name))
    blocks.section(
        "On each kind of input",
        "Cleared means: no worse by more than the registered margin. Few prompts leave a kind undecided, which is "
        "not the same as fine.",
    )
    blocks.plain(_slices_sentence(found, names))
    lanes = [
        Lane(f"against {names[baseline]}", [_slice_dot(row, own[name]) for row, name in enumerate(order)
                                            if own[name].theta is not None])
        for baseline, own in found.items()
    ]  # fmt: skip
    margins = {0.5 - each.delta for each in first.values()}
    lines = [Line(0.5, "no difference")]
    if len(margins) == 1:
        lines.append(Line(margins.pop(), "margin", dashed=True, left=True))
    dot_plot.draw([(name.replace("_", " "), _after(found, name)) for name in order], lanes, "decision-slices",
                  marks=marks, lines=lines)  # fmt: skip
    blocks.note("Filled: cleared. Hollow: not enough votes to say. Where it got worse, that stands beside the name.")
    with st.expander(_TABLE, key="decision-slices-table"):
        _slices_table(visit, assessed, order, found, names)


def _worst(found: Mapping[str, Mapping[str, SliceFinding]], name: str) -> float:
    return min((t for own in found.values() if (t := own[name].theta) is not None), default=2.0)


def _after(found: Mapping[str, Mapping[str, SliceFinding]], name: str) -> str:
    """What stands beside the name of a row: whether much hangs on it, a loss in words, and n."""
    every = [own[name] for own in found.values()]
    counts = sorted({each.n for each in every})
    told = ["critical"] if every[0].critical else []
    told += ["got worse"] if any(each.state is SliceState.regressed for each in every) else []
    return " · ".join([*told, f"n = {' and '.join(f'{n:,}' for n in counts)}"])


def _slice_dot(row: int, each: SliceFinding) -> Dot:
    told = f"{blocks.percent(each.theta or 0.0)} ({_ends(each.interval)}), n = {each.n}"
    return Dot(row, each.theta or 0.0, each.interval.low, each.interval.high,
               f"{told}: {_STATES.get(each.state, _UNDECIDED)}", each.state is SliceState.not_enough_votes)  # fmt: skip


def _slices_sentence(found: Mapping[str, Mapping[str, SliceFinding]], names: Mapping[str, str]) -> str:
    every = [(baseline, each) for baseline, own in found.items() for each in own.values()]
    kinds = list(next(iter(found.values())))
    cleared = sum(all(own[name].state is SliceState.cleared for own in found.values()) for name in kinds)
    told = f"{cleared} of {blocks.several(len(kinds), 'kind')} of input {'is' if cleared == 1 else 'are'} cleared"
    told += " against every baseline." if len(found) > 1 else "."
    seen = [(each.theta, baseline, each) for baseline, each in every if each.theta is not None]
    if not seen:
        return told
    theta, baseline, low = min(seen, key=lambda each: (each[0], each[2].interval.low))
    span = blocks.between((low.interval.low, low.interval.high))
    told = (
        f"{told} The lowest figure is “{low.name.replace('_', ' ')}” against {names[baseline]}: preferred in "
        f"{blocks.percent(theta)} (95 % interval {span}, n = {blocks.several(low.n, 'prompt')})."
    )
    if low.shrunken is None or blocks.percent(low.shrunken) == blocks.percent(theta):
        return told
    return (
        f"{told} The lowest of several is lower than it would be another time: drawn toward the others (a shrunken "
        f"estimate) it is {blocks.percent(low.shrunken)}."
    )


def _slices_table(
    visit: Visit, assessed: Assessment, order: Sequence[str], found: Mapping[str, Mapping[str, SliceFinding]],
    names: Mapping[str, str],
) -> None:  # fmt: skip
    rows = [
        [
            name.replace("_", " ") + (" (critical)" if own[name].critical else ""), names[baseline],
            "no prompts" if own[name].theta is None else blocks.percent(own[name].theta or 0),
            blocks.between((own[name].interval.low, own[name].interval.high)), _drawn(own[name].shrunken),
            rows_parts.count(visit, own[name].n, "slices", assessed.candidate, baseline, name),
            blocks.percent(0.5 - own[name].delta), _STATES.get(own[name].state, _UNDECIDED),
        ]
        for name in order for baseline, own in found.items()
    ]  # fmt: skip
    heads = ["Kind of input", "against", "preferred (theta)", "95 % interval", "drawn toward the others", "prompts",
             "margin", "state"]  # fmt: skip
    blocks.table(heads, rows, "Kinds of input (slices)")


def _drawn(shrunken: float | None) -> str:
    return "unknown" if shrunken is None else blocks.percent(shrunken)


# -- what checks say -------------------------------------------------------------------------------


def rules(visit: Visit, found: Round, candidate: str, names: Mapping[str, str], marks: Sequence[str]) -> None:
    """The brief's exact checks for the candidate and the best baseline on one axis, the largest gain first."""
    told = checked.of_round(visit.store, found, candidate)
    if told is None or not told.each:
        return
    ours, other = names[candidate], names[told.other]
    blocks.section(
        "What the checks say",
        "Rules of the brief that a machine can check, on the same prompts, beside the baseline that keeps most of "
        "them. They tell whether the words are there; they are no vote.",
    )
    blocks.plain(criteria.sentence(told.each, ours, other))
    lanes = [
        Lane(name, [Dot(row, s.value, s.low, s.high, f"{_share(s)}, n = {s.n}")
                    for row, s in enumerate(shares)])
        for name, shares in ((ours, [e.candidate for e in told.each]), (other, [e.other for e in told.each]))
    ]  # fmt: skip
    rows = [(each.criterion, f"{_signed(each.difference.value)} points · n = {each.difference.n:,}")
            for each in told.each]  # fmt: skip
    dot_plot.draw(rows, lanes, "decision-criteria", marks=marks, joined=True)
    with st.expander(_TABLE, key="decision-criteria-table"):
        blocks.table(
            ["Rule", ours, other, "difference", "95 % interval", "prompts"],
            [
                [each.criterion, _rule(visit, candidate, each, "candidate"), _rule(visit, candidate, each, "other"),
                 _signed(each.difference.value),
                 f"{_signed(each.difference.low)} to {_signed(each.difference.high)}",
                 rows_parts.count(visit, each.difference.n, "checks", candidate, each.criterion, "difference")]
                for each in told.each
            ],
            "Share of prompts on which each rule is kept with its 95 % interval, and the difference in points",
        )  # fmt: skip


def _rule(visit: Visit, candidate: str, each: criteria.SideBySide, side: str) -> blocks.Cell:
    """An arm's share, with the answers behind it."""
    share = each.candidate if side == "candidate" else each.other
    return rows_parts.link(visit, _share(share), "checks", candidate, each.criterion, side)


def _signed(share: float) -> str:
    points = round(100 * share)
    return f"{points:+d}".replace("-", "−") if points else "0"


def _share(found: criteria.Share) -> str:
    return f"{blocks.percent(found.value)} ({blocks.between((found.low, found.high))})"


# -- who voted -------------------------------------------------------------------------------------


def who(visit: Visit, found: Round, marks: Sequence[str]) -> None:
    """Everybody who voted: how much, how fast, how consistently, and whether it counts."""
    told = signing.voted(visit.store, found)
    if not told.each:
        return
    names = people.names(visit.store)
    blocks.section(
        "Who voted, and how consistently?",
        "Nobody leaves the count for any of this: only by the registered rule on gold pairs, or for not being "
        "independent.",
    )
    blocks.plain(told.sentence)
    if remarks := told.remarks():
        blocks.bullets([f"{names.get(name, name)} {remark}." for name, remark in remarks])
    rows = [(names.get(v.reviewer, v.reviewer), _after_name(v)) for v in told.each]
    lanes = [lane for lane in _voter_lanes(told) if lane.dots]
    if lanes:
        dot_plot.draw(rows, lanes, "decision-voters", marks=marks)
    with st.expander(_TABLE, key="decision-voters-table") if lanes else st.container():
        _voters_table(visit, told, names, signing.judged(visit.store, found).raters)


def _after_name(voter: Voter) -> str:
    pace = "" if voter.seconds is None else f" · {voter.seconds:.0f} s each"
    return f"{blocks.several(voter.votes, 'vote')}{pace}{' · outside the count' if voter.outside else ''}"


def _voter_lanes(told: Voters) -> list[Lane]:
    agreed: list[Dot] = []
    repeats: list[Dot] = []
    gold: list[Dot] = []
    for row, voter in enumerate(told.each):
        if voter.agreed.share is not None:
            span = voter.agreed.interval
            share = f"{blocks.percent(voter.agreed.share)} of {voter.agreed.n} pairs"
            agreed.append(Dot(row, voter.agreed.share, span.low, span.high, share, bool(voter.outside)))
        for dots, tally in ((repeats, voter.checks.repeats), (gold, voter.checks.gold)):
            if tally.n:
                span = wilson(tally.right, tally.n)
                dots.append(Dot(row, tally.right / tally.n, span.low, span.high, f"{tally.right} of {tally.n}",
                                bool(voter.outside)))  # fmt: skip
    return [Lane("agrees with others", agreed), Lane("same answer to a repeat", repeats), Lane("gold right", gold)]


def _voters_table(visit: Visit, told: Voters, names: Mapping[str, str], raters: Reliability) -> None:
    places = {rater.reviewer: str(place) for place, rater in enumerate(raters.raters, 1)}
    rows = []
    for v in told.each:
        share, left, checks, who = v.agreed.share, v.left, v.checks, v.reviewer
        agreed = "none" if share is None else f"{blocks.percent(share)} of {v.agreed.n:,} ({_ends(v.agreed.interval)})"
        sides = f"{left.right:,} of {left.n:,} ({_ends(wilson(left.right, left.n))})" if left.n else "none"
        rows.append([
            names.get(who, who), rows_parts.count(visit, v.votes, "voters", who, "votes"),
            rows_parts.count(visit, v.skips, "voters", who, "skips"),
            "not kept" if v.seconds is None else rows_parts.link(visit, f"{v.seconds:.0f} s", "voters", who, "seconds"),
            rows_parts.link(visit, agreed, "voters", who, "agreed") if v.agreed.n else agreed,
            *(rows_parts.link(visit, f"{tally.right} of {tally.n}", "raters", places[who], kind) if tally.n else "none"
              for kind, tally in (("repeats", checks.repeats), ("gold", checks.gold))),
            rows_parts.link(visit, sides, "voters", who, "left") if left.n else sides,
            f"outside: {v.outside}" if v.outside else "in the count",
        ])  # fmt: skip
    heads = ["Reviewer", "votes", "skips", "a pair (median)", "agrees with others", "repeats alike", "gold right",
             "chose the left", "counts?"]  # fmt: skip
    blocks.table(heads, rows, "Each reviewer's votes on real pairs, with 95 % intervals")


def _ends(span: Interval) -> str:
    return blocks.between((span.low, span.high))


# -- does it hold ----------------------------------------------------------------------------------


def holds(visit: Visit, found: Round, assessed: Assessment, arms: Mapping[str, str], marks: Sequence[str]) -> None:
    """The votes read in other ways, on one card: in how many of them the verdict is the same."""
    told, names = signing.stability(visit.store, found), people.names(visit.store)
    blocks.section(
        "Does the verdict hold?",
        "The same votes, read in other ways. These are re-readings: the registered rule reads the votes once, and no "
        "other reading changes what it ruled.",
    )
    blocks.plain(told.sentence(names))
    if not told.readings:
        return
    shown = _shown(told)
    lines = [Line(0.5, "no difference", left=True)]
    if assessed.theta_min > 0.5:
        lines.append(Line(assessed.theta_min, "a win that matters", dashed=True))
    lanes = [Lane("preferred (theta)", [_reading_dot(row, each) for row, each in enumerate(shown)
                                        if each.theta is not None])]  # fmt: skip
    rows = [(_capital(each.words(names)), _after_reading(told, each)) for each in shown]
    dot_plot.draw(rows, lanes, "decision-holds", marks=marks, lines=lines)
    few = f"The {len(shown)} that come nearest to turning it; the table has all {len(told.readings)}. "
    blocks.note(
        f"{few if len(shown) < len(told.readings) else ''}Each against the baseline with the least evidence in it. "
        "Hollow: the verdict would be another. At equal length only the share can be told, "
        "by a fixed interval, against the baseline where least is left of the preference."
    )
    with st.expander(_TABLE, key="decision-holds-table"):
        blocks.table(
            ["Read", "verdict of the votes", "preferred (theta)", "95 % interval", "against", "prompts", "votes"],
            [
                [_capital(each.words(names)), _verdict(told, each), "none" if each.theta is None else
                 blocks.percent(each.theta), _ends(each.interval), arms[each.baseline],
                 rows_parts.named(visit, f"{each.n:,}", reading_id(told.candidate, each)) if each.n else "0",
                 f"{each.votes:,}"]
                for each in told.readings
            ],
            "Each other reading, against the baseline with the least evidence in it",
        )  # fmt: skip


def growth(assessed: Assessment, names: dict[str, str], marks: Sequence[str]) -> None:
    """The evidence for the candidate prompt by prompt, and where it ended."""
    blocks.section(
        "How the evidence grew",
        "Evidence for the candidate over each baseline, prompt by prompt, in the registered order. Nobody saw this "
        "while the round was open.",
    )
    blocks.plain(growth_sentence(assessed, Words(names)))
    verdict_charts.growth(assessed, names, marks, "decision-growth")
    paths = [evidence_path(each.scored.scores, 0.5) for each in assessed.against]
    last = max(map(len, paths))
    step = max(1, -(-last // _MOST_STEPS))
    with st.expander(_TABLE, key="decision-growth-table"):
        blocks.table(
            ["After prompt", *(f"over {names[each.baseline]}" for each in assessed.against)],
            [[f"{n:,}", *(f"{odds(path[n - 1])} to 1" if n <= len(path) else "ended" for path in paths)]
             for n in sorted({*range(step, last + 1, step), *([last] if last else [])})],
            "The evidence for the candidate after each few prompts",
        )  # fmt: skip


def _shown(told: Stability) -> list[Reading]:
    """All of a few; of many those in which it turns, then those that come nearest to it, in their own order."""
    if len(told.readings) <= _MOST_READINGS:
        return list(told.readings)
    alone = [each for each in told.readings if each.way not in (Way.reviewer, Way.slice)]
    rest = sorted((r for r in told.readings if r not in alone), key=lambda r: (r.holds is not False, r.interval.low))
    chosen = {id(each) for each in [*alone, *rest][:_MOST_READINGS]}
    return [each for each in told.readings if id(each) in chosen]


def _reading_dot(row: int, each: Reading) -> Dot:
    span = each.interval
    told = f"{blocks.percent(each.theta or 0.0)} ({_ends(span)}), n = {each.n}"
    return Dot(row, each.theta or 0.0, span.low, span.high, told, each.holds is False)


def _after_reading(told: Stability, each: Reading) -> str:
    return f"{_verdict(told, each)} · n = {each.n:,}"


def _verdict(told: Stability, each: Reading) -> str:
    if each in told.thinner:
        return "not decided"
    if each.verdict is not None:
        said = each.verdict.value.replace("_", " ").lower()
    else:
        said = {True: "still preferred", False: "no longer sure", None: "share only"}[each.holds]
    return said if each.holds is not False else f"{said} (turns it)"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
