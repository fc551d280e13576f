"""Signed decisions over time: what each names, what differs between two, and how every gate stood round by round.

What was signed is read as it was signed; only a figure that an older decision did not keep is worked out again from
the round's votes, which a closed round cannot change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio import wording
from studio.decision import Gate, GateState, Ruling
from studio.judgement import Judgement, names
from studio.records import Person, Role, Round, Verdict, from_json
from studio.review import rounds
from studio.review.assessment import AgainstBaseline
from studio.review.gates import join_words
from studio.store import Store, datasets
from studio.store import decisions as rows
from studio.store import rounds as round_rows
from studio.wording import day, percent, several

SLICES = "Kinds of input (slices)"
"""The name under which all gates of slices stand as one."""
LABELS = {"scripted": "scripted votes", "practice": "practice", "length_dependent": "length-dependent"}
"""What a ruling says of itself -> the words that must stand on its verdict."""
OVERRIDDEN = "overridden: ships"
"""What stands on a verdict that somebody overrode with a reason."""


@dataclass(frozen=True)
class Against:
    """How often the arm was preferred to one baseline: `theta` in [0, 1] with its 95 % interval over `n` prompts."""

    baseline: str
    theta: float | None
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Told:
    """What one signed decision names. Names are those that were registered with the round; `runs`: of the arm in
    question, "" where it was not trained here; `size`: examples in the frozen set, None where it is gone. `role`: the
    signer's when they signed, None where the decision is older than its keeping. `labels`: what must
    stand on its verdict, of `LABELS`. `override`: why it ships against its verdict, "" where it does not."""

    id: str
    round: str
    at: str
    verdict: Verdict
    ships: bool
    withdrawn: bool
    arm: str
    dataset: str
    dataset_sha256: str
    size: int | None
    run: str
    brief_version: int
    against: tuple[Against, ...]
    gates: tuple[Gate, ...]
    signed_by: str
    role: Role | None
    comment: str
    labels: tuple[str, ...] = ()
    override: str = ""

    @property
    def marks(self) -> tuple[str, ...]:
        """What must stand on its verdict."""
        return marks(self.labels, self.override)


def marks(labels: Sequence[str], override: str) -> tuple[str, ...]:
    """What must stand on a signed verdict: its labels, and that it ships although it would not."""
    return (*labels, *((OVERRIDDEN,) if override else ()))


def labels(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The words that a signed decision's body says of its ruling."""
    return tuple(word for name, word in LABELS.items() if body.get(name))


def record(found: Round, told: Judgement, person: Person) -> dict[str, Any]:
    """What a new decision names beside its ruling: set, trainings, brief, registration, figures, the signer's role."""
    registration, assessed = found.registration, told.subject[0]
    return {
        "registration": found.sha256,
        "dataset": registration["dataset"],
        "dataset_sha256": registration.get("dataset_sha256", ""),
        "brief_version": registration["brief_version"],
        "runs": {each.arm: registration["arms"][each.arm]["run"] for each in found.candidates},
        "role": person.role.value,
        "against": [_kept(each) for each in assessed.against],
    }


def _kept(each: AgainstBaseline) -> dict[str, Any]:
    span = each.interval
    return {"baseline": each.baseline, "theta": each.theta, "low": span.low, "high": span.high, "n": each.n}


def every(store: Store, project: str) -> list[Told]:
    """Every decision of a project as it was signed, the oldest first, the withdrawn too."""
    return [_told(store, each) for each in reversed(rows.every(store, project))]


def _told(store: Store, signed: rows.Decision) -> Told:
    found = round_rows.get(store, signed.round)
    assert found is not None, "a decision is about a round of this store"
    body, registration = signed.body, found.registration
    called, dataset = names(found), datasets.get(store, registration["dataset"])
    subject = body.get("subject") or found.candidates[0].arm
    kept = body["against"] if "against" in body else _again(store, found, subject)
    return Told(
        signed.id, signed.round, signed.at, signed.verdict,
        signed.ships, bool(signed.withdrawn), called.get(subject, subject), dataset.name if dataset else "",
        registration.get("dataset_sha256", ""),
        sum(dataset.splits.values()) if dataset else None, registration["arms"][subject]["run"],
        registration["brief_version"],
        tuple(Against(**{**each, "baseline": called.get(each["baseline"], each["baseline"])}) for each in kept),
        tuple(from_json(Gate, each) for each in body.get("gates", [])),
        signed.signed_by, Role(body["role"]) if "role" in body else None, signed.comment,
        labels(body), str(body.get("override", "")),
    )  # fmt: skip


