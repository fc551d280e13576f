"""The Decision page's reading part: the verdict, what a GO needs, and the evidence of a closed round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studio import beside_votes, figures, papers, signing
from studio.decision import Gate, GateState, Ruling
from studio.judgement import Judgement
from studio.records import Round, Verdict
from studio.review import guesses, rounds, standing
from studio.review.gates import Words
from studio.review.preference import Assessment
from studio.store import decisions, people
from studio.store.decisions import Decision
from studio.ui import (
    blocks,
    evidence_parts,
    frame,
    rows_parts,
    trust_parts,
    verdict_charts,
    voting_parts,
)
from studio.ui.access import Visit
from studio.wording import day, in_html, points

_WORDS = {
    Verdict.go: "Go",
    Verdict.no_go: "No go",
    Verdict.keep_collecting: "Keep collecting",
    Verdict.inconclusive: "Inconclusive",
}
_STATES = {
    GateState.passed: "Passed",
    GateState.failed: "Failed",
    GateState.open: "Not decided",
    GateState.unchecked: "Not checked",
}


def ruling(visit: Visit, found: Round) -> tuple[Ruling, Assessment]:
    """What the rule says of a closed round, and of the candidate that it speaks of."""
    told = judged(visit, found)
    return told.ruling, told.subject[0]


def judged(visit: Visit, found: Round) -> Judgement:
    """All that the rule makes of a closed round."""
    return signing.judged(visit.store, found)


def nothing_yet(visit: Visit) -> None:
    frame.empty(
        "There is nothing to decide yet",
        "The verdict comes from a blind round: people choose between answers, not knowing whose they are. Open one, "
        "and "
        "what its votes say is told here once it has closed.",
    )
    blocks.way(visit, "review", "Set up a blind round", "decision-review")


def waiting(visit: Visit, found: Round) -> None:
    """While votes come in: about how many prompts are done, how much is left to read, and nothing else."""
    last = int(found.registration["cap"])
    done = voting_parts.about(rounds.done(visit.store, found), last)
    blocks.lead(f"Votes are coming in: {done} of at most {blocks.several(last, 'prompt')} are done.")
    blocks.plain(standing.left(visit.store, found))
    blocks.plain("Nobody sees the evidence while a round is open. The server closes it once it is decided.")


def could_tell(visit: Visit, found: Round) -> None:
    """A banner over the verdict where reviewers guessed too well which answers were the tuned model's."""
    guessed = guesses.counted(visit.store, found)
    if guessed.banner:
        frame.warnings([guessed.sentence])


def labels(ruled: Ruling) -> list[str]:
    """What must stand on everything that is shown of such a round."""
    return list(ruled.labels)


def verdict(visit: Visit, found: Round, ruled: Ruling, *, newest: bool) -> None:
    """The one word, the one sentence, what ships, the weakest gate and what comes next; then why, what would change it,
    and the way to the rest of the page. `newest`: the round that a decision would be about."""
    marks = "".join(f"<span>{in_html(word)}</span>" for word in labels(ruled))
    word = _WORDS[ruled.verdict] + (", length-dependent" if ruled.length_dependent else "")
    st.html(
        (f'<div class="yr-labels">{marks}</div>' if marks else "")
        + f'<section class="yr-verdict"><p class="yr-word yr-{ruled.verdict.value.lower()}">{word}</p>'
        f'<p class="yr-line">{in_html(ruled.headline)}</p></section>'
    )
    standing = decisions.on(visit.store, found.id)
    void = signing.void_because(visit.store, standing) if standing else ""
    names = signing.names(found)
    figure = papers.rests_on(judged(visit, found).subject[0], names, ruled.weakest)
    signer = people.names(visit.store).get(standing.signed_by, "somebody") if standing else ""
    told = _glance(ruled, names, standing, void, figure, signer)
    blocks.facts(told | ({} if newest else {"Next": "Nothing here; what comes next is told on the newest round."}))
    if ruled.because:
        blocks.section("Why")
        blocks.bullets(ruled.because)
    if ruled.would_change and newest:
        blocks.section("What would change it")
        blocks.bullets(ruled.would_change)
    signed = ["What was signed"] if standing else ["Sign the decision"] if newest else []
    blocks.contents([*_WAYS, *signed, *_WAYS_ON])


_WAYS = (
    "What a GO needs", "Which do people prefer?", "How far can this be trusted?", "Does the verdict hold?",
    "Why did they prefer it?", "Return on it",
)  # fmt: skip
_WAYS_ON = ("Comments", "Papers", "Every figure", "Every pair with its votes")


