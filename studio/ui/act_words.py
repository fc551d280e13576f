"""What an act did, in words: for the log of everything and for the list of what can be undone.

It names the thing (“Dataset 1”), never what somebody voted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.records import PROMPTING, Act, ArmKind, Status, Task
from studio.store import (
    Store,
    arms,
    comments,
    contradictions,
    datasets,
    documents,
    examples,
    labels,
    people,
    series,
    views,
)
from studio.store.series import Series
from studio.wording import STATUS_WORDS, TASK_WORDS, finding_name

_SHOWN = 32
"""Characters of an input that are enough to know an example by."""


def told(store: Store, act: Act) -> str:
    """One act as a short phrase, its thing first: "Example 12 edited: “Where is my…”"."""
    if named := _NAMED.get(act.kind):
        payload = store.payload(act)
        part = f", part {payload['series']['part']:,}" if "series" in payload and payload["series"]["part"] > 1 else ""
        return named(store, payload) + part
    if act.kind in _DONE:
        return _DONE[act.kind]
    noun, _, verb = act.kind.partition(".")
    return f"{noun} {verb}".strip().replace("_", " ").capitalize()


def whole(store: Store, found: Series) -> str:
    """A long step, of which some part stands, as one phrase."""
    payload = series.last_payload(store, found.id)
    said = _NAMED[found.kind](store, payload)
    if "ids" in payload:
        return said.replace(
            _several(store, payload["ids"]), f"{found.done:,} example{'' if found.done == 1 else 's'}", 1
        )
    return said if found.done == found.items else f"{said}, {found.done:,} of {found.items:,} rows"


_JOBS = {
    "train": "Training started", "preflight": "Training measured", "generate": "Answering started",
    "timing": "Timing started",
    "takeaway": "Tuned model packed to take away", "side_effects": "Side effects of tuning measured",
    "judging": "A judge was asked", "robustness": "Answering changed inputs started",
    "fairness": "Answering as other people started", "sentinels": "Answering twice (sentinels) started",
    "conversations": "Going through conversations started",
}  # fmt: skip
_DONE = {
    "decision.signed": "Decision signed", "decision.withdrawn": "Decision withdrawn",
    "generations.stored": "Answers stored", "job.finished": "Job ended", "job.resumed": "Job continued",
    "job.begun": "Job left the line and began", "job.moved": "Job moved to the front of the line",
    "series.begun": "A long step begun", "series.kept": "A long step left unfinished",
    "queue.seen": "Was shown examples to label", "outputs.seen": "Saw which arm wrote what", "person.joined": "Joined",
    "round.cancelled": "Blind round cancelled", "round.closed": "Blind round closed by its rule",
    "round.amended": "Blind round amended",
    "round.opened": "Blind round opened", "session.closed": "Signed out", "session.opened": "Signed in again",
    "share.opened": "Read-only link to a decision opened", "share.withdrawn": "Read-only link to a decision withdrawn",
    "token.withdrawn": "Invitation withdrawn", "undone": "A step undone", "vote.cast": "Vote cast",
    "vote.explained": "More said about a vote", "exit.guessed": "Guessed which answers were tuned",
    "papers.noted": "Notes for the papers written",
    "reminder.sent": "Reminder sent", "webhook.set": "Address for reminders set",
    "votes.taken": "Preference pairs taken out to train with",
    "waivers.reviewed": "Accepted findings read a second time",
}  # fmt: skip


def _example(store: Store, payload: dict[str, Any]) -> str:
    saved = payload["example"]
    number = f"Example {saved['row']}" if saved.get("row") else "Example"
    did = "written" if saved["revision"] == 1 else "edited"
    return f"{number} {did}: {_start(saved['input'])}"


def _start(text: str) -> str:
    flat = " ".join(text.split())
    return f"“{flat}”" if len(flat) <= _SHOWN else f"“{flat[: _SHOWN - 1].rstrip()}…”"


def _several(store: Store, ids: list[str]) -> str:
    """The one example by its text, several by their count."""
    one = examples.get(store, ids[0]) if len(ids) == 1 else None
    if one is not None:
        return f"Example {one.row} ({_start(one.input)})" if one.row else f"Example {_start(one.input)}"
    return f"{len(ids):,} example{'' if len(ids) == 1 else 's'}"


def _commented(store: Store, example: str, the: str = "The") -> str:
    """What a comment is on: an example, or without one the verdict of a round."""
    return _several(store, [example]) if example else f"{the} verdict"


def _marked(store: Store, payload: dict[str, Any]) -> str:
    which = _several(store, payload["ids"])
    if "assigned" in payload:
        found = people.get(store, payload["assigned"])
        return f"{which} given to {found.name}" if found else f"{which} given to nobody"
    if "status" in payload:
        return f"{which} marked {STATUS_WORDS[Status(payload['status'])].lower()}"
    return f"{which} put into another {'slice' if 'slice' in payload else 'split'}"


def _rewritten(store: Store, payload: dict[str, Any]) -> str:
    done = {"label": "relabelled", "split": "no longer marked for a split"}.get(payload.get("why", ""))
    if done:
        return f"{_several(store, [e['id'] for e in payload['examples']])} {done}"
    return f"Personal data taken out of {len(payload['examples']):,} examples"


def _changed(store: Store, payload: dict[str, Any]) -> str:
    names = people.names(store)
    said = {
        "slice": lambda v: f"put into {_quoted(v)}" if v else "taken out of their slice",
        "assigned": lambda v: f"given to {names.get(v, 'somebody')}" if v else "given to nobody",
        "recheck": lambda v: f"to be looked at again: {_start(v)}",
        "review_by": lambda v: f"to be reviewed by {v}" if v else "without a review date",
        "consent": lambda v: f"noted: consent {v.replace('_', ' ')}",
        "licence": lambda v: f"noted under {_quoted(v)}" if v else "without a licence",
        "add_tags": lambda v: f"tagged {_listed(v)}",
        "remove_tags": lambda v: f"no longer tagged {_listed(v)}",
        "add_kinds": lambda v: f"marked as {_listed(v)}",
        "remove_kinds": lambda v: f"no longer marked as {_listed(v)}",
    }
    done = [say(payload[name]) for name, say in said.items() if name in payload]
    return f"{_several(store, payload['ids'])} {', '.join(done)}"


def _listed(found: list[str]) -> str:
    return ", ".join(_quoted(name.replace("_", " ")) for name in found)


def _trashed(store: Store, payload: dict[str, Any]) -> str:
    moved = "moved to the trash" if payload["trashed"] else "taken out of the trash"
    return f"{_several(store, payload['ids'])} {moved}"


def _document(store: Store, name: str) -> str:
    found = documents.get(store, name)
    return _quoted(found.name) if found else "that was taken back"


def _queue(store: Store, name: str) -> str:
    found = labels.queue(store, name)
    return _quoted(found.name) if found else "that was taken back"


def _arm(store: Store, payload: dict[str, Any]) -> str:
    arm = payload["arm"]
    what = "Prompt" if ArmKind(arm["kind"]) in PROMPTING else "Arm"
    return f"{what} {_quoted(arm['name'])} {'added' if arm['version'] == 1 else 'changed'}"


def _retired(store: Store, payload: dict[str, Any]) -> str:
    arm = arms.get(store, payload["id"])
    return f"{_quoted(arm.name) if arm else 'An arm'} {'retired' if payload['retired'] else 'back in use'}"


def _dataset(verb: str) -> Callable[[Store, dict[str, Any]], str]:
    def say(store: Store, payload: dict[str, Any]) -> str:
        found = datasets.get(store, payload["id"])
        return f"{found.name if found else 'Dataset'} {verb}"

    return say


def _renamed(store: Store, payload: dict[str, Any]) -> str:
    return f"Dataset renamed to {_quoted(payload['name'])}"


def _brief(store: Store, payload: dict[str, Any]) -> str:
    return f"Brief saved as version {payload['brief']['version']}"


_DECIDED = {
    "keep": "Contradiction decided: one answer kept", "rewrite": "Contradiction decided: one answer written for all",
    "both": "Contradiction decided: both right, by a new rule", "apart": "Contradiction decided: none after all",
    contradictions.RIGHT: "Label of an example said to be right",
}  # fmt: skip
_ASKED = {
    "facts": "whether it needs fresh facts", "changes": "how often the task changes", "traffic": "the traffic",
    "cheaper": "whether it must get cheaper",
}  # fmt: skip


def _advice(store: Store, payload: dict[str, Any]) -> str:
    did = "Said" if payload["value"] else "Took back"
    return f"{did} {_ASKED[payload['question']]}"


def _person(store: Store, payload: dict[str, Any]) -> str:
    found = people.get(store, payload["id"])
    name = found.name if found else "Somebody"
    if "role" in payload:
        return f"{name}: role changed to {payload['role']}"
    if "active" in payload:
        return f"{name}: access {'given back' if payload['active'] else 'taken away'}"
    return f"{name}: name changed"


def _token(store: Store, payload: dict[str, Any]) -> str:
    return f"Invitation made for {payload['name']}" if payload["name"] else "Sign-in link for an admin made"


def _view_removed(store: Store, payload: dict[str, Any]) -> str:
    found = views.get(store, payload["id"])
    return f"View {_quoted(found.name) if found else 'of the examples'} removed"


def _quoted(name: str) -> str:
    return f"“{name}”"


_NAMED: dict[str, Callable[[Store, dict[str, Any]], str]] = {
    "advice.answered": _advice,
    "arm.retired": _retired,
    "arm.saved": _arm,
    "address.allowed": lambda store, payload: (
        f"Questions to {payload['address']} {'allowed' if payload['allowed'] else 'not allowed any more'}"
    ),
    "brief.saved": _brief,
    "document.added": lambda store, payload: f"Document {_quoted(payload['name'])} added",
    "document.removed": lambda store, payload: f"Document {_document(store, payload['id'])} removed",
    "passages.read": lambda store, payload: f"Document {_document(store, payload['document'])} read by meaning",
    "contradiction.reopened": lambda store, payload: "A contradiction opened again",
    "contradiction.settled": lambda store, payload: _DECIDED[payload["decision"]],
    "comment.added": lambda store, payload: f"{_commented(store, payload.get('example', ''))} commented on",
    "comment.edited": lambda store, payload: "Comment on the verdict reworded",
    "comment.removed": lambda store, payload: (
        f"Comment on {_commented(store, comments.example_of(store, payload['id']), 'the')} taken away"
    ),
    "comment.settled": lambda store, payload: (
        f"Thread on the verdict {'settled' if payload['settled'] else 'opened again'}"
    ),
    "dataset.discarded": _dataset("discarded"),
    "dataset.frozen": lambda store, payload: f"{payload['dataset']['name']} frozen",
    "votes.frozen": lambda store, payload: f"{payload['dataset']['name']} frozen, to teach from; its prompts are spent",
    "dataset.renamed": _renamed,
    "example.saved": _example,
    "examples.changed": _changed,
    "examples.imported": lambda store, payload: f"{payload['batch']['file']} imported",
    "examples.marked": _marked,
    "examples.rewritten": _rewritten,
    "examples.trashed": _trashed,
    "finding.waived": lambda store, payload: f"Accepted as it is: {finding_name(payload['finding'])}",
    "job.started": lambda store, payload: _JOBS.get(payload["kind"], "Job started"),
    "label.given": lambda store, payload: f"{_several(store, [payload['example']])} labelled",
    "label.settled": lambda store, payload: f"{_several(store, [payload['example']])} settled",
    "person.changed": _person,
    "project.archived": lambda store, payload: f"Project {'archived' if payload['archived'] else 'brought back'}",
    "project.brought": lambda store, payload: f"Project {_quoted(payload['name'])} brought in from a file",
    "project.copied": lambda store, payload: f"Project {_quoted(payload['project']['name'])} begun from another one",
    "project.created": lambda store, payload: f"Project {_quoted(payload['name'])} started",
    "project.renamed": lambda store, payload: f"Project renamed to {_quoted(payload['name'])}",
    "project.template": lambda store, payload: (
        "Project made a template" if payload["template"] else "Project no longer a template"
    ),
    "queue.closed": lambda store, payload: f"Labelling queue {_queue(store, payload['id'])} closed",
    "queue.opened": lambda store, payload: f"Labelling queue {_quoted(payload['name'])} opened",
    "preflight.set_aside": lambda store, payload: "Measured training set aside",
    "token_price.set": lambda store, payload: f"Price of {payload['model'].rpartition('#')[2]} set",
    "expectations.set": lambda store, payload: "Answers a month and the price of people’s time set",
    "price.set": lambda store, payload: f"Price of {payload['device']} set",
    "answer.rated": lambda store, payload: f"An answer rated by {len(payload['values']):,} criteria",
    "task.chosen": lambda store, payload: (
        f"Kind of task set: {TASK_WORDS[Task(payload['task'])]}"
        if payload["task"]
        else "Kind of task left to the brief"
    ),
    "run.discarded": lambda store, payload: "Training discarded",
    "run.registered": lambda store, payload: f"{_quoted(payload['arm']['name'])}, tuned elsewhere, registered",
    "share.made": lambda store, payload: f"Read-only link to a decision made for {payload['name']}",
    "token.made": _token,
    "view.removed": _view_removed,
    "waiver.revoked": lambda store, payload: f"No longer accepted: {finding_name(payload['finding'])}",
    "view.saved": lambda store, payload: f"View {_quoted(payload['name'])} saved",
}