def _again(store: Store, found: Round, subject: str) -> list[dict[str, Any]]:
    """The figures of a decision that kept none: its round is closed, so its votes still give the same."""
    told = next((each for each in rounds.assess(store, found) if each.candidate == subject), None)
    return [_kept(each) for each in told.against] if told else []


# -- two decisions ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """One thing that a decision names, as it stands in the earlier and in the later one."""

    name: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Between:
    """What differs from one decision to a later one: `facts`, all that both name; `gates`, those whose state differs,
    in words."""

    before: Told
    after: Told
    facts: tuple[Fact, ...]
    gates: tuple[Fact, ...]

    @property
    def sentence(self) -> str:
        """What differs, for somebody who reads no table."""
        was, now = (_verdict(each) for each in (self.before, self.after))
        start = f"The verdict stayed {now}." if was == now else f"{was.capitalize()} became {now}."
        named = [fact for fact in self.facts if fact.name in _THINGS]
        other = [_THINGS[fact.name] for fact in named if fact.changed]
        same = [_THINGS[fact.name] for fact in named if not fact.changed]
        told = [start, *_overridden(self.before, self.after)]
        if other:
            told.append(f"Not the same: {join_words(other)}.")
        if same:
            told.append(f"The same: {join_words(same)}.")
        once = sum(_NOT_ASKED in (gate.before, gate.after) for gate in self.gates)
        moved = len(self.gates) - once
        told.append(f"{several(moved, 'gate')} changed state." if moved else "No gate changed state.")
        told += [f"{several(once, 'gate')} {'was' if once == 1 else 'were'} asked in one of them only."] if once else []
        return " ".join(told)


def _overridden(before: Told, after: Told) -> list[str]:
    """Which of them was signed to ship against its verdict."""
    which = [word for word, told in (("earlier", before), ("later", after)) if told.override]
    if len(which) == 2:
        return ["Both were signed to ship against the verdict."]
    return [f"The {which[0]} one was signed to ship against its verdict."] if which else []


_NOT_ASKED = "not asked"
_THINGS = {"Arm": "the arm", "Dataset": "the dataset", "Training (run)": "the training", "Brief": "the brief"}


def between(before: Told, after: Told) -> Between:
    """Sets a later decision beside an earlier one. Figures against a baseline stand beside those against the one of the
    same name; that two differ says not that the difference is more than chance."""
    facts = [
        Fact("Verdict", _verdict(before), _verdict(after)),
        Fact("Ships", *("yes" if each.ships else "no" for each in (before, after))),
        Fact("Arm", before.arm, after.arm),
        Fact("Dataset", _dataset(before), _dataset(after)),
        Fact("Training (run)", before.run or "none here", after.run or "none here"),
        Fact("Brief", f"version {before.brief_version}", f"version {after.brief_version}"),
    ]
    if before.override or after.override:
        facts.append(Fact("Overridden, because", *(each.override or "not overridden" for each in (before, after))))
    for name in dict.fromkeys(each.baseline for told in (before, after) for each in told.against):
        facts.append(Fact(f"Preferred to {name}", *(_theta(told, name) for told in (before, after))))
    return Between(before, after, tuple(facts), tuple(_moved(before, after)))


def _verdict(told: Told) -> str:
    return said(told.verdict, told.labels)


def said(verdict: Verdict, labels: Sequence[str]) -> str:
    """A verdict as it is said, with what must stand on it: "inconclusive (practice)"."""
    word = verdict.value.replace("_", " ").lower()
    return f"{word} ({', '.join(labels)})" if labels else word


def _dataset(told: Told) -> str:
    size = "gone" if told.size is None else several(told.size, "example")
    return f"{told.dataset or 'a set'}, {size}, {told.dataset_sha256[:12]}".removesuffix(", ")


def _theta(told: Told, baseline: str) -> str:
    found = next((each for each in told.against if each.baseline == baseline), None)
    if found is None or found.theta is None:
        return _NOT_ASKED
    return f"{percent(found.theta)} ({wording.between((found.low, found.high))}, n = {found.n:,})"