_VOID = ", void by now"


def _glance(
    ruled: Ruling, names: Mapping[str, str], standing: Decision | None, void: str, figure: str, signer: str
) -> dict[str, str]:
    """What somebody asks first, in a line each. `standing`: the decision that was signed on it; `void`: why it says
    nothing of what stands here now; `figure`: what the weakest gate rests on; `signer`: who signed it."""
    told = {"To ship": papers.to_ship(ruled, names, standing, void)}
    weakest = next((gate for gate in ruled.gates if gate.name == ruled.weakest), None)
    if weakest is not None:
        told["Weakest gate"] = f"{weakest.title} ({_STATES[weakest.state].lower()}){figure}"
    if standing:
        told["Signed"] = f"{standing.in_words.capitalize()}, by {signer} on {day(standing.at)}{_VOID * bool(void)}"
    if void:
        told["Next"] = "Let people vote on what stands now; why the decision is void is told where it was signed."
    elif standing and standing.ships:
        told["Next"] = "Give the engineers their brief; it is among the papers below."
    elif ruled.verdict is Verdict.go:
        told["Next"] = "Sign the decision below (a PM or an admin), then give the engineers their brief."
    elif standing is None or ruled.would_change:
        sign = "" if standing else "Sign it below (a PM or an admin), so that it stands."
        then = ruled.would_change[0] if ruled.would_change else ""
        told["Next"] = f"{sign} Then: {_low(then)}" if sign and then else sign or then
    return told


