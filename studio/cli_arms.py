"""The part of the `studio` command that is about arms: what is compared, what it reads, costs and breaks."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.records import Refusal

Args = argparse.Namespace
Result = dict[str, Any] | None
Add = Callable[[str, str, Callable[[Args], Result]], argparse.ArgumentParser]
"""Makes the parser of a command: its name, what it does, and the function that does it."""
Work = Callable[[str, Callable[[Args], dict[str, Any]]], Callable[[Args], Result]]
"""A command that needs the store, by its name and the fields that it is told."""


def add_all(add: Add, work: Work) -> None:
    """The commands arms, documents, conversations, side-effects and costs."""
    _arms(add, work)
    _documents(add, work)
    _side_effects(add, work)
    _costs(add, work)


def _arms(add: Add, work: Work) -> None:
    arms = add("arms", "List the arms of a project, or add a prompt or one that shows examples first.",
               work("arms", _arm_fields))  # fmt: skip
    arms.add_argument("what", nargs="?", choices=("list", "add"), default="list")
    arms.add_argument("--project", required=True)
    arms.add_argument("--name", help="of the new arm")
    arms.add_argument("--prompt", type=Path, metavar="FILE", help="its system text (default: stated from the brief)")
    arms.add_argument("--model", help="its base model (default: the bundled one)")
    arms.add_argument("--shots", choices=("by_hand", "by_slice", "by_nearness"), help="show training examples first")
    arms.add_argument("--passages", action="store_true", help="give it passages of the project's documents")
    arms.add_argument("--count", type=int, help="how many of them: 1 to 8 examples, 1 to 10 passages")
    arms.add_argument("--examples", default="", metavar="ID,ID", help="which, when chosen by hand")


def _documents(add: Add, work: Work) -> None:
    documents = add("documents", "List a project's documents, add one, or remove one.",
                    work("documents", lambda a: {
        "project": a.project, "what": a.what,
        "document": str(Path(a.document).resolve()) if a.what == "add" and a.document else a.document,
    }))  # fmt: skip
    documents.add_argument("what", nargs="?", choices=("list", "add", "remove"), default="list")
    documents.add_argument("document", nargs="?", default="", help="a file to add, or the name of one to remove")
    documents.add_argument("--project", required=True)
    talks = add("conversations", "Let arms go through whole test conversations, and tell what came of it.",
                work("conversations", lambda a: {
        "project": a.project, "dataset": a.dataset, "arms": [name for name in a.arms.split(",") if name],
    }))  # fmt: skip
    talks.add_argument("--project", required=True)
    talks.add_argument("--dataset", help="id, hash or name of a frozen dataset (default: the newest)")
    talks.add_argument("--arms", default="", help="which go through them (default: tell what came of it before)")


def _side_effects(add: Add, work: Work) -> None:
    side = add("side-effects", "Tell what tuning broke beside the task.", work("side-effects", lambda a: {
        "project": a.project, "arm": a.arm,
    }))  # fmt: skip
    side.add_argument("--project", required=True)
    side.add_argument("--arm", required=True, help="a tuned model, by name or id")


def _costs(add: Add, work: Work) -> None:
    costs = add("costs", "Time arms on validation prompts, and tell what they cost.", work("costs", lambda a: {
        "project": a.project, "arms": [name for name in a.arms.split(",") if name],
    }))  # fmt: skip
    costs.add_argument("--project", required=True)
    costs.add_argument("--arms", default="", help="which to time now (default: tell what was measured before)")


def _arm_fields(args: Args) -> dict[str, Any]:
    return {
        "project": args.project, "what": args.what, "name": args.name, "model": args.model,
        "text": text_of(args.prompt) if args.prompt else "", "choosing": args.shots, "count": args.count,
        "passages": args.passages,
        "examples": [name for name in args.examples.split(",") if name],
    }  # fmt: skip


def text_of(file: Path) -> str:
    """What a file says. Raises Refusal for one that is not there or no UTF-8."""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"{file} cannot be read as UTF-8 text ({error}). Nothing was changed.") from error


def mapping_of(text: str) -> dict[str, str]:
    """Role -> column, as --map takes them. Raises Refusal."""
    return dict(assignment(part, "ROLE=COLUMN") for part in text.split(","))


def assignment(text: str, form: str) -> tuple[str, str]:
    """The two sides of the first "=". Raises Refusal for a text without one, telling its `form`."""
    name, equals, value = text.partition("=")
    if not equals:
        raise Refusal(f"“{text}” is not {form}. Nothing was done.")
    return name.strip(), value.strip()
