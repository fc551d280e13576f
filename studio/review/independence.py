"""Who may count: someone who neither made the examples and prompts nor saw whose output is whose."""

from __future__ import annotations

from studio.records import Person, Role
from studio.store import Store, arms, copies, people, projects, rounds

_WROTE = "wrote, imported, edited or approved examples"
ENDS_INDEPENDENCE = {
    "examples.imported": _WROTE,
    "example.saved": _WROTE,
    "examples.marked": _WROTE,
    "examples.changed": _WROTE,
    "examples.rewritten": _WROTE,
    "examples.trashed": _WROTE,
    "contradiction.settled": _WROTE,
    "label.given": "labelled examples",
    "label.settled": "labelled examples",
    "queue.seen": "were shown examples to label",
    "job.started": "started a training or generation job",
    "job.resumed": "started a training or generation job",
    "run.registered": "brought in a model that was trained elsewhere",
    "project.brought": "brought this project in from a file",
    "project.copied": "copied this project from another one",
    "document.added": "brought in documents that one of the arms answers from",
    "votes.taken": "took out what people preferred, with the answers",
    "outputs.seen": "saw which arm wrote what",
}
"""Kinds of acts that end independence, the weightiest first; every other kind leaves it (a test names them)."""


_NAMELESS = (
    "examples.imported", "example.saved", "examples.marked", "examples.changed", "examples.rewritten", "job.started",
    "run.registered", "arm.saved", "document.added", "votes.taken",
    "project.brought", "project.copied",
)  # fmt: skip
"""Acts that leave it open who did them, when the command or a demo did them; an admin may have."""

VOTING = ("vote.cast", "vote.explained", "exit.guessed")
"""The acts of voting itself, which end nobody's independence: it is read once for all of a reviewer's votes."""


def conflict(store: Store, project: str, person: Person) -> str:
    """Why this person's votes stay outside the gate, to follow "because you". "" when they are independent."""
    if person.scripted:
        return "are a script, not a person"
    return store.kept_besides(("conflict", project, person), VOTING, lambda: _read_conflict(store, project, person))


def _read_conflict(store: Store, project: str, person: Person) -> str:
    did = store.kinds_done(project, person.id)
    if found := next((why for kind, why in ENDS_INDEPENDENCE.items() if kind in did), ""):
        return found
    if "arm.saved" in did and person.id in arms.prompt_authors(store, project):
        return "wrote one of the prompts that compete"
    if person.role is Role.admin and people.nameless_work(store, project, _NAMELESS):
        return "may have worked here by the command line"
    return _from_before(store, project, person)


def _from_before(store: Store, project: str, person: Person) -> str:
    """The same of the project that this one was copied from; one that was begun with its brief and settings alone has
    of it only the prompts."""
    here = projects.get(store, project)
    source = copies.source_of(store, here) if here else ""
    if not source:
        return ""
    if here and here.origin.startswith("copy:"):
        return conflict(store, source, person)
    return "wrote one of the prompts that compete" if person.id in arms.prompt_authors(store, source) else ""


def kept_blind(store: Store, project: str, person: Person) -> bool:
    """Whether figures by arm, an earlier round's among them, are kept from this person now: a blind round is open in
    which their votes would count, and its arms may be the same."""
    going_on = any(found.state == "open" for found in rounds.every(store, project))
    return going_on and not conflict(store, project, person)


def independent_people(store: Store, project: str) -> list[Person]:
    """Everybody active whose votes would count in this project now."""
    return [p for p in people.everyone(store) if p.active and not conflict(store, project, p)]
