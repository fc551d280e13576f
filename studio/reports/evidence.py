"""What the papers say of the evidence behind an arm, as parts in Markdown: verdict, gates, preference, slices, checks.

Every figure is one that `studio.papers` brings; nothing is computed here but how it is written.
"""

from __future__ import annotations

from collections.abc import Sequence

from studio.decision import Gate, GateState
from studio.evaluate.averages import Average
from studio.papers import About, Trial
from studio.records import Brief, Verdict
from studio.reports.markdown import NOT_WRITTEN, bullets, plain, table, written
from studio.review.assessment import Assessment, SliceFinding, SliceState
from studio.wording import between, day, percent, several

STATES = {
    GateState.passed: "passed", GateState.failed: "failed", GateState.open: "not decided",
    GateState.unchecked: "not checked",
}  # fmt: skip
SLICE_STATES = {
    SliceState.cleared: "cleared",
    SliceState.regressed: "got worse",
    SliceState.not_enough_votes: "not enough votes",
}
LIMITS = (
    "The verdict holds for these outputs, under this brief and these decoding settings; a change of any of them asks "
    "for a new round.",
    "The test prompts are the team’s own. Whether they are like what people will really ask was not measured.",
    "Personal data is looked for by form (addresses, telephone and account numbers and the like); names are not found.",
)

_LATER = "A blind round is open; these figures are told when it has closed."


def labels(about: About) -> list[str]:
    """Lines in bold that say what kind of votes these are, and that a newer round has closed; no part where people
    voted in earnest in the newest."""
    told = {
        "Scripted votes": "**Scripted votes: a script voted here, not people. Nothing may ship by this.**",
        "Practice round": "**Practice round: nobody independent voted. Nothing may ship by this.**",
    }
    earlier = about.trial.earlier if about.trial else ""
    return [*(told[label] for label in about.labels), *([f"**{earlier}.**"] if earlier else [])]


def use(brief: Brief) -> list[str]:
    """What it is for and not for, as the brief says it; what nobody wrote is said, too."""
    said = (
        ("Task", brief.task), ("For whom", brief.audience), ("What people send", brief.inputs),
        ("Meant for", brief.intended_use), ("Not meant for", brief.not_intended_use), ("Must never", brief.must_never),
    )  # fmt: skip
    return bullets(f"**{title}:** {plain(text) or NOT_WRITTEN}" for title, text in said)


def contacts(about: About) -> list[str]:
    """Whom to ask, and who is told when something goes wrong."""
    told = (
        ("Owner", about.notes.owner), ("Engineer", about.notes.engineer),
        ("When it does harm, or stops being good", about.notes.escalation),
    )  # fmt: skip
    return [f"**{title}:** {written(text)}" for title, text in told]


def limits(about: About) -> list[str]:
    """What people wrote down, then what holds of every such paper."""
    own = [
        f"{gate.title}: {gate.sentence}" for gate in gates(about)
        if gate.state in (GateState.open, GateState.unchecked) and not gate.is_slice
    ]  # fmt: skip
    return [written(about.notes.limits), *bullets([*map(plain, own), *LIMITS])]


# -- the round -------------------------------------------------------------------------------------


def verdict(about: About) -> list[str]:
    """The verdict of the round in one sentence, why, what was signed and where to check it."""
    trial = about.trial
    if trial is None:
        waiting = "A blind round is open; its verdict is told when it has closed." if about.open_round else ""
        return [waiting or "No blind round has closed on it, so people have not judged it."]
    ruled = trial.ruling
    parts = [f"**{ruled.in_words.capitalize()}.** {plain(ruled.headline)}"]
    if about.arm.id != ruled.subject:
        parts.append(f"The round speaks of {plain(trial.names[ruled.subject])}, not of this one.")
    return [*parts, *bullets([*map(plain, ruled.because), plain(signed(trial, about))])]


def signed(trial: Trial, about: About) -> str:
    """What stands signed, in a line: what, by whom, when, why it ships all the same, and whether it is void by now."""
    found = trial.decision
    if found is None:
        return "Nobody has signed a decision on it."
    said = f"Void: {trial.void} " if trial.void else ""
    who = about.people.get(found.signed_by, found.signed_by)
    said += f"{in_words(found.verdict)}, signed by {who} on {day(found.at)} on the record {found.head[:12]}"
    reason = str(found.body.get("override", ""))
    said += f"; shipped against the verdict, because: {reason}" if reason else ""
    said = f"{said.rstrip('.')}."
    return f"{said} Comment: {found.comment}" if found.comment else said


def in_words(found: Verdict) -> str:
    return found.value.replace("_", " ").capitalize()


