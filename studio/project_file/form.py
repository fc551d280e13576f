"""What a project's file holds and how it is laid out; see docs/formats.md and docs/decisions/0025.

manifest.json      what the file is, the people it names, and the SHA-256 of the list of acts
acts.jsonl         the acts of the project, one a line, in order, as they stand in the journal
blobs/<sha256>     what the acts name: their payloads, and the texts and rows in them
jobs/<id>/<place>/ the two files of a tuned model, where they were taken along
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from studio.store.brought import KIND as BROUGHT

FORMAT = "yardstick-project-1"
MANIFEST, ACTS, BLOBS = "manifest.json", "acts.jsonl", "blobs/"
NAME = re.compile(r"[0-9a-f]{64}")
MODEL = re.compile(
    r"jobs/[A-Za-z0-9][A-Za-z0-9_-]*/(?:[A-Za-z0-9][A-Za-z0-9._-]*/){1,3}"
    r"(?:adapter_config\.json|adapter_model\.safetensors)"
)
"""A file of a tuned model: its job, where in the job's folder, and which of the two."""

KINDS = frozenset({
    "advice.answered", "answer.rated", "arm.retired", "arm.saved", "brief.saved", "comment.added", "comment.edited",
    "comment.removed", "comment.settled", "contradiction.reopened", "contradiction.settled", "dataset.discarded",
    "dataset.frozen", "dataset.renamed", "decision.signed", "decision.withdrawn", "document.added", "document.removed",
    "example.saved", "examples.changed", "examples.imported", "examples.marked", "examples.rewritten",
    "examples.trashed", "exit.guessed", "expectations.set", "finding.waived", "generations.stored", "job.begun",
    "job.finished", "job.moved", "job.resumed", "job.started", "label.given", "label.settled", "outputs.seen",
    "papers.noted", "passages.read", "preflight.set_aside", "project.archived", BROUGHT, "project.copied",
    "project.created", "project.renamed", "queue.closed", "queue.opened", "queue.seen", "reminder.sent",
    "round.amended", "round.cancelled", "round.closed", "round.opened", "run.discarded", "run.registered",
    "series.begun", "series.kept", "task.chosen", "undone", "view.removed", "view.saved", "vote.cast",
    "vote.explained", "votes.frozen", "votes.taken", "waiver.revoked", "waivers.reviewed",
})  # fmt: skip
"""The kinds of acts that a file may hold."""
STAY = frozenset({
    "address.allowed", "person.changed", "person.joined", "price.set", "project.template", "session.closed",
    "session.opened", "share.made", "share.opened", "share.withdrawn", "token.made", "token.withdrawn",
    "token_price.set", "webhook.set",
})  # fmt: skip
"""The kinds that stay in their workspace: they give access, say whom the studio may talk to, hold everywhere, or say
what a team begins from."""


@dataclass(frozen=True)
class Manifest:
    """`people`: each id, name, role, scripted. `acts` and `head`: how long the journal was that it comes from, and its
    last hash. `sums`: name in the file -> SHA-256, of everything that does not bear its own."""

    format: str
    project: str
    name: str
    made: str
    acts: int
    head: str
    people: tuple[dict[str, Any], ...]
    sums: dict[str, str]


def named(payload: Any) -> Iterator[tuple[str, bool]]:
    """The blobs that a payload names, each with whether the project is not whole without it."""
    if isinstance(payload, list):
        for value in payload:
            yield from named(value)
    if not isinstance(payload, dict):
        return
    for key, value in payload.items():
        if key == "blobs" and isinstance(value, list):
            yield from ((each, False) for each in value if isinstance(each, str) and NAME.fullmatch(each))
        elif isinstance(value, str) and NAME.fullmatch(value) and (key.endswith("_blob") or key in ("plan", "among")):
            yield value, key.endswith("_blob")
        else:
            yield from named(value)


def all_named(payload: dict[str, Any], has: Callable[[str], bool], read: Callable[[str], bytes]) -> dict[str, bool]:
    """The same with what the plan of a long step names in turn."""
    found = dict(named(payload))
    if "plan" in payload and has(payload["plan"]):
        found |= dict(named(json.loads(read(payload["plan"]))))
    return found


_PLACES = ("folder", "adapter", "zip", "id", "job", "run")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def stays_inside(payload: Any) -> bool:
    """Whether every place that a job names is one below the folder of jobs."""
    if isinstance(payload, list):
        return all(map(stays_inside, payload))
    if not isinstance(payload, dict):
        return True
    places = [value for key, value in payload.items() if key in _PLACES and isinstance(value, str) and value]
    return all(_PART.fullmatch(part) for place in places for part in place.split("/")) and all(
        map(stays_inside, payload.values())
    )
