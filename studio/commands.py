"""What the `studio` command does to a workspace, as functions of a store: run here, or by the server that owns it.

Every function takes plain JSON arguments and returns one JSON object with the keys of the command's contract.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio import (
    backup_command,
    baselines,
    conversations,
    costs,
    dataset_history,
    datasets,
    evaluation,
    export_command,
    health_command,
    integrity,
    loop,
    outputs,
    people,
    project_file,
    projects,
    supervisor,
    vote_sets,
)
from studio import side_effects as beside
from studio.baselines import DEFAULT_MODEL
from studio.documents import step as document_step
from studio.evaluate import costs as figures
from studio.examples import step as example_step
from studio.records import Arm, Choosing, Dataset, Document, JobState, Refusal, Split, Status, set_parts, to_json
from studio.store import Store, arms, examples, runs
from studio.store import datasets as dataset_rows
from studio.store import documents as document_rows
from studio.train import from_votes, preflight
from studio.train import step as train_step

ACTOR = people.COMMAND
"""Who did it, in the journal, when it was the command and not a signed-in person."""

Args = dict[str, Any]
_NAMED = 10


def run(store: Store, name: str, args: Args) -> Args:
    """Runs command `name`. Raises Refusal for anything it will not do, KeyError for a name that is no command."""
    if name not in COMMANDS:
        raise Refusal(f"This studio has no command “{name}”. Nothing was changed. Update the studio or the command.")
    return COMMANDS[name](store, args)


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


def import_project(store: Store, args: Args) -> Args:
    """args: file (absolute path) of a whole project, name (another one for it here). Whoever has the command has the
    workspace, so a file that tells of people who sign in here comes in."""
    came = project_file.bring(store, ACTOR, Path(args["file"]), args.get("name") or "", vouched=True)
    return {"project": came.project.id, "name": came.project.name, "acts": came.acts, "people": list(came.people),
            "models": came.models, "head": came.head}  # fmt: skip


def freeze(store: Store, args: Args) -> Args:
    """args: project, name, waive (check -> reason); or votes: those of closed rounds, practice: also of practice."""
    project = loop.project_of(store, args["project"])
    if args.get("votes"):
        held = vote_sets.freeze(store, ACTOR, project, practice=bool(args.get("practice")))
        told = vote_sets.facts(held)
        return {"dataset": held.id, "sha256": held.sha256, "splits": held.splits, "name": held.name,
                "votes": to_json(told), "notes": vote_sets.in_words(told)}  # fmt: skip
    made = datasets.freeze(
        store, ACTOR, project, name=args.get("name") or "", waivers=args.get("waive")
    )  # fmt: skip
    return {"dataset": made.id, "sha256": made.sha256, "splits": made.splits}


def train(store: Store, args: Args) -> Args:
    """args: project, dataset (id or hash; the latest), preset, resume (a job), accept, measure_only; preferences: learn
    from a set of votes (dataset: which; the latest), start: the run, or its arm's name, to go on from.

    Measures first, then trains and waits until it has ended. Without `accept` it refuses to leave out a row.
    """
    project = loop.project_of(store, args["project"])
    if args.get("resume"):
        run, told = train_step.resume(store, ACTOR, args["resume"]), {}
    else:
        report = _measured(store, project, args)
        told = {"preflight": preflight.spoken(report)}
        if args.get("measure_only"):
            return {"job": report.job.id, "state": report.job.state.value, **told}
        if report.shown.left_out and not args.get("accept"):
            raise Refusal(_would_leave_out(report))
        run = preflight.start(store, ACTOR, report.job.id)
    job = supervisor.wait(store, run.job)
    found = runs.get(store, run.id)
    assert found is not None
    if job.state is not JobState.done:
        raise Refusal(
            found.result.get("reason") or f"The training was {job.state.value}. What it had finished is kept."
        )
    keys = ("losses", "seconds", "tokens_per_second", "peak_memory_mb", "dropped", "leanings")
    return {"job": run.job, "state": job.state.value, "run": run.id, **told, **{k: found.result.get(k) for k in keys}}


def _measured(store: Store, project: str, args: Args) -> preflight.Report:
    wanted = args.get("dataset") or ""
    if args.get("preferences"):
        dataset = vote_sets.named(store, project, wanted)
        start = _start(store, project, args.get("start") or "")
        settings, model = from_votes.asked(store, dataset, start=start)
    else:
        dataset, settings = train_step.asked(store, datasets.named(store, project, wanted).id, preset=args["preset"])
        model = DEFAULT_MODEL
    job = supervisor.wait(store, preflight.begin(store, ACTOR, dataset, settings, model).id)
    report = preflight.of(store, job)
    if report is None:
        reason = job.detail.get("result", {}).get("reason")
        raise Refusal(reason or "Measuring was stopped. Nothing was started. Start it again.")
    return report


def _start(store: Store, project: str, wanted: str) -> str:
    """The run that somebody means by its id or by the name of its arm; "" for the base."""
    found = next((arm for arm in arms.every(store, project) if wanted and wanted == arm.name), None)
    return found.run if found is not None else wanted


def _would_leave_out(report: preflight.Report) -> str:
    rows = report.shown.left_out
    some = "; ".join(f"{row.id}: {row.reason}" for row in rows[:_NAMED])
    more = f"; and {len(rows) - _NAMED:,} more" if len(rows) > _NAMED else ""
    return (
        f"{len(rows):,} of the set's examples would be left out ({some}{more}). Nothing was started. "
        "Mend them, or say --accept to train without them."
    )


def generate(store: Store, args: Args) -> Args:
    """args: project, arms (ids, names or kinds), split. Waits until it has ended."""
    project = loop.project_of(store, args["project"])
    dataset = datasets.named(store, project, args.get("dataset") or "")
    baselines.base(store, ACTOR, project)
    chosen = _arms(store, project, args["arms"])
    started = outputs.generate_each(store, ACTOR, project, dataset.id, [a.id for a in chosen], Split(args["split"]))
    told: Args = {}
    for job in [supervisor.wait(store, each.id) for each in started]:
        result = job.detail.get("result", {})
        if job.state is not JobState.done:
            raise Refusal(result.get("reason") or f"The generation was {job.state.value}. Finished outputs are kept.")
        told |= result["arms"]
    return {"job": started[-1].id, "arms": {a.name: told[a.id] for a in chosen}}


def costs_(store: Store, args: Args) -> Args:
    """args: project, arms (ids, names or kinds; none to tell only what was measured before). Waits."""
    project = loop.project_of(store, args["project"])
    if args.get("arms"):
        chosen = [arm.id for arm in _arms(store, project, args["arms"])]
        for job in [supervisor.wait(store, each.id) for each in costs.measure(store, ACTOR, project, chosen)]:
            if job.state is not JobState.done:
                raise Refusal(job.detail.get("result", {}).get("reason") or "Timing was stopped. Start it again.")
    found = costs.measured(store, project)
    return {
        "arms": {each.arm.name: _costing(each) for each in found},
        "pays_back": [costs.in_words(each) for each in costs.pays_back(store, found)],
    }


def _costing(found: costs.Measured) -> Args:
    timed = found.timed
    told = {
        "n": len(timed.seconds), "device": found.device, "busy": found.busy, "peak_memory_mb": timed.peak_memory_mb,
        "p50": to_json(figures.quantile(timed.seconds, 0.5)), "p95": to_json(figures.quantile(timed.seconds, 0.95)),
        "tokens_in": to_json(figures.mean(timed.tokens_in)), "tokens_out": to_json(figures.mean(timed.tokens_out)),
        "together_seconds": timed.together,
    }  # fmt: skip
    priced = {"thousand": to_json(figures.thousand(found.each)), "currency": found.currency} if found.each else {}
    return told | priced


def arms_(store: Store, args: Args) -> Args:
    """args: project, what (list or add), name, model, text (of the system prompt), choosing, count, examples (ids),
    passages.

    `add` makes a prompt, or with `choosing` one that shows examples first, or with `passages` one that is given `count`
    passages of the project's documents.
    """
    project = loop.project_of(store, args["project"])
    if args.get("what") == "add":
        _add_arm(store, project, args)
    return {"arms": {arm.name: _told(store, arm) for arm in arms.every(store, project)}}


def _add_arm(store: Store, project: str, args: Args) -> None:
    more = {"name": args.get("name") or "", "text": args.get("text") or "", "model": args.get("model") or DEFAULT_MODEL}
    baselines.base(store, ACTOR, project, more["model"])
    if args.get("passages"):
        given = document_step.chosen(store, project, args.get("count") or baselines.PASSAGES)
        baselines.add_retrieval(store, ACTOR, project, passages=given, **more)
        return
    if not args.get("choosing"):
        baselines.add_prompt(store, ACTOR, project, **more)
        return
    choosing, examples = Choosing(args["choosing"]), args.get("examples") or []
    shown = baselines.shots(store, project, choosing, args.get("count") or len(examples), examples)
    baselines.add_few_shot(store, ACTOR, project, shots=shown, **more)


def _told(store: Store, arm: Arm) -> Args:
    told = {
        "id": arm.id, "kind": arm.kind.value, "model": arm.model, "version": arm.version,
        "changed_after_tests": arms.changed_after_tests(store, arm),
    }  # fmt: skip
    return told | set_parts(arm.recipe)


def documents_(store: Store, args: Args) -> Args:
    """args: project, what (list, add or remove), document (absolute path of a file to add, or the name of one)."""
    project = loop.project_of(store, args["project"])
    if args.get("what") == "add":
        if not Path(args["document"]).is_file():
            raise Refusal(f"There is no file {args['document'] or 'named'}. Nothing was added. Check the path.")
        document_step.add(store, ACTOR, project, Path(args["document"]), Path(args["document"]).name)
    elif args.get("what") == "remove":
        here = {each.name: each.id for each in document_rows.every(store, project)}
        if args["document"] not in here:
            raise Refusal(f"There is no document “{args['document']}” here. Nothing was changed. List them first.")
        document_step.remove(store, ACTOR, project, here[args["document"]])
    dataset = dataset_rows.latest(store, project)
    return {"documents": {each.name: _document(store, each, dataset) for each in document_rows.every(store, project)}}


def _document(store: Store, document: Document, dataset: Dataset | None) -> Args:
    held = document_step.held_back(store, document, dataset) if dataset else []
    return {
        "id": document.id, "sha256": document.sha256, "passages": document.passages, "words": document.words,
        "arms": [arm.name for arm in document_step.using(store, document)],
        "never_given": [
            {"passage": each.passage.id, "what": each.leak.what, "example": each.leak.example} for each in held
        ],
    }  # fmt: skip


def conversations_(store: Store, args: Args) -> Args:
    """args: project, dataset, arms (ids, names or kinds of one model; none: what came of it before). Waits until the
    arms have gone through the conversations."""
    project = loop.project_of(store, args["project"])
    dataset = datasets.named(store, project, args.get("dataset") or "")
    if args.get("arms"):
        chosen = [arm.id for arm in _arms(store, project, args["arms"])]
        job = supervisor.wait(store, conversations.start(store, ACTOR, project, dataset.id, chosen).id)
        if job.state is not JobState.done:
            raise Refusal(job.detail.get("result", {}).get("reason") or "It was stopped. What was answered is kept.")
    found = conversations.newest(store, project, dataset.id)
    if found is None:
        raise Refusal("No arm has gone through the conversations of this set yet. Name some with --arms.")
    return {
        "conversations": len(found.held), "score": found.score,
        "arms": {arm.name: to_json(found.through[arm.id]) for arm in found.arms if arm.id in found.through},
        "beside": {arm.name: to_json(found.beside[arm.id]) for arm in found.arms if arm.id in found.beside},
        "changed_since": [arm.name for arm in found.changed],
    }  # fmt: skip


def side_effects(store: Store, args: Args) -> Args:
    """args: project, arm (a tuned one, by id or name). Measures it beside its base, and waits."""
    (arm, *_) = _arms(store, loop.project_of(store, args["project"]), [args["arm"]])
    job = supervisor.wait(store, beside.start(store, ACTOR, arm.id).id)
    if job.state is not JobState.done:
        told = job.detail.get("result", {}).get("reason")
        raise Refusal(told or f"It was {job.state.value}. What was measured is kept.")
    report = beside.of(job, arm)
    return {
        "job": job.id, "arm": arm.name, "headline": report.headline, "broken": list(report.broken),
        "loss": {"difference": report.loss.value, "interval": [report.loss.low, report.loss.high], "n": report.loss.n},
        "skills": {skill.name: to_json(skill) for skill in report.skills},
        "answers": {drift.name: to_json(drift) for drift in report.drifts},
    }  # fmt: skip


def _arms(store: Store, project: str, wanted: list[str]) -> list[Arm]:
    known, chosen = arms.every(store, project), []
    for name in wanted:
        found = [a for a in known if name in (a.id, a.name)] or [a for a in known if a.kind.value == name.lower()]
        if not found:
            there = ", ".join(a.name for a in known)
            raise Refusal(f"There is no arm called “{name}”; there are: {there}. Nothing was started.")
        chosen += [a for a in found if a not in chosen]
    return chosen


def evaluate(store: Store, args: Args) -> Args:
    """args: project, dataset, split, against (an arm's id, name or kind). The figures of every arm that answered."""
    project = loop.project_of(store, args["project"])
    dataset, split = datasets.named(store, project, args.get("dataset") or ""), Split(args["split"])
    compared = outputs.compare(store, project, dataset.id, split)
    asked = datasets.rows_in(store, dataset, split)
    other = _arms(store, project, [args["against"]])[0].id if args.get("against") else ""
    told = evaluation.report(store, project, dataset.id, compared, split=split, other=other)
    if told is None:
        raise Refusal(
            "No arm has answered this split yet, so there is nothing to evaluate. `studio generate` lets them."
        )
    names = {arm.id: arm.name for arm in arms.every(store, project)}
    return {
        "dataset": dataset.id, "split": split.value, "kind": told.kind.task.value, "why": told.kind.why,
        "against": names[told.other],
        "arms": {names[each.arm.id]: _evaluated(told, each) for each in compared},
        "integrity": {
            each.arm.name: [to_json(check) for check in each.checks]
            for each in integrity.report(store, dataset.id, compared, [e.id for e in asked])
        },
        "parts": [
            {"arm": names[each.arm], "against": names[each.other], "verdict": each.verdict,
             "parts": [to_json(part) | {"group": part.group.name, "of": part.group.of} for part in each.parts]}
            for each in told.against
        ],
    }  # fmt: skip


def _evaluated(told: evaluation.Report, each: outputs.Compared) -> Args:
    own, mean = told.figures[each.arm.id], each.average
    return {
        "expected": each.expected, "missing": each.expected - each.written, "empty": each.empty,
        "rules": to_json(mean), "figures": {f.key: to_json(f) for f in own.figures},
        "difference": to_json(own.against), "labels": to_json(own.labels), "gap": to_json(told.gaps.get(each.arm.id)),
        "turns": to_json(told.turns.get(each.arm.id)),
    }  # fmt: skip


def audit(store: Store, args: Args) -> Args:
    """args: head (a hash that the chain must contain)."""
    problems = store.audit() + datasets.problems(store)
    head = args.get("head")
    if head and not any(act.hash == head for act in store.journal.read()):
        problems.append(f"the chain does not contain {head}")
    return {"ok": not problems, "acts": store.version, "head": store.head, "problems": problems}


def trace(store: Store, args: Args) -> Args:
    """args: project, example (its id). Where it went: the datasets that hold it and what was made from them."""
    project = loop.project_of(store, args["project"])
    found = dataset_history.holding(store, project, [args["example"]])
    if not found.datasets and examples.get(store, args["example"]) is None:
        raise Refusal("There is no such example here. Nothing was changed. Its id stands in an export.")
    return {
        "example": args["example"],
        "datasets": [
            {"id": d.id, "name": d.name, "sha256": d.sha256, "split": found.splits[d.id][0].value,
             "discarded": d.discarded}
            for d in found.datasets
        ],
        "runs": [
            {"id": run.id, "model": run.model, "adapter_sha256": run.adapter_sha256, "discarded": run.discarded}
            for run in found.runs
        ],
        "todo": found.todo,
    }  # fmt: skip


COMMANDS: dict[str, Callable[[Store, Args], Args]] = {
    "import": import_,
    "import project": import_project,
    "export": export_command.export,
    "freeze": freeze,
    "health": health_command.tell,
    "train": train,
    "generate": generate,
    "side-effects": side_effects,
    "evaluate": evaluate,
    "arms": arms_,
    "documents": documents_,
    "conversations": conversations_,
    "costs": costs_,
    "audit": audit,
    "backup": backup_command.write,
    "trace": trace,
}
"""The commands that need the store. The others need no open workspace."""
