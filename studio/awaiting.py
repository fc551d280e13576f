"""What waits for one person, in any project: what they were asked for, and what only their role can do. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studio import checking, contradictions, discussion, signing
from studio.examples import labelling
from studio.records import JobState, Person, Role
from studio.review import rounds
from studio.review.independence import conflict, kept_blind
from studio.store import Store, decisions, finding, labels, runs
from studio.store import projects as project_rows
from studio.store import rounds as round_rows
from studio.wording import several


@dataclass(frozen=True)
class Wait:
    """One thing that waits: in which project, in a sentence, and the page where it is done with what its address holds
    beside the project. `label`: of the way there."""

    project: str
    project_name: str
    sentence: str
    page: str
    label: str
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Here:
    store: Store
    person: Person
    names: dict[str, str]

    def wait(self, project: str, sentence: str, page: str, label: str, **query: str) -> Wait:
        return Wait(project, self.names[project], sentence, page, label, tuple(query.items()))


_MAKERS = (Role.designer, Role.admin)
_JOBS = {
    "train": ("The training", "train"), "generate": ("Writing the answers", "evaluate"),
    "takeaway": ("Packing the model", "train"), "side_effects": ("Measuring the side effects", "evaluate"),
    "judging": ("Asking the judge", "evaluate"), "conversations": ("Going through the conversations", "evaluate"),
    "robustness": ("Answering changed inputs", "evaluate"), "fairness": ("Answering as other people", "evaluate"),
    "timing": ("Timing the arms", "evaluate"), "preflight": ("Measuring before the training", "train"),
}  # fmt: skip


def waiting(store: Store, person: Person) -> tuple[Wait, ...]:
    """What waits for this person in the projects that are not archived: what others wait for first.

    Contradictions are known only where Check and freeze was opened since the studio started.
    """
    here = _Here(store, person, {each.id: each.name for each in project_rows.every(store)})
    found = [*_mentions(here), *_decisions(here), *_rounds(here), *_labels(here)]
    if person.role in _MAKERS:
        found += [*_assigned(here), *_contradictions(here)]
    return (*found, *_ended(here))


def _mentions(here: _Here) -> Iterator[Wait]:
    for each in discussion.waiting(here.store, here.person):
        if kept_blind(here.store, each.project, here.person):  # it may tell of arms, as the page of its round does
            said = f"{each.by} named you on an earlier verdict. You read it once the open round has closed."
            yield here.wait(each.project, said, "review", "Go to the blind round")
            continue
        said = f"{each.by} named you on the verdict: “{each.text}”"
        yield here.wait(each.project, said, "decision", "Read it", round=each.remark.round)


def _decisions(here: _Here) -> Iterator[Wait]:
    if here.person.role in signing.MAY_SIGN:
        for project in decisions.unsigned(here.store):
            if project in here.names:
                yield here.wait(project, "The round is closed; its decision is not signed.", "decision", "Decide")


def _rounds(here: _Here) -> Iterator[Wait]:
    """Open rounds in which this person's votes would count."""
    for each in round_rows.all_open(here.store):
        if each.project not in here.names or conflict(here.store, each.project, here.person):
            continue
        if left := rounds.left_for(here.store, each, here.person.id):
            yield here.wait(each.project, f"{several(left, 'pair')} to judge in the blind round.", "review", "Judge")


def _labels(here: _Here) -> Iterator[Wait]:
    for project in labels.asking(here.store):
        if project not in here.names:
            continue
        for queue, left in labelling.waiting_for(here.store, project, here.person.id):
            said = f"{several(left, 'example')} to label in “{queue.name}”."
            yield here.wait(project, said, "examples", "Label", **{"examples-view": "label", "queue": queue.id})


def _assigned(here: _Here) -> Iterator[Wait]:
    for project, count in finding.assigned(here.store, here.person.id).items():
        if project in here.names:
            said = f"{several(count, 'example')} given to you, not decided yet."
            yield here.wait(project, said, "examples", "Look at them", assigned=here.person.id)


def _contradictions(here: _Here) -> Iterator[Wait]:
    for project in here.names:
        if (made := checking.last(here.store, project)) is None:
            continue
        named = contradictions.found(made.checkup.report)
        if named and (left := len(contradictions.still_open(here.store, project, named))):
            said = f"{several(left, 'contradiction')} to settle."
            yield here.wait(project, said, "health", "Settle", **{"health-view": "contradictions"})


def _ended(here: _Here) -> Iterator[Wait]:
    """Jobs of this person that ended since they last did something in the project; of several of a kind the last."""
    told: set[tuple[str, str]] = set()
    for job in runs.ended_unseen(here.store, here.person.id):
        what, page = _JOBS.get(job.kind, ("A job", "evaluate"))
        if job.project in here.names and (job.project, job.kind) not in told:
            told.add((job.project, job.kind))
            how = "has ended." if job.state is JobState.done else "has failed; its page says why."
            yield here.wait(job.project, f"{what} {how}", page, "See what came of it")