def _low(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


# -- gates -----------------------------------------------------------------------------------------


def gates(visit: Visit, found: Round, ruled: Ruling) -> None:
    """What a GO needs, one by one; the slices as one line."""
    judged_by = figures.judged_by(judged(visit, found).subject[0], Words(signing.names(found)))
    rows = {gate: rows_parts.named(visit, "See the votes", figure).html for gate, figure in judged_by.items()}
    rows |= {each.gate.name: rows_parts.link(visit, "See the answers", "gates", each.gate.name).html
             for each in beside_votes.checked(visit.store, found)
             if each.answers and each.gate.arm in ("", ruled.subject)}  # fmt: skip
    single = [g for g in ruled.gates if not g.is_slice]
    sliced = [g for g in ruled.gates if g.is_slice]
    items = [_item(g.state, g.name, _with_gloss(g.name, g.sentence), g.evidence, rows.get(g.name, "")) for g in single]
    if sliced:
        items.append(_slices_item(sliced, rows))
    stops = sum(g.state is not GateState.passed and (g.blocks or g.state is GateState.failed) for g in ruled.gates)
    blocked = f"{stops} stand{'s' * (stops == 1)} in the way of a GO" if stops else "none stands in the way of a GO"
    blocks.section("What a GO needs", f"{_passed(single, 'gates are passed')}{_cleared(sliced)}; {blocked}.")
    st.html(f'<ul class="yr-gates">{"".join(items)}</ul>')


def _passed(gates: Sequence[Gate], what: str) -> str:
    return f"{sum(g.state is GateState.passed for g in gates)} of {len(gates)} {what}"


def _cleared(sliced: Sequence[Gate]) -> str:
    return f", {_passed(sliced, 'comparisons on kinds of input are cleared')}" if sliced else ""


_GLOSSES = {
    "Same outputs as registered": "The answers people judged are the ones that were fixed before the first vote.",
    "Sides sealed": "Which answer stood left was drawn and locked away before the first vote.",
    "Assignment audit": "A look back at whether sides and prompts were really dealt by chance.",
    "Health waivers": "A second look at the findings that were accepted with a reason when the set was frozen.",
}


def _with_gloss(name: str, sentence: str) -> str:
    """What a gate is about, before what was found."""
    return f"{_GLOSSES[name]} {sentence}" if name in _GLOSSES else sentence


def _slices_item(sliced: Sequence[Gate], rows: Mapping[str, str]) -> str:
    count = {state: sum(g.state is state for g in sliced) for state in GateState}
    critical = [g for g in sliced if g.blocks]
    state = GateState.failed if count[GateState.failed] else GateState.open
    state = GateState.passed if count[GateState.passed] == len(sliced) else state
    must = f"{len(critical)} of them are critical and must be cleared" if critical else "None is critical"
    told = (
        f"{count[GateState.passed]} cleared, {count[GateState.open]} with not enough votes, {count[GateState.failed]} "
        f"worse, counted over all baselines. {must}; none may get worse."
    )
    each = "".join(f"<li>{in_html(g.sentence)} {rows[g.name]}</li>" for g in sliced)
    return _row(state, "Kinds of input (slices)", in_html(told), f"<summary>Each of them</summary><ul>{each}</ul>")


def _item(state: GateState, name: str, text: str, evidence: Sequence[str], rows: str) -> str:
    """`rows`: HTML of the link to the rows of its figure, or ""."""
    found = "".join(f"<li>{in_html(each)}</li>" for each in evidence)
    more = f"<summary>Evidence</summary><ul>{found}</ul>" if found else ""
    return _row(state, name, f"{in_html(text)} {rows}", more)


def _row(state: GateState, name: str, text: str, more: str) -> str:
    """A gate as HTML, as are `text` and `more`, which is folded."""
    details = f"<details>{more}</details>" if more else ""
    inside = f"<div><b>{in_html(name)}</b><p>{text}</p>{details}</div>"
    return f'<li class="yr-{state.value}"><i>{_STATES[state]}</i>{inside}</li>'


# -- the evidence ----------------------------------------------------------------------------------


def evidence(visit: Visit, found: Round, ruled: Ruling, assessed: Assessment) -> None:
    """Preference, kinds of input, checks, who voted, how far to trust it, does it hold, and the way the evidence grew.
    Closed rounds only."""
    names, marks = signing.names(found), labels(ruled)
    if len(found.candidates) > 1:
        _candidates(visit, found, ruled, names)
    _preference(visit, assessed, names, marks)
    evidence_parts.slices(visit, assessed, names, marks)
    evidence_parts.rules(visit, found, assessed.candidate, names, marks)
    evidence_parts.who(visit, found, marks)
    trust_parts.show(visit, found, judged(visit, found))
    evidence_parts.holds(visit, found, assessed, names, marks)
    evidence_parts.growth(assessed, names, marks)


def _candidates(visit: Visit, found: Round, ruled: Ruling, names: dict[str, str]) -> None:
    """Everyone that might have shipped, in the registered order, and how far each came."""
    blocks.section(
        "Is the cheaper one enough?",
        "Tested in the registered order of cost; the verdict is about the first that passes, or the first undecided.",
    )
    told = judged(visit, found).assessments
    subject = [each.candidate for each in told].index(ruled.subject)
    passed = told[subject].votes_alone is Verdict.go
    rows = []
    for place, each in enumerate(told):
        state = "votes pass" if each.votes_alone is Verdict.go else "votes do not pass"
        state = "not needed: a cheaper one passed" if passed and place > subject else state
        for against in each.against:
            share = "none" if against.theta is None else blocks.percent(against.theta)
            rows.append([
                f"{place + 1}. {names[each.candidate]}", names[against.baseline], share,
                blocks.between((against.interval.low, against.interval.high)),
                rows_parts.count(visit, against.n, "preference", each.candidate, against.baseline, "theta"),
                state,
            ])  # fmt: skip
    blocks.table(
        ["Candidate", "against", "preferred (theta)", "95 % interval", "prompts", "state"], rows, "In cost order"
    )


def _preference(visit: Visit, assessed: Assessment, names: dict[str, str], marks: Sequence[str]) -> None:
    candidate = names[assessed.candidate]
    blocks.section("Which do people prefer?", "Each prompt counts once; a tie and both bad count half. 95 % intervals.")
    verdict_charts.preference(assessed, names, marks, "decision-preference")
    rows = [
        [
            names[a.baseline],
            "none" if a.theta is None else blocks.percent(a.theta),
            blocks.between((a.interval.low, a.interval.high)),
            points(a.net_win),
            blocks.percent(a.both_bad),
            rows_parts.count(visit, a.n, "preference", assessed.candidate, a.baseline, "theta"),
            rows_parts.count(visit, a.votes, "preference", assessed.candidate, a.baseline, "votes"),
        ]
        for a in assessed.against
    ]
    heads = [
        f"{candidate} against",
        "preferred (theta)",
        "95 % interval",
        "wins minus losses",
        "both bad",
        "prompts",
        "votes",
    ]
    blocks.table(heads, rows, _caption("The same figures as a table", marks))


def _caption(text: str, marks: Sequence[str]) -> str:
    return f"{text} ({', '.join(marks).lower()})" if marks else text
