"""What the `studio` command does to a workspace, as functions of a store: run here, or by the server that owns it.

Every function takes plain JSON arguments and returns one JSON object with the keys of the command's contract.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from studio import baselines, datasets, loop, outputs, projects, supervisor
from studio.examples import step as example_step
from studio.examples.export import export_examples
from studio.generation import chat
from studio.records import Arm, Example, JobState, Refusal, Round, Split, Status, sha256, to_json
from studio.review import rounds
from studio.review.votes_table import write_votes
from studio.store import Store, arms, runs
from studio.store import datasets as dataset_rows
from studio.store import examples as example_rows
from studio.store import people as people_rows
from studio.store import rounds as round_rows
from studio.train import step as train_step

ACTOR = "command line"
"""Who did it, in the journal, when it was the command and not a signed-in person."""

Args = dict[str, Any]


def run(store: Store, name: str, args: Args) -> Args:
    """Runs command `name`. Raises Refusal for anything it will not do, KeyError for a name that is no command."""
    if name not in COMMANDS:
        raise Refusal(f"This studio has no command “{name}”. Nothing was changed. Update the studio or the command.")
    return COMMANDS[name](store, args)


def _project(store: Store, args: Args) -> str:
    found = loop.project_named(store, args["project"])
    if found is None:
        raise Refusal(
            f"There is no project called “{args['project']}”. Nothing was changed. `studio import` makes one."
        )
    return found.id


def import_(store: Store, args: Args) -> Args:
    """args: file (absolute path), project, split, format, map (column names by role), approved."""
    project = loop.project_named(store, args["project"])
    made = project or projects.create(store, ACTOR, args["project"])
    batch, parsed = example_step.import_file(
        store, ACTOR, made.id, Path(args["file"]), format=args.get("format"), mapping=args.get("map"),
        split=Split(args["split"]) if args.get("split") else None,
        status=Status.approved if args.get("approved") else None,
    )  # fmt: skip
    refused = [{"row": row, "reason": reason} for row, reason in batch.refused]
    return {
        "batch": batch.id, "project": made.id, "format": batch.format, "rows": batch.rows, "kept": batch.kept,
        "refused": refused, "notes": list(parsed.notes),
    }  # fmt: skip


def export(store: Store, args: Args) -> Args:
    """args: what, project, format, out (absolute path). Writes the file whole or not at all.

    `rows` of the answer: data rows written, without a table's head; 1 for the record of a run.
    """
    project, what, form = _project(store, args), args["what"], args["format"]
    if (what, form) not in _EXPORTS:
        known = ", ".join(f for w, f in _EXPORTS if w == what)
        raise Refusal(f"{what} cannot be exported as {form}; it can as {known}. Nothing was written.")
    content, rows = _EXPORTS[what, form](store, project)
    out = Path(args["out"])
    partial = out.with_name(out.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(out)
    except OSError as error:
        raise Refusal(f"{out} could not be written ({error.strerror}). Nothing else was changed.") from error
    return {"rows": rows, "path": str(out), "sha256": sha256(content), "head": store.head}


Written = tuple[bytes, int]
"""The content of a file and how many data rows it holds."""


def _exported(examples: Iterable[Example], form: str) -> Written:
    made = export_examples(examples, form)
    return made.data, made.rows


def _examples_as(form: str) -> Callable[[Store, str], Written]:
    return lambda store, project: _exported(example_rows.every(store, project), form)


def _dataset_as(form: str) -> Callable[[Store, str], Written]:
    def write(store: Store, project: str) -> Written:
        found = dataset_rows.latest(store, project)
        if found is None:
            raise Refusal("No dataset is frozen in this project, so there is none to export. Freeze one first.")
        return _exported(dataset_rows.rows_of(store, found), form)

    return write


def votes_csv(store: Store, project: str) -> bytes:
    """The latest round's counted votes in the one votes table. Raises Refusal while it is open."""
    return _votes(store, project)[0]


def _votes(store: Store, project: str) -> Written:
    found = next((r for r in round_rows.every(store, project) if r.state != "cancelled"), None)
    if found is None or found.state != "closed":
        raise Refusal("There is no closed round here. Votes are exported once their round is closed.")
    rows = _vote_rows(store, found)
    return write_votes(rows).encode(), len(rows)


def _vote_rows(store: Store, found: Round) -> list[dict[str, object]]:
    pairs = {p.id: p for p in round_rows.pairs(store, found.id)}
    shown = _reviewers(store)
    names = {name: facts["name"] for name, facts in found.registration["arms"].items()}
    return [
        {
            "prompt": pair.example, "reviewer": shown.get(vote.reviewer, vote.reviewer),
            "arm_a": names[found.registration["candidate"]], "arm_b": names[pair.baseline],
            "shown_left": "a" if pair.candidate_left else "b", "choice": vote.choice.value, "slice": pair.slice,
            "shippable_a": _yes_no(vote.shippable_a), "shippable_b": _yes_no(vote.shippable_b),
            "scripted": _yes_no(vote.scripted), "reason": vote.reason, "at": vote.at,
        }
        for vote in rounds.counted(found, round_rows.votes(store, found.id))
        for pair in [pairs[vote.pair]]
    ]  # fmt: skip


def _reviewers(store: Store) -> dict[str, str]:
    """Person id -> a name that no other has: two of the same name get the start of their ids, too."""
    shown = people_rows.names(store)
    shared = {name for name, count in Counter(shown.values()).items() if count > 1}
    return {who: f"{name} ({who[:6]})" if name in shared else name for who, name in shown.items()}