def gates(about: About) -> Sequence[Gate]:
    """The gates of its round, where that rules on this arm; else those that need no round."""
    ruled = about.trial.ruling if about.trial else None
    return ruled.gates if ruled and ruled.subject == about.arm.id else about.besides


def gate_table(about: About) -> list[str]:
    """Every gate but the slices, which have a table of their own, with its state and its sentence."""
    rows = [[g.name, STATES[g.state], g.sentence] for g in gates(about) if not g.is_slice]
    if not rows and about.open_round:
        return [_LATER]
    return table(["Gate", "State", "What was found"], rows, figures=0)


def gate(about: About, name: str) -> str:
    """What the gate of this name found of this arm; that nothing was measured where there is none."""
    found = next((g for g in about.besides if g.name == name), None)
    return plain(found.sentence) if found else _LATER if about.open_round else "Not measured: no set is frozen."


def preference(about: About) -> list[str]:
    """How often people preferred it to each baseline, with interval and n."""
    assessed, trial = about.assessed, about.trial
    if assessed is None or trial is None:
        return []
    rows = [
        [trial.names[a.baseline], share(a.theta), between((a.interval.low, a.interval.high)), f"{a.n:,}",
         f"{a.votes:,}", percent(a.both_bad)]
        for a in assessed.against
    ]  # fmt: skip
    return table(["Preferred to", "Share (theta)", "95 % interval", "Prompts", "Votes", "Both bad"], rows)


def slices(about: About) -> list[str]:
    """Each kind of input against each baseline."""
    rows = [
        [slice_name(each), baseline, SLICE_STATES[each.state], share(each.theta),
         between((each.interval.low, each.interval.high)), f"{each.n:,}"]
        for baseline, each in every_slice(about)
    ]  # fmt: skip
    heads = ["Kind of input (slice)", "Against", "State", "Share (theta)", "95 % interval", "Prompts"]
    return table(heads, rows, figures=3)


def every_slice(about: About) -> list[tuple[str, SliceFinding]]:
    """(name of the baseline, finding) of every slice of this arm."""
    assessed, trial = about.assessed, about.trial
    if assessed is None or trial is None:
        return []
    return [(trial.names[against.baseline], each) for against in assessed.against for each in against.slices]


def slice_name(found: SliceFinding) -> str:
    return found.name.replace("_", " ") + (" (critical)" if found.critical else "")


def floor(assessed: Assessment | None) -> list[str]:
    """How many of its answers reviewers would ship, where they were asked."""
    found = assessed.floor if assessed else None
    if found is None or found.share is None:
        return []
    return [
        f"Reviewers would ship {percent(found.share)} of its answers (at least {percent(found.low)} and at most "
        f"{percent(found.high)}, each 95 % sure; asked on {several(found.n, 'prompt')})."
    ]


# -- machine checks --------------------------------------------------------------------------------


def checks(about: About) -> list[str]:
    """The brief's machine checks on the test answers: the average, then rule by rule, of each arm."""
    if about.open_round:
        return [_LATER]
    if not about.compared:
        return ["It has not answered the test prompts, so no machine check was made."]
    names = [each.arm.name for each in about.compared]
    if not about.compared[0].average.rules:
        return ["The brief has no rule that a machine can check."]
    rows = [["Rules kept for each prompt, on average", *(_average(each.average) for each in about.compared)]]
    by_arm = [{score.criterion: score for score in each.scores} for each in about.compared]
    for score in about.compared[0].scores:
        told = [own.get(score.criterion) for own in by_arm]
        rows.append([score.criterion, *(f"{s.kept} of {s.n} ({between(s.interval)})" if s else "none" for s in told)])
    return table(["Rule", *map(plain, names)], rows, figures=0)


def _average(found: Average) -> str:
    return f"{found.value:.1f} of {found.rules} ({found.low:.1f} to {found.high:.1f}, n = {found.n:,})"


def share(theta: float | None) -> str:
    return "none" if theta is None else percent(theta)


def identity(about: About) -> list[str]:
    """By what to know the model, the set and the round, and where the record stood."""
    told = [f"Journal head when this was written: {about.head}"]
    if about.passport is not None:
        told.insert(0, f"Weights that were learned (adapter), SHA-256: {about.passport.adapter_sha256 or 'none'}")
        told.insert(1, f"Passport, SHA-256: {about.passport.sha256}")
    if about.dataset is not None:
        told.append(f"Set “{plain(about.dataset.name)}”, SHA-256: {about.dataset.sha256}")
    if about.trial is not None:
        told.append(f"Round {about.trial.round.id}, registration SHA-256: {about.trial.round.sha256}")
        told.append(f"Certificate of the verdict: {about.trial.certificate} (run it again with `studio verify`)")
    return bullets(told)
