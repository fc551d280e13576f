"""`studio export`: examples, a frozen dataset, votes, figures, preferences, a certificate, a paper or the record of a
run, as a file or a folder.

Every answer says what the file does not hold.
"""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio import datasets, exports, loop, people, project_file, run_export, signing, vote_sets
from studio.exports import folder
from studio.generation import chat
from studio.models.files import files_sha256
from studio.records import PairKind, Refusal, Round, Split, sha256
from studio.reports import dataset_card
from studio.reports import written as papers
from studio.review import gold, numbered, rounds
from studio.review.votes_table import vote_row, write_votes
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.store import examples as example_rows
from studio.store import guesses as guess_rows
from studio.store import people as people_rows
from studio.store import rounds as round_rows
from studio.train import takeaway
from studio.wording import several

Args = dict[str, Any]
FOLDER = "hf"
"""The format that is a folder, not a file."""


@dataclass(frozen=True)
class Written:
    """What an export makes: a file's bytes (path "") or a folder's files by path, the number of data rows in them, and
    what they do not hold. `noted`: writes down that a file leaves the studio, once it is certain that it can."""

    files: Mapping[str, bytes]
    rows: int
    notes: tuple[str, ...] = ()
    noted: Callable[[], None] | None = None

    @property
    def sha256(self) -> str:
        """Of the file; of a folder, of its list of sums."""
        return sha256(self.files.get(folder.SUMS, b"") or self.files[""])


def export(store: Store, args: Args) -> Args:
    """args: what, project, format, out (absolute path); for a dataset also dataset (id, hash or name; the newest) and
    split, for a run its id in run (the newest). Writes the file or folder whole or not at all.

    `rows` of the answer: data rows written, without a table's head; votes in a certificate; 1 for the record of a run.
    """
    project, what, form = loop.project_of(store, args["project"]), args["what"], args["format"]
    if what == "project":
        return _whole_project(store, project, args)
    if what == "run" and form in takeaway.FORMS:
        return _taken_away(store, project, args)
    if (what, form) not in _EXPORTS:
        known = ", ".join([*(f for w, f in _EXPORTS if w == what), *(takeaway.FORMS if what == "run" else ())])
        raise Refusal(f"{what} cannot be exported as {form}; it can as {known}. Nothing was written.")
    made = _EXPORTS[what, form](store, project, args)
    out = Path(args["out"])
    try:
        _write(made, out)
    except OSError as error:
        raise Refusal(f"{out} could not be written ({error.strerror}). Nothing else was changed.") from error
    return {
        "rows": made.rows, "path": str(out), "sha256": made.sha256, "head": store.head, "notes": list(made.notes),
    }  # fmt: skip


def _whole_project(store: Store, project: str, args: Args) -> Args:
    """`rows` of the answer: acts. args: also models, to take the tuned models along."""
    if args["format"] not in ("", "zip"):
        raise Refusal(f"A project cannot be exported as {args['format']}; it can as zip. Nothing was written.")
    made = project_file.write(store, project, Path(args["out"]), models=bool(args.get("models")))
    return {
        "rows": made.acts, "path": str(made.path), "sha256": made.sha256, "head": store.head, "notes": list(made.left),
        "bytes": made.bytes, "blobs": made.blobs, "people": made.people, "models": made.models,
    }  # fmt: skip


def _write(made: Written, out: Path) -> None:
    partial, files = out.with_name(out.name + ".partial"), made.files
    if "" in files:
        if out.is_dir():
            raise Refusal(f"{out} is a folder. Nothing was written. Name a file.")
        try:
            partial.write_bytes(files[""])
            if made.noted:
                made.noted()
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
        return
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refusal(f"{out} is there already and not an empty folder. Nothing was written. Choose another name.")
    shutil.rmtree(partial, ignore_errors=True)  # what an export that was cut off left
    for path, content in files.items():
        (partial / path).parent.mkdir(parents=True, exist_ok=True)
        (partial / path).write_bytes(content)
    if out.exists():
        out.rmdir()
    shutil.move(partial, out)