def _yes_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _preferences(store: Store, project: str) -> Written:
    """Counted votes that decided as prompt / chosen / rejected lines, with who voted labelled scripted or not."""
    found = next((r for r in round_rows.every(store, project) if r.state == "closed"), None)
    if found is None:
        raise Refusal("There is no closed round here. Votes are exported once their round is closed.")
    pairs = {p.id: p for p in round_rows.pairs(store, found.id)}
    dataset = dataset_rows.get(store, found.registration["dataset"])
    asked = {e.id: e.prompt for e in dataset_rows.rows_of(store, dataset)} if dataset else {}
    # A trainer reads a file of texts or a file of chats, never a mixture.
    chats = any(asked[p.example].earlier or asked[p.example].system for p in pairs.values())
    lines = []
    for vote in rounds.counted(found, round_rows.votes(store, found.id)):
        if vote.choice.value not in ("a", "b"):
            continue
        pair = pairs[vote.pair]
        left_won = (vote.choice.value == "a") == pair.candidate_left
        chosen, rejected = (pair.left, pair.right) if left_won else (pair.right, pair.left)
        line: dict[str, Any] = {"prompt": pair.input, "chosen": chosen, "rejected": rejected}
        if chats:
            answers = {side: [{"role": "assistant", "content": line[side]}] for side in ("chosen", "rejected")}
            line = {"prompt": chat.messages(asked[pair.example]), **answers}
        line["scripted"] = vote.scripted
        lines.append(json.dumps(line, ensure_ascii=False))
    return "".join(line + "\n" for line in lines).encode(), len(lines)


def _run_record(store: Store, project: str) -> Written:
    found = runs.every(store, project)
    if not found:
        raise Refusal("No run was made in this project, so there is none to export.")
    dataset = dataset_rows.get(store, found[0].dataset)
    record = {**to_json(found[0]), "dataset_sha256": dataset.sha256 if dataset else "", "journal_head": store.head}
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode(), 1


_EXPORTS: dict[tuple[str, str], Callable[[Store, str], Written]] = {
    **{("examples", form): _examples_as(form) for form in ("csv", "jsonl", "trl")},
    **{("dataset", form): _dataset_as(form) for form in ("csv", "jsonl", "trl")},
    ("votes", "csv"): _votes,
    ("preferences", "jsonl"): _preferences,
    ("run", "json"): _run_record,
}


def freeze(store: Store, args: Args) -> Args:
    """args: project, name, waive (check -> reason)."""
    made = datasets.freeze(
        store, ACTOR, _project(store, args), name=args.get("name") or "", waivers=args.get("waive")
    )  # fmt: skip
    return {"dataset": made.id, "sha256": made.sha256, "splits": made.splits}


def train(store: Store, args: Args) -> Args:
    """args: project, dataset (id or hash; the latest), preset, resume (a job). Waits until it has ended."""
    project = _project(store, args)
    if args.get("resume"):
        run = train_step.resume(store, ACTOR, args["resume"])
    else:
        run = train_step.start(store, ACTOR, project, _dataset(store, project, args).id, preset=args["preset"])
    job = supervisor.wait(store, run.job)
    found = runs.get(store, run.id)
    assert found is not None
    if job.state is not JobState.done:
        raise Refusal(
            found.result.get("reason") or f"The training was {job.state.value}. What it had finished is kept."
        )
    keys = ("losses", "seconds", "tokens_per_second", "peak_memory_mb", "dropped")
    return {"job": run.job, "state": job.state.value, "run": run.id, **{k: found.result.get(k) for k in keys}}


def _dataset(store: Store, project: str, args: Args) -> Any:
    wanted = args.get("dataset")
    found = dataset_rows.every(store, project)
    chosen = next((d for d in found if not wanted or wanted in (d.id, d.sha256)), None)
    if chosen is None:
        raise Refusal(
            "There is no such frozen dataset in this project. Nothing was started. `studio freeze` makes one."
        )
    return chosen


def generate(store: Store, args: Args) -> Args:
    """args: project, arms (ids, names or kinds), split. Waits until it has ended."""
    project = _project(store, args)
    dataset = _dataset(store, project, args)
    baselines.base(store, ACTOR, project)
    chosen = _arms(store, project, args["arms"])
    job = outputs.generate(store, ACTOR, project, dataset.id, [a.id for a in chosen], Split(args["split"]))
    job = supervisor.wait(store, job.id)
    result = job.detail.get("result", {})
    if job.state is not JobState.done:
        raise Refusal(result.get("reason") or f"The generation was {job.state.value}. Finished outputs are kept.")
    return {"job": job.id, "arms": {a.name: result["arms"][a.id] for a in chosen}}


def _arms(store: Store, project: str, wanted: list[str]) -> list[Arm]:
    known, chosen = arms.every(store, project), []
    for name in wanted:
        found = [a for a in known if name in (a.id, a.name)] or [a for a in known if a.kind.value == name.lower()]
        if not found:
            there = ", ".join(a.name for a in known)
            raise Refusal(f"There is no arm called “{name}”; there are: {there}. Nothing was started.")
        chosen += [a for a in found if a not in chosen]
    return chosen


def audit(store: Store, args: Args) -> Args:
    """args: head (a hash that the chain must contain)."""
    problems = store.audit() + datasets.problems(store)
    head = args.get("head")
    if head and not any(act.hash == head for act in store.journal.read()):
        problems.append(f"the chain does not contain {head}")
    return {"ok": not problems, "acts": store.version, "head": store.head, "problems": problems}


COMMANDS: dict[str, Callable[[Store, Args], Args]] = {
    "import": import_,
    "export": export,
    "freeze": freeze,
    "train": train,
    "generate": generate,
    "audit": audit,
}
"""The commands that need the store. The others need no open workspace."""
