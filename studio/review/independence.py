"""Who may count: someone who neither made the examples and prompts nor saw whose output is whose."""

from __future__ import annotations

from studio.records import Person, Role
from studio.store import Store, arms, people
from studio.store.kept import acts_of

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
    "document.added": "brought in documents that one of the arms answers from",
    "votes.taken": "took out what people preferred, with the answers",
    "outputs.seen": "saw which arm wrote what",
}
"""Kinds of acts that end independence, the weightiest first; every other kind leaves it (a test names them)."""


_NAMELESS = (
    "examples.imported", "example.saved", "examples.marked", "examples.changed", "examples.rewritten", "job.started",
    "run.registered", "arm.saved", "document.added", "votes.taken",
)  # fmt: skip
"""Acts that leave it open who did them, when the command or a demo did them; an admin may have."""

_TOLD_BY = ("people", "arms", *acts_of({*ENDS_INDEPENDENCE, *_NAMELESS}))
"""What `conflict` depends on: votes are not among it, so that it is read once for all of a reviewer's."""


def conflict(store: Store, project: str, person: Person) -> str:
    """Why this person's votes stay outside the gate, to follow "because you". "" when they are independent."""
    if person.scripted:
        return "are a script, not a person"
    return store.kept(("conflict", project, person), _TOLD_BY, lambda: _read_conflict(store, project, person))


def _read_conflict(store: Store, project: str, person: Person) -> str:
    did = store.kinds_done(project, person.id)
    if found := next((why for kind, why in ENDS_INDEPENDENCE.items() if kind in did), ""):
        return found
    if "arm.saved" in did and person.id in arms.prompt_authors(store, project):
        return "wrote one of the prompts that compete"
    if person.role is Role.admin and people.nameless_work(store, project, _NAMELESS):
        return "may have worked here by the command line"
    return ""


def independent_people(store: Store, project: str) -> list[Person]:
    """Everybody active whose votes would count in this project now."""
    return [p for p in people.everyone(store) if p.active and not conflict(store, project, p)]
