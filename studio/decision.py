"""From assessments and gates to one ruling that a person can repeat. Pure: nothing is read or stored here.

The votes give a verdict of their own (`Assessment.votes_alone`); gates, independence and scripted votes can
only take a GO away, never give one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.records import Refusal, Verdict
from studio.review.assessment import AgainstBaseline, Assessment, SliceState, tested
from studio.review.diagnostics import verdict_in_words
from studio.review.evidence import Projection
from studio.review.gates import (
    BESIDE_THE_VOTES,
    Gate,
    GateState,
    Words,
    count_prompts,
    join_words,
    preference_name,
    preference_sentence,
    projection_sentence,
    unchecked_gates,
    vote_gates,
)

__all__ = ["BESIDE_THE_VOTES", "Gate", "GateState", "Ruling", "preference_sentence", "unchecked_gates", "verdict"]


@dataclass(frozen=True)
class Ruling:
    """The verdict with its reasons. `arm` is the cheapest arm that may ship, empty unless the verdict is GO.

    `subject`: the arm that the sentences speak of. `votes_alone`: what the votes alone would say.
    `length_dependent`: a GO whose preference does not survive answers of equal length; it stays one.
    `headline`: one sentence to repeat. `because` and `would_change`: further sentences, the weightiest first.
    `weakest`: the name of the gate that is furthest from a GO, or holds it up with the least to spare.
    """

    verdict: Verdict
    votes_alone: Verdict
    headline: str
    arm: str = ""
    subject: str = ""
    because: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = ()
    scripted: bool = False
    practice: bool = False
    length_dependent: bool = False
    weakest: str = ""

    @property
    def in_words(self) -> str:
        """The verdict as it is said: "go", "keep collecting", "go, length-dependent"."""
        return verdict_in_words(self.verdict, self.length_dependent)

    @property
    def labels(self) -> tuple[str, ...]:
        """What must stand on everything that is shown of such a round."""
        told = (("Scripted votes", self.scripted), ("Practice round", self.practice))
        return tuple(label for label, holds in told if holds)


@dataclass(frozen=True)
class _Trust:
    scripted: bool
    independent: bool


def verdict(
    assessments: Sequence[Assessment],
    gates: Sequence[Gate] = (),
    *,
    independent: bool,
    scripted: bool,
    voters: int | None = None,
    collecting: bool = False,
    finished: bool = False,
    projection: Projection | None = None,
    names: Mapping[str, str] | None = None,
    length_dependent: Mapping[str, str] | None = None,
) -> Ruling:
    """Rule on one round.

    `assessments`: one per candidate in the registered cost order, the cheapest first. `gates`: those that were
    computed; those of `BESIDE_THE_VOTES` that nobody brought are added. `independent`: at least one voter neither
    curated, launched nor saw outputs. `scripted`: any vote was cast by a script. `voters`: how many people cast the
    votes that count; None where that is not asked. `collecting`: the round is still open, so the ruling shows no
    evidence. `finished`: closed for good, though perhaps before its cap. `projection`: shown with KEEP COLLECTING.
    `names`: arm id to display name. `length_dependent`: the candidates whose preference is not there any more, beyond
    doubt, at equal length, each with a sentence; it is said with a GO and changes none. Raises Refusal without an
    assessment.
    """
    if not assessments:
        raise Refusal("There is no round to rule on: nothing was assessed.")
    if collecting:
        return _still_open(assessments)
    words = Words(names or {})
    subject, alone = tested(assessments, finished)
    shown = _every_gate(subject, gates, words)
    blocking = tuple(g for g in shown if g.state is not GateState.passed and (g.blocks or g.state is GateState.failed))
    scripted = scripted or any(a.scripted for a in assessments)
    held = scripted or not independent or (alone is Verdict.go and blocking)
    ruled = Verdict.inconclusive if held else alone
    lengthy = (length_dependent or {}).get(subject.candidate, "") if ruled is Verdict.go else ""
    return Ruling(
        verdict=ruled,
        votes_alone=alone,
        headline=_headline(subject, alone, blocking, _Trust(scripted, independent), words),
        arm=subject.candidate if ruled is Verdict.go else "",
        subject=subject.candidate,
        because=_because(assessments, subject, (ruled, alone), blocking, projection, words, lengthy, voters == 1),
        would_change=_would_change((ruled, alone), words[subject.candidate], blocking, _Trust(scripted, independent)),
        gates=shown,
        scripted=scripted,
        practice=not independent,
        length_dependent=bool(lengthy),
        weakest=_weakest(shown, preference_name(words[subject.hardest.baseline])),
    )


_ALONE = "One person cast all the votes, so nothing is known of how other people would choose."


def _every_gate(subject: Assessment, gates: Sequence[Gate], words: Words) -> tuple[Gate, ...]:
    about = [gate for gate in gates if gate.arm in ("", subject.candidate)]
    known = {gate.name for gate in about}
    return (*vote_gates(subject, words.names), *about, *(g for g in unchecked_gates() if g.name not in known))


_FURTHEST = (GateState.failed, GateState.open, GateState.unchecked, GateState.passed)


def _weakest(shown: Sequence[Gate], hardest: str) -> str:
    """A final gate that failed, then any that failed, is open or is unchecked; among equals the preference over the
    hardest baseline (`hardest`, its gate's name), then the first. A gate that blocks nothing counts once it failed."""
    weighed = [g for g in shown if g.blocks or g.state is GateState.failed]
    order = sorted(
        weighed,
        key=lambda g: (not (g.final and g.state is GateState.failed), _FURTHEST.index(g.state), g.name != hardest),
    )
    return order[0].name if order else ""


def _still_open(assessments: Sequence[Assessment]) -> Ruling:
    done = min(a.done for a in assessments)
    last = assessments[0].last
    of = f" of at most {last}" if last is not None else ""
    return Ruling(
        verdict=Verdict.keep_collecting,
        votes_alone=Verdict.keep_collecting,
        headline=f"Votes are still coming in: {done}{of} prompts are done.",
        because=("Nobody sees the evidence while a round is open; the server closes it once it is decided.",),
        would_change=("More votes.",),
        gates=unchecked_gates(),
    )


def _headline(subject: Assessment, alone: Verdict, blocking: Sequence[Gate], trust: _Trust, words: Words) -> str:
    if trust.scripted:
        return "Nothing ships from this round: its votes came from a script, not from people."
    if not trust.independent:
        return "Nothing ships from this round: it was practice, since nobody independent voted."
    arm, done = words[subject.candidate], count_prompts(subject.done)
    if alone is Verdict.no_go:
        return f"Do not ship {arm}: {_no_go_reason(subject, words)}."
    if _preferred(subject) and blocking:
        end = "so votes are still needed" if alone is Verdict.keep_collecting else "so it cannot ship"
        return f"People prefer {arm}; {_blocked(blocking)}, {end}."
    unsettled = [a for a in subject.against if alone is Verdict.go or not _settled(a, subject)] or subject.against
    over = join_words([words[a.baseline] for a in unsettled])
    return {
        Verdict.go: f"Ship {arm}: people preferred it to {over}, and it passed every check that a GO needs.",
        Verdict.keep_collecting: f"Keep collecting: {done} do not settle yet whether people prefer {arm} to {over}.",
        Verdict.inconclusive: f"No answer: {done} did not settle whether people prefer {arm} to {over}.",
    }[alone]


def _preferred(subject: Assessment) -> bool:
    """Whether the preference part is decided in the candidate's favour, whatever else is missing."""
    return all(_settled(a, subject) for a in subject.against)


def _settled(against: AgainstBaseline, subject: Assessment) -> bool:
    return against.go and against.theta is not None and against.theta >= subject.theta_min


def _no_go_reason(subject: Assessment, words: Words) -> str:
    for against in subject.against:
        if against.no_go:
            return f"people do not prefer it to {words[against.baseline]} by the margin that was asked for"
    for against in subject.against:
        for finding in against.slices:
            if finding.state is SliceState.regressed:
                return f"it got worse than {words[against.baseline]} on {finding.name.replace('_', ' ')}"
    return "too few of its answers could ship as they are"


def _because(
    assessments: Sequence[Assessment],
    subject: Assessment,
    verdicts: tuple[Verdict, Verdict],
    blocking: Sequence[Gate],
    projection: Projection | None,
    words: Words,
    lengthy: str,
    one_voter: bool,
) -> tuple[str, ...]:
    ruled, alone = verdicts
    arm = words[subject.candidate]
    sentences = [preference_sentence(a, arm, words[a.baseline]) for a in subject.against]
    sentences += [lengthy] if lengthy else []
    sentences += [_ALONE] if one_voter else []
    if ruled is not alone:
        sentences.append(f"The votes alone would say {alone.value.replace('_', ' ')}.")
    if subject.stopped_early:
        luck = "optimistic" if alone is Verdict.go else "pessimistic"
        sentences.append(f"The round stopped as soon as it was decided, which makes this figure a little {luck}.")
    if alone is Verdict.keep_collecting and projection is not None:
        sentences.append(projection_sentence(projection))
    told = {preference_name(words[a.baseline]) for a in subject.against}
    sentences += [g.sentence for g in blocking if g.name not in told and g.state is not GateState.unchecked]
    if unchecked := [g.title for g in blocking if g.state is GateState.unchecked]:
        sentences.append(f"Registered but not checked yet: {join_words(unchecked)}.")
    for other in _other_failures(assessments, subject, alone):
        name = words[other.candidate]
        sentences.append(f"{name} was tested too and did not pass.")
        sentences += [preference_sentence(a, name, words[a.baseline]) for a in other.against]
    if subject.excluded:
        sentences.append(f"Left out because reviewers skipped them: {count_prompts(subject.excluded)}.")
    return tuple(sentences)


def _other_failures(assessments: Sequence[Assessment], subject: Assessment, alone: Verdict) -> list[Assessment]:
    """Candidates that were tested and failed: all the cheaper ones, and every other one when none passed."""
    others = [a for a in assessments if a.candidate != subject.candidate]
    if alone not in (Verdict.go, Verdict.keep_collecting):
        return others
    return others[: [a.candidate for a in assessments].index(subject.candidate)]


_UNCHECKED = "Checking what is not checked yet: "


def _would_change(
    verdicts: tuple[Verdict, Verdict], arm: str, blocking: Sequence[Gate], trust: _Trust
) -> tuple[str, ...]:
    ruled, alone = verdicts
    sentences = []
    if trust.scripted:
        sentences.append("A round in which people vote.")
    if not trust.independent:
        sentences.append("A round with at least one reviewer who did not curate, launch or see outputs before.")
    if alone is Verdict.go:
        failed = [g.title for g in blocking if g.state is GateState.failed]
        waiting = [g.title for g in blocking if g.state is not GateState.failed]
        sentences += [f"Repairing what failed and a new round: {join_words(failed)}."] if failed else []
        sentences += [f"{_UNCHECKED}{join_words(waiting)}."] if waiting else []
    if ruled is Verdict.go:
        sentences.append(
            "A change of the brief, the outputs or the decoding settings: the result is about those that were judged."
        )
    if alone is Verdict.no_go:
        sentences.append(f"A better version of {arm} in a new round; more votes in this one would not change it.")
    if alone is Verdict.keep_collecting:
        sentences.append("More completed prompts.")
    if alone is Verdict.inconclusive:
        sentences.append("A new round with more prompts, or a better version; an override needs a signed reason.")
        unchecked = [g.title for g in blocking if g.state is GateState.unchecked]
        sentences += [f"{_UNCHECKED}{join_words(unchecked)}."] if unchecked else []
    return tuple(sentences)


def _blocked(blocking: Sequence[Gate]) -> str:
    """How many gates stand in the way, counted by what is wrong with them."""
    told = []
    for state, words in (
        (GateState.failed, "failed"),
        (GateState.unchecked, "not checked yet"),
        (GateState.open, "not decided yet"),
    ):
        n = sum(g.state is state for g in blocking)
        if n:
            plural = f"gate{'' if n == 1 else 's'}"
            told.append(f"{n} {plural} failed" if words == "failed" else f"{n} {plural} {_is(n)} {words}")
    return join_words(told)


def _is(n: int) -> str:
    return "is" if n == 1 else "are"
