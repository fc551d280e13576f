"""The decision step's papers: what they are about, read once from the store, and the notes that people write for them.

`studio.reports` makes the papers of it. None of them computes a figure of its own: verdict, gates and intervals are
those of the Decision page, evaluation figures those of the Compare page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from studio import beside_votes, outputs, returns, signing
from studio.decision import Gate, Ruling
from studio.judgement import Judgement
from studio.outputs import Compared
from studio.records import (
    PROMPTING,
    Arm,
    ArmKind,
    Brief,
    Dataset,
    Decoding,
    Person,
    Refusal,
    Role,
    Round,
    Verdict,
    from_json,
)
from studio.review import numbered
from studio.review.assessment import Assessment
from studio.review.gates import FLOOR_NAME, preference_name
from studio.store import Store, arms, briefs, decisions, people, projects, rounds, runs
from studio.store import datasets as dataset_rows
from studio.store import papers as rows
from studio.store.decisions import Decision
from studio.store.papers import Notes
from studio.train import passport as passports
from studio.train import takeaway
from studio.train.passport import Passport
from studio.train.takeaway import Taken
from studio.wording import between, percent, several

MAY_WRITE = (Role.designer, Role.pm, Role.admin)


def to_ship(ruled: Ruling, names: Mapping[str, str], decision: Decision | None, void: str) -> str:
    """What ships, in words: by the verdict, or against it by a signed override; nothing once a decision is void.
    `decision`: what stands signed; `void`: why that says nothing of what stands here now, or ""."""
    if void:
        return "Nothing: what was signed is void"
    if decision and decision.body.get("override"):
        return f"{names[ruled.subject]}, against the verdict, by a signed override"
    if ruled.arm:
        return names[ruled.arm]
    return "Nothing" if ruled.verdict is Verdict.no_go else "Nothing yet"


def rests_on(assessed: Assessment, names: Mapping[str, str], gate: str) -> str:
    """The share that a gate of preference or the floor rests on, to follow its state; of another gate nothing."""
    found = next((each for each in assessed.against if preference_name(names[each.baseline]) == gate), None)
    if found is not None and found.theta is not None:
        span = between((found.interval.low, found.interval.high))
        return f": {percent(found.theta)} of {several(found.n, 'prompt')}, 95 % interval {span}"
    floor = assessed.floor
    if gate != FLOOR_NAME or floor is None or floor.share is None:
        return ""
    low, high = (percent(bound, floor.registered) for bound in (floor.low, floor.high))
    ends = f"at least {low}, at most {high}"
    asked = percent(floor.registered)
    return f": {percent(floor.share)} of {several(floor.n, 'answer')} ({ends}) beside a floor of {asked}"


@dataclass(frozen=True)
class Trial:
    """A closed round in which the arm might have shipped. `judged`: all that the rule makes of it; `names`: arm -> name
    as registered; `decision`: what stands signed on it, None without; `void`: why that says nothing of what stands here
    now, "" while it holds; `certificate`: the name of its file; `earlier`: that a newer round has closed, in words, or
    ""."""

    round: Round
    judged: Judgement
    names: Mapping[str, str]
    decision: Decision | None
    void: str
    certificate: str
    earlier: str = ""

    @property
    def ruling(self) -> Ruling:
        return self.judged.ruling

    @property
    def to_ship(self) -> str:
        return to_ship(self.ruling, self.names, self.decision, self.void)

    def of(self, arm: Arm) -> Assessment | None:
        """What the votes say of one of its candidates."""
        return next((each for each in self.judged.assessments if each.candidate == arm.id), None)


@dataclass(frozen=True)
class About:
    """What the papers of one arm say. `brief`: the newest version; `dataset`: what a tuned arm learned from, else the
    newest set; `passport`: of a tuned arm; `trial`: None while no round with it has closed.

    `compared`: the test answers of it, of the best prompt and of the base by the brief's machine checks, empty while a
    round is open; `besides`: what tuning broke, what it recites, personal data, as gates of this arm, empty while its
    first round is open; `cost`: sentences on what it costs and when it has paid back, or why that cannot be told;
    `taken`: what was prepared to take away; `people`: id -> name; `head`: the journal's.
    """

    project: str
    name: str
    brief: Brief
    notes: Notes
    arm: Arm
    dataset: Dataset | None
    passport: Passport | None
    trial: Trial | None
    compared: tuple[Compared, ...]
    besides: tuple[Gate, ...]
    cost: tuple[str, ...]
    open_round: bool
    head: str
    taken: Mapping[str, Taken] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)

    @property
    def assessed(self) -> Assessment | None:
        """What the votes say of this arm."""
        return self.trial.of(self.arm) if self.trial else None

    @property
    def labels(self) -> tuple[str, ...]:
        """What must stand on everything that tells of such a round."""
        return self.trial.ruling.labels if self.trial else ()

    @property
    def decoding(self) -> Decoding:
        """How its answers were written: as registered, or as everything is here."""
        told = self.trial.round.registration.get("decoding") if self.trial else None
        return from_json(Decoding, told) if told else Decoding()


def about(store: Store, project: str, arm: str = "", on: Round | None = None) -> About:
    """Everything that the papers say of an arm (its id; "": of what the latest decision is about, see `subject`). `on`:
    the closed round that they are to be about, and its arm, rather than the newest.

    Raises Refusal without such an arm.
    """
    told = signing.judged(store, on) if on else None
    arm = told.ruling.subject if told else arm
    found = arms.get(store, arm) if arm else subject(store, project)
    if found is None or found.project != project:
        raise Refusal("There is no model here to write a paper about. Nothing was written. Train one, or name another.")
    home, run = projects.get(store, project), runs.get(store, found.run) if found.run else None
    trial = _of_round(store, on, told) if on and told else _trial(store, found)
    kept = dataset_rows.get(store, run.dataset) if run else dataset_rows.latest(store, project)
    waiting = any(r.state == "open" for r in rounds.every(store, project))
    tested = trial.round.registration["dataset"] if trial else kept.id if kept else ""
    return About(
        project=project, name=home.name if home else project, brief=briefs.latest(store, project) or Brief(),
        notes=rows.notes(store, project), arm=found, dataset=kept,
        passport=passports.passport(store, run.id) if run else None, trial=trial,
        compared=() if waiting or not tested else _compared(store, found, tested),
        besides=() if waiting and trial is None else _besides(store, found, trial, kept),
        cost=_cost(store, trial, found) if trial else (),
        open_round=waiting, head=store.head, taken=takeaway.ready(store, run) if run else {},
        people=people.names(store),
    )  # fmt: skip


def subject(store: Store, project: str) -> Arm | None:
    """The arm that a decision here is about: the one that the newest closed round speaks of, else the newest tuned one,
    else none."""
    closed = next((r for r in rounds.every(store, project) if r.state == "closed"), None)
    if closed is not None:
        return arms.get(store, signing.ruling(store, closed).subject)
    tuned = [arm for arm in arms.every(store, project) if arm.kind is ArmKind.tuned]
    return tuned[-1] if tuned else None


def write_notes(store: Store, person: Person, project: str, notes: Notes, read: Notes | None = None) -> Notes:
    """What the papers say from now on. `read`: what they said when its writer began, None for what they say now; a part
    that its writer left alone stays as anybody else wrote it since.

    Raises Refusal for a role that may not, for a text that is too long, and where somebody else wrote the same part.
    """
    if person.role not in MAY_WRITE:
        raise Refusal("The papers are written by designers, PMs and admins. Nothing was changed.")
    stands = asdict(rows.notes(store, project))
    began = asdict(read) if read else stands
    own = {name: text for name, text in asdict(notes).items() if text != began[name]}
    if any(stands[name] not in (began[name], text) for name, text in own.items()):
        raise Refusal(
            "Somebody wrote the same part meanwhile. Nothing was changed. Read theirs, then keep yours again."
        )
    if own.items() <= stands.items():
        raise Refusal("This is what the papers say already. Nothing was changed.")
    store.act("papers.noted", person.id, stands | own, project)
    return rows.notes(store, project)


def _trial(store: Store, arm: Arm) -> Trial | None:
    """The newest closed round in which the arm is a candidate."""
    for found in rounds.every(store, arm.project):
        if found.state == "closed" and arm.id in {each.arm for each in found.candidates}:
            return _of_round(store, found, signing.judged(store, found))
    return None


def _of_round(store: Store, found: Round, judged: Judgement) -> Trial:
    signed = decisions.on(store, found.id)
    void = signing.void_because(store, signed) if signed else ""
    name = signing.certificate_name(found, judged.ruling)
    return Trial(found, judged, signing.names(found), signed, void, name, _earlier(store, found))


def _earlier(store: Store, found: Round) -> str:
    told = [each for each in numbered.every(store, found.project) if each.round.state == "closed"]
    own = next(each for each in told if each.round.id == found.id)
    return f"{own.name}, an earlier one: {told[0].name.lower()} has closed since" if own is not told[0] else ""


def _compared(store: Store, arm: Arm, dataset: str) -> tuple[Compared, ...]:
    """The arm first, then the best prompt and the base of its model."""
    every = outputs.compare(store, arm.project, dataset)
    own = [each for each in every if each.arm.id == arm.id]
    prompts = [each for each in every if each.arm.kind in PROMPTING and each.arm.id != arm.id]
    best = sorted(prompts, key=lambda each: each.average.value)[-1:]
    base = [each for each in every if each.arm.kind is ArmKind.base and each.arm.id != arm.id][:1]
    return (*own, *best, *base)


def _besides(store: Store, arm: Arm, trial: Trial | None, dataset: Dataset | None) -> tuple[Gate, ...]:
    if trial is not None:
        found = (each.gate for each in beside_votes.checked(store, trial.round))
        return tuple(gate for gate in found if gate.arm == arm.id)
    return beside_votes.of_arm(store, arm, dataset) if dataset else ()


def _cost(store: Store, trial: Trial, arm: Arm) -> tuple[str, ...]:
    """As the Decision page's card "Return on it" says it."""
    assessed = trial.of(arm)
    told = returns.of_round(store, trial.round, assessed) if assessed else None
    if told is None:
        return ()
    if not told.tuned:
        return (f"{told.candidate} was not tuned, so there is no training that would have to pay back.",)
    if told.found is None:
        return (f"It cannot be told yet. What is missing: {'; '.join(each.what for each in told.lacking)}.",)
    return tuple(said for said in (told.found.sentence, told.found.in_months) if said)