def _examples_as(form: str) -> Callable[[Store, str, Args], Written]:
    def write(store: Store, project: str, args: Args) -> Written:
        made = exports.export(example_rows.every(store, project), form)
        return Written({"": made.data}, made.rows, made.notes)

    return write


def _dataset_as(form: str) -> Callable[[Store, str, Args], Written]:
    def write(store: Store, project: str, args: Args) -> Written:
        found = datasets.named(store, project, args.get("dataset") or "")
        split = Split(args["split"]) if args.get("split") else None
        part, told = exports.of_split(dataset_rows.rows_of(store, found), exports.of_name(form), split)
        made = exports.export(part, form)
        return Written({"": made.data}, made.rows, (*told, *made.notes))

    return write


def _dataset_folder(store: Store, project: str, args: Args) -> Written:
    if args.get("split"):
        raise Refusal("The folder holds every split in a file of its own. Nothing was written. Leave --split out.")
    found = datasets.named(store, project, args.get("dataset") or "")
    examples = dataset_rows.rows_of(store, found)
    return Written(folder.files(examples, dataset_card.written(store, found)), len(examples))


def _round(store: Store, project: str, args: Args, what: str) -> Round:
    """The closed round that is asked for, by its number or id, else the newest. `what`: what is exported, and when."""
    wanted, told = str(args.get("round") or ""), numbered.every(store, project)
    found = next((each for each in told if wanted in ("", str(each.number), each.round.id)), None)
    if found is None and wanted:
        raise Refusal(f"There is no round {wanted} here; there are {len(told)}, the first is 1. Nothing was written.")
    if found is None or found.round.state != "closed":
        raise Refusal(f"There is no closed round here{f' of number {wanted}' if wanted else ''}. {what}")
    return found.round


def votes_csv(store: Store, project: str, on: Round | None = None) -> bytes:
    """A round's counted votes in the one votes table; of `on`, else of the latest. Raises Refusal while it is open."""
    return _votes(store, project, {"round": on.id if on else ""}).files[""]


def _votes(store: Store, project: str, args: Args) -> Written:
    found = _round(store, project, args, "Votes are exported once their round is closed.")
    rows = _vote_rows(store, found)
    return Written({"": write_votes(rows).encode()}, len(rows))


def _vote_rows(store: Store, found: Round) -> list[dict[str, object]]:
    """The counted votes; and on gold pairs and repeats those of everybody who might have been counted. The cheapest
    candidate's come first, for the table has no other way to say the order of cost."""
    pairs, cast = round_rows.pairs(store, found.id), round_rows.votes(store, found.id)
    known, shown = {p.id: p for p in pairs}, people_rows.names_apart(store)
    names = {**gold.NAMES, **{name: facts["name"] for name, facts in found.registration["arms"].items()}}
    order = {each.arm: place for place, each in enumerate(found.candidates)}
    guessed = {(guess.pair, guess.reviewer): guess.side.value for guess in guess_rows.of_round(store, found.id)}
    counted = {(vote.pair, vote.reviewer) for vote in rounds.counted(found, pairs, cast)}
    return [
        vote_row(pair, vote, names, shown.get(vote.reviewer, vote.reviewer), guessed.get((pair.id, vote.reviewer), ""))
        for vote in sorted(cast, key=lambda vote: order.get(known[vote.pair].candidate, len(order)))
        for pair in [known[vote.pair]]
        if (vote.pair, vote.reviewer) in counted or (pair.kind is not PairKind.real and not vote.conflict)
    ]


def _figures_as(form: str) -> Callable[[Store, str, Args], Written]:
    def write(store: Store, project: str, args: Args) -> Written:
        from studio import figures  # a second of statistics that the server does not need to start
        from studio.figures import table

        found = _round(store, project, args, "Figures are exported once a round has closed.")
        made = figures.material(store, found)
        listed = figures.listed(made)
        return Written({"": table.FORMATS[form](listed, table.about(made, store.head))}, len(listed))

    return write


def _certificate(texts: bool) -> Callable[[Store, str, Args], Written]:
    def write(store: Store, project: str, args: Args) -> Written:
        found = _round(store, project, args, "A certificate is of a round that has closed.")
        content = signing.certificate_of(store, found, texts)
        votes = len(round_rows.votes(store, found.id))
        return Written({"": content}, votes, () if texts else ("texts are hashes; json-texts has them",))

    return write


