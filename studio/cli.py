"""The `studio` command: for engineers, schedules and tests. The pages are for people.

Exits 0 only when it did what was asked, 2 for wrong usage, 1 for a refusal (one sentence on stderr). With
`--json` the last line on stdout is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio import backup_command, cli_arms, drift_command
from studio.cli_arms import Add, Args, Result, assignment, mapping_of, text_of
from studio.records import Refusal, to_json


def main(argv: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    args = command_parser().parse_args(argv)
    try:
        result = args.act(args)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was saved is safe; a worker that was started goes on.", file=sys.stderr)
        return 1
    if result is not None:
        print(json.dumps(result, ensure_ascii=False) if args.json else _spoken(result))
        return 0 if result.get("ok", True) else 1
    return 0


def _spoken(result: dict[str, Any], indent: str = "") -> str:
    """A result as aligned lines for a person."""
    width = max((len(key) for key in result), default=0)
    lines = []
    for key, value in result.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{key}:", _spoken(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{indent}{key}:", *(f"{indent}  {json.dumps(v, ensure_ascii=False)}" for v in value)]
        else:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines.append(f"{indent}{key.ljust(width)}  {shown}")
    return "\n".join(lines)


# -- the commands ----------------------------------------------------------------------------------


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _in_workspace(name: str, fields: Callable[[Args], dict[str, Any]]) -> Callable[[Args], Result]:
    """A command that needs the store: by the running studio when there is one, else here."""

    def act(args: Args) -> Result:
        from studio import remote

        return remote.run(args.workspace, name, fields(args))

    return act


def _serve(args: Args) -> Result:
    from studio import supervisor
    from studio.jobs import place
    from studio.store import Store
    from studio.ui import server

    if args.ray:
        place.send_to(args.ray)

    def opened(workspace: Path) -> Store:
        store = Store.open(workspace)
        if store.journal.dropped:
            _say(
                f"The last line of the journal was incomplete ({store.journal.dropped} bytes) and was cut: "
                "it was never acknowledged, so nothing that was saved is lost."
            )
        return store

    def ahead(store: Store) -> None:
        from studio import read_ahead  # the server does not need it to start

        read_ahead.closed_rounds(store)

    server.serve(
        args.workspace, host=args.host, port=args.port, open_store=opened, tick=supervisor.collect,
        ahead=ahead, new_token=args.new_token,
    )  # fmt: skip
    return None


def _demo(args: Args) -> Result:
    from studio import demo, projects
    from studio.store import Store

    store = Store.open(args.workspace)
    try:
        if args.headless:
            return demo.walk(store, _say, args.project, args.preset)
        projects.from_demo(store, demo.ACTOR, args.project)
    finally:
        store.close()
    return _serve(args)


def _votes(args: Args) -> Result:
    from studio.review.votes_report import votes_report
    from studio.review.votes_table import parse_votes

    told = {"theta_min": args.theta_min, "cap": args.cap, "floor": args.floor, "guesses": args.guesses,
            "gold_right": args.gold_right}  # fmt: skip
    return votes_report(parse_votes(text_of(args.file)), **told)


def _guesses(text: str) -> tuple[int, int]:
    right, _slash, of = text.partition("/")
    return int(right), int(of)  # argparse tells of a ValueError what was typed


def _verify(args: Args) -> Result:
    from studio import certificate

    try:
        content = args.certificate.read_bytes()
    except OSError as error:
        raise Refusal(f"{args.certificate} cannot be read ({error.strerror}). Nothing was checked.") from error
    found = certificate.verify(content)
    problems = list(found.problems)
    if args.sha256 and args.sha256 != found.sha256:
        problems.append(f"This is another certificate than the one with the sum {args.sha256}.")
    told = {"verdict": found.verdict, "headline": found.headline, "sha256": found.sha256, "head": found.head}
    return {"ok": not problems, **told, "problems": problems, "attested": list(found.attested)}


def _models(args: Args) -> Result:
    from studio import models

    if args.what == "fetch":
        for name in [args.name] if args.name else [entry.name for entry in models.bundled()]:
            models.fetch(name, args.workspace, _say)
    return {"models": models.listing(args.workspace)}


def _rebuild(args: Args) -> Result:
    from studio.store import Store

    store = Store.rebuilt(args.workspace)
    try:
        if store.lost:
            _say(
                f"{store.lost} acts of the old database are missing from the journal, so the new one lacks them. "
                "The old database is kept beside it. If you have a newer journal.jsonl, restore it and rebuild again."
            )
        dropped = store.journal.dropped
        return {"acts": store.version, "head": store.head, "lost": store.lost, "incomplete_bytes_dropped": dropped}
    finally:
        store.close()


def _doctor(args: Args) -> Result:
    from studio import doctor

    report: dict[str, Any] = to_json(doctor.examine(args.workspace))
    return report


def _import(args: Args) -> Result:
    """A file of examples, or `project` and the file of a whole one."""
    what, file = args.file if len(args.file) == 2 else ("", *args.file)
    args.file = Path(file)
    if what == "project":
        named = {"file": str(args.file.resolve()), "name": args.name}
        return _in_workspace("import project", lambda _: named)(args)
    if what or not args.project:
        args.usage.error(f"{what!r} is nothing that is imported" if what else "--project says where examples go")
    return _in_workspace("import", _import_fields)(args)


def _import_fields(args: Args) -> dict[str, Any]:
    mapping = mapping_of(args.map) if args.map else None
    return {
        "file": str(args.file.resolve()), "project": args.project, "split": args.split, "format": args.format,
        "map": mapping, "approved": args.approved,
    }  # fmt: skip


def _export(args: Args) -> Result:
    if args.what != "project" and not args.format:
        args.usage.error("--format says how it is written")
    fields = ("project", "what", "format", "out", "dataset", "split", "run", "round", "models")
    return _in_workspace("export", lambda a: {k: str(getattr(a, k) or "") for k in fields})(args)


def _freeze_fields(args: Args) -> dict[str, Any]:
    waived = dict(assignment(each, "CHECK=REASON") for each in args.waive)
    return {"project": args.project, "name": args.name, "waive": waived,
            "votes": args.votes, "practice": args.practice}  # fmt: skip


# -- the parser ------------------------------------------------------------------------------------


def command_parser() -> argparse.ArgumentParser:
    """All commands and what each of them takes."""
    parser = argparse.ArgumentParser(prog="studio", description="Yardstick: curate, fine-tune, compare blind, decide.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, about: str, act: Callable[[Args], Result]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about)
        command.set_defaults(act=act)
        command.add_argument("--workspace", type=Path, default=Path("workspace"), help="folder (default: workspace)")
        command.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        return command

    _add_serving(add)
    _add_data(add)
    _add_model_work(add)
    _add_care(add)
    return parser


def _add_address(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    command.add_argument("--port", type=int, default=8501)
    command.add_argument("--new-token", action="store_true", help="print a one-time sign-in link for an admin")
    command.add_argument("--ray", metavar="ADDRESS", help="jobs work on this Ray cluster (http://HOST:8265)")


def _add_serving(add: Add) -> None:
    _add_address(add("serve", "Start the studio and print its address with a one-time sign-in link.", _serve))
    demo = add("demo", "Make a demo project and open it; --headless walks the whole loop.", _demo)
    _add_address(demo)
    demo.add_argument("--headless", action="store_true", help="walk the whole loop here; votes are scripted")
    demo.add_argument("--project", default="support-replies", help="which demo (support-replies, ticket-triage)")
    demo.add_argument(
        "--preset",
        default="match_our_tone",
        help="how to train (match_our_tone, strict_format, most_careful, quick_trial)",
    )


def _add_data(add: Add) -> None:
    read = add("import", "Import examples from a file into a project, or a whole project from its file.", _import)
    read.set_defaults(usage=read)
    read.add_argument("file", nargs="+", metavar="[project] FILE", help="a file of examples; or “project” and a zip")
    read.add_argument("--project", help="of examples: its name; made when there is none")
    read.add_argument("--name", default="", help="of a whole project: another name for it here")
    read.add_argument("--split", choices=("train", "validation", "test"))
    read.add_argument("--format", help="csv, tsv, json, jsonl, xlsx, xls, ods or parquet (default: by content)")
    read.add_argument("--map", help="prompt=COLUMN,completion=COLUMN")
    read.add_argument("--approved", action="store_true", help="these examples are approved already")
    _add_export(add)
    look = add("health", "Tell what the checks say of a project's examples, and whether they can be frozen.",
               _in_workspace("health", lambda a: {"project": a.project}))  # fmt: skip
    look.add_argument("--project", required=True)
    freeze = add("freeze", "Freeze the approved examples as a dataset.", _in_workspace("freeze", _freeze_fields))
    freeze.add_argument("--project", required=True)
    freeze.add_argument("--name", default="")
    freeze.add_argument("--waive", action="append", default=[], metavar="CHECK=REASON", help="accept a finding")
    freeze.add_argument(
        "--votes",
        action="store_true",
        help="what people preferred in closed rounds instead; their prompts can test nothing any more",
    )
    freeze.add_argument("--practice", action="store_true", help="with --votes: practice votes too; not for release")
    trace = add("trace", "Tell which datasets and runs hold an example, and what to do when it may not be used.",
                _in_workspace("trace", lambda a: {"project": a.project, "example": a.example}))  # fmt: skip
    trace.add_argument("example", help="its id")
    trace.add_argument("--project", required=True)


def _add_export(add: Add) -> None:
    about = "Write examples, a dataset, votes, figures, preferences, a run, a certificate, a paper or a whole project."
    write = add("export", about, _export)
    write.set_defaults(usage=write)
    papers = ("card", "brief", "print", "dataset-card")
    kept = ("examples", "dataset", "votes", "figures", "preferences", "run", "certificate", "project")
    write.add_argument("what", choices=(*kept, *papers))
    write.add_argument("--project", required=True)
    write.add_argument(
        "--format",
        help="csv, jsonl, parquet, trl, trl-text, openai, alpaca, sharegpt; hf (a folder, of a dataset); "
        "of a run: json, passport, or as a folder adapter or merged; of a certificate: json, json-texts; of a paper "
        "(card, brief, print, dataset-card): html, and but for print md; a project is a zip",
    )  # fmt: skip
    write.add_argument("--out", required=True, type=lambda text: Path(text).resolve())
    write.add_argument("--dataset", help="id, hash or name of a frozen dataset (default: the newest)")
    write.add_argument("--split", choices=("train", "validation", "test"), help="only this part of a dataset")
    write.add_argument("--models", action="store_true", help="with a project: its tuned models, too")
    write.add_argument("--run", help="which run, by its id (default: the newest; of a paper what was decided on)")
    write.add_argument(
        "--round", help="of votes, figures, a certificate or a paper: the round's number or id (the newest)"
    )


def _add_train(add: Add) -> None:
    train = add("train", "Fine-tune on a frozen dataset and wait for it.", _in_workspace("train", lambda a: {
        "project": a.project, "dataset": a.dataset, "preset": a.preset, "resume": a.resume,
        "accept": a.accept, "measure_only": a.measure_only, "preferences": a.preferences, "start": a.start,
    }))  # fmt: skip
    train.add_argument("--project", required=True)
    train.add_argument("--dataset", help="id or hash (default: the latest)")
    train.add_argument("--preset", default="match_our_tone", help="how thoroughly; an unknown one is told the known")
    train.add_argument("--preferences", action="store_true", help="learn from a frozen set of votes (DPO)")
    train.add_argument(
        "--start",
        metavar="RUN",
        help="with --preferences: the tuned model to go on from, by its name or run (default: the base)",
    )
    train.add_argument("--resume", metavar="JOB", help="go on with a job that was stopped or died")
    train.add_argument("--accept", action="store_true", help="train even if examples are left out (too long or empty)")
    train.add_argument("--measure-only", action="store_true", help="tell what it would take, and start nothing")


def _add_model_work(add: Add) -> None:
    _add_train(add)
    generate = add("generate", "Let arms answer the prompts of a split.", _in_workspace("generate", lambda a: {
        "project": a.project, "arms": a.arms.split(","), "split": a.split,
    }))  # fmt: skip
    generate.add_argument("--project", required=True)
    generate.add_argument("--arms", required=True, help="names, ids or kinds (base, few_shot, ...), by commas")
    generate.add_argument("--split", choices=("train", "validation", "test"), default="test")
    evaluate = add("evaluate", "Tell what the arms' answers are worth: figures, slices, gaps.",
                   _in_workspace("evaluate", lambda a: {
        "project": a.project, "dataset": a.dataset, "split": a.split, "against": a.against,
    }))  # fmt: skip
    evaluate.add_argument("--project", required=True)
    evaluate.add_argument("--dataset", help="id, hash or name of a frozen dataset (default: the newest)")
    evaluate.add_argument("--split", choices=("train", "validation", "test"), default="test")
    evaluate.add_argument("--against", help="the arm the others are compared with (default: the best prompt, or base)")
    cli_arms.add_all(add, _in_workspace)
    models = add("models", "List the models, or fetch a bundled one.", _models)
    models.add_argument("what", nargs="?", choices=("list", "fetch"), default="list")
    models.add_argument("name", nargs="?", help="which to fetch (default: all bundled ones)")
    votes = add("votes", "Judge a table of votes taken anywhere.", _votes)
    votes.add_argument("file", type=Path)
    votes.add_argument("--theta-min", type=float, default=0.55, help="the smallest win that matters")
    votes.add_argument("--cap", type=int, help="the registered number of prompts")
    votes.add_argument("--floor", type=float, default=0.60, help="the shippable floor")
    certified = add("verify", "Run a round's certificate again: the same votes to the same verdict.", _verify)
    certified.add_argument("certificate", type=Path)
    certified.add_argument("--sha256", help="the sum that you know it by, as the Decision page shows it")
    votes.add_argument("--gold-right", type=int, default=0, metavar="N",
                       help="leave out who gets fewer gold pairs right (default: nobody)")  # fmt: skip
    votes.add_argument("--guesses", type=_guesses, metavar="RIGHT/ALL", help="right guesses of which arm was tuned")


def _add_care(add: Add) -> None:
    audit = add("audit", "Check the journal's chain and the database against it.",
                _in_workspace("audit", lambda a: {"head": a.head}))  # fmt: skip
    audit.add_argument("--head", help="a hash that the chain must contain")
    backup_command.add_all(add, _in_workspace)
    drift_command.add_all(add)
    add("rebuild", "Make the database again from the journal.", _rebuild)
    add("doctor", "Tell what this machine can do and whether the workspace is in order.", _doctor)


if __name__ == "__main__":
    sys.exit(main())