def _moved(before: Told, after: Told) -> list[Fact]:
    was, now = ({gate.name: gate.state for gate in told.gates} for told in (before, after))
    titles = {gate.name: gate.title for told in (before, after) for gate in told.gates}
    return [
        Fact(titles[name], in_words(was.get(name)), in_words(now.get(name)))
        for name in dict.fromkeys((*was, *now))
        if was.get(name) is not now.get(name)
    ]


def in_words(state: GateState | None) -> str:
    """A gate's state as it is said; None: the round had no such gate."""
    if state is None:
        return _NOT_ASKED
    return {GateState.open: "not decided", GateState.unchecked: "not checked"}.get(state, state.value)


# -- gates over rounds -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A closed round: when it opened, the arm in question, its verdict, and whether that was signed."""

    round: str
    at: str
    arm: str
    verdict: Verdict
    signed: bool
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One gate: how it stood in each round, None where the round had no such gate."""

    gate: str
    states: tuple[GateState | None, ...]


@dataclass(frozen=True)
class GateHistory:
    """Every gate in every closed round, the oldest round first. `left_out`: closed rounds that were neither signed nor
    judged here."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    left_out: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Whether what failed the time before is mended, from the last two rounds."""
        if len(self.columns) < 2:
            return "There is one closed round so far; from the second on it shows here what was mended."
        since = f"since the round of {day(self.columns[-2].at)}"
        failed = [line for line in self.lines if line.states[-2] is GateState.failed]
        new = [line.gate for line in self.lines if line.states[-1] is GateState.failed and line not in failed]
        told = [] if failed else [f"No gate had failed in the round of {day(self.columns[-2].at)}."]
        for state, said in (
            (GateState.passed, f"Mended {since}"), (GateState.failed, f"Still failed {since}"),
            (GateState.open, "Failed then, not decided now"), (GateState.unchecked, "Failed then, not checked now"),
            (None, "Failed then, not asked any more"),
        ):  # fmt: skip
            if those := [line.gate for line in failed if line.states[-1] is state]:
                told.append(f"{said}: {join_words(those)}.")
        told += [f"Failed now and not then: {join_words(new)}."] if new else []
        waited = [line for line in self.lines if line.states[-2] in (GateState.open, GateState.unchecked)]
        if passed := sum(line.states[-1] is GateState.passed for line in waited):
            told.append(f"Open or not checked then and passed now: {several(passed, 'gate')}.")
        return " ".join(told)


def gate_history(store: Store, project: str, ruled: Mapping[str, Ruling]) -> GateHistory:
    """The gates of every closed round: as they were signed; where that does not stand, or nobody signed, as in
    `ruled` (round -> its ruling now)."""
    told_of = every(store, project)
    any_of = {each.round: each for each in told_of}
    standing = {each.round: each for each in told_of if not each.withdrawn}
    closed = [found for found in round_rows.every(store, project) if found.state == "closed"]
    columns, stood, left_out = list[Column](), list[dict[str, GateState]](), list[str]()
    for found in reversed(closed):
        told = standing.get(found.id) or (None if found.id in ruled else any_of.get(found.id))
        if told is not None:
            columns.append(Column(found.id, found.at, told.arm, told.verdict, True, told.marks))
            stood.append(states(told.gates))
        elif (ruling := ruled.get(found.id)) is not None:
            arm = names(found).get(ruling.subject, ruling.subject)
            marks = tuple(word for name, word in LABELS.items() if getattr(ruling, name))
            columns.append(Column(found.id, found.at, arm, ruling.verdict, False, marks))
            stood.append(states(ruling.gates))
        else:
            left_out.append(found.id)
    order = dict.fromkeys(name for each in reversed(stood) for name in each)
    lines = [Line(name, tuple(each.get(name) for each in stood)) for name in order]
    return GateHistory(tuple(columns), tuple(lines), tuple(left_out))


def states(gates: Sequence[Gate]) -> dict[str, GateState]:
    """Gate -> its state, all slices as one: failed if one is, passed if all are, else open."""
    found = {gate.name: gate.state for gate in gates if not gate.is_slice}
    sliced = {gate.state for gate in gates if gate.is_slice}
    if sliced:
        whole = GateState.passed if sliced == {GateState.passed} else GateState.open
        found[SLICES] = GateState.failed if GateState.failed in sliced else whole
    return found