def preferences_to_take(store: Store, project: str) -> vote_sets.Found:
    """The pairs that a file of preferences holds: those that a decision may rest on, else those of practice. Raises
    Refusal without a closed round."""
    made = vote_sets.found(store, project)
    if not made.rows:
        made = vote_sets.found(store, project, practice=True)
    if not made.facts.rounds:
        raise Refusal("There is no closed round here. Votes are exported once their round is closed.")
    return made


def preferences_jsonl(made: vote_sets.Found) -> bytes:
    """Prompt / chosen / rejected lines with their votes, as TRL's preference trainers read them; labelled practice and
    scripted where that is what they are."""
    # A trainer reads a file of texts or a file of chats, never a mixture.
    chats = any(row.earlier or row.system for row in made.rows)
    lines = []
    for row, pair in zip(made.rows, made.judged.preferred, strict=True):
        line: dict[str, Any] = {"prompt": row.input, "chosen": row.ideal, "rejected": row.worse}
        if chats:
            answers = {side: [{"role": "assistant", "content": line[side]}] for side in ("chosen", "rejected")}
            line = {"prompt": chat.messages(row.prompt), **answers}
        line |= {"votes_for": pair.votes_for, "votes_against": pair.against, "practice": made.facts.practice}
        lines.append(json.dumps(line | {"scripted": pair.scripted}, ensure_ascii=False))
    return "".join(line + "\n" for line in lines).encode()


def _preferences(store: Store, project: str, args: Args) -> Written:
    """What a training by votes would learn from. The file is meant to be learned from, so its prompts are spent."""
    made = preferences_to_take(store, project)
    spent = f"Spent for testing from now on: {several(len(vote_sets.prompts_of(made)), 'prompt')} of these pairs."
    return Written(
        {"": preferences_jsonl(made)}, len(made.rows), (*vote_sets.in_words(made.facts), spent),
        functools.partial(vote_sets.take_out, store, people.COMMAND, project, made),
    )  # fmt: skip


def _paper(name: str, form: str) -> Callable[[Store, str, Args], Written]:
    def write(store: Store, project: str, args: Args) -> Written:
        said = "A paper on a round is written once it has closed."
        on = _round(store, project, args, said).id if args.get("round") else ""
        return Written({"": papers.paper(store, project, name, form, args.get("run") or "", on).text.encode()}, 1)

    return write


def _run_as(form: str) -> Callable[[Store, str, Args], Written]:
    def write(store: Store, project: str, args: Args) -> Written:
        return Written({"": run_export.FILES[form](store, run_export.chosen(store, project, args.get("run") or ""))}, 1)

    return write


def _taken_away(store: Store, project: str, args: Args) -> Args:
    """A tuned model as a folder: `files` (name -> hash) lie there, `check` says how they answered."""
    out, run = Path(args["out"]), run_export.chosen(store, project, args.get("run") or "")
    taken = run_export.take_away(store, people.COMMAND, run, args["format"], out)
    whole = files_sha256(taken.files)
    told = {"rows": 1, "path": str(out), "sha256": whole, "head": store.head, "notes": []}
    return told | {"files": taken.files, "check": taken.check}


_EXPORTS: dict[tuple[str, str], Callable[[Store, str, Args], Written]] = {
    **{("examples", form): _examples_as(form) for form in exports.FORMATS},
    **{("dataset", form): _dataset_as(form) for form in exports.FORMATS},
    ("dataset", FOLDER): _dataset_folder,
    ("votes", "csv"): _votes,
    **{("figures", form): _figures_as(form) for form in ("csv", "parquet")},
    ("preferences", "jsonl"): _preferences,
    ("certificate", "json"): _certificate(False),
    ("certificate", "json-texts"): _certificate(True),
    **{("run", form): _run_as(form) for form in run_export.FILES},
    **{(name, form): _paper(name, form) for name, kind in papers.KINDS.items() for form in kind.forms},
}
