"""What people send, out of a file, and what it means: read by a process of its own, which leaves nothing behind."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio import models
from studio.examples.sandbox import parse_untrusted
from studio.examples.shapes import ColumnsUnclear, listed
from studio.jobs.resident import Resident
from studio.jobs.vectors import Floats, Vectors
from studio.monitor.counted import Input
from studio.records import Prompt, Refusal
from studio.wording import several

_ASK_AGAIN_SECONDS = 0.05
_READ = ("prompt", "instruction", "turns", "earlier", "group")
Told = Callable[[int, int], None]
"""Told how many texts of how many have been read."""


@dataclass(frozen=True)
class Inputs:
    """A file's inputs in their order, with every turn before them. `rows`: all rows of the file; `columns`: role ->
    column that was read; `notes`: sentences about what was left out."""

    name: str
    rows: int
    columns: dict[str, str]
    kept: tuple[Input, ...]
    notes: tuple[str, ...]


def read(path: Path, mapping: Mapping[str, str] | None = None) -> Inputs:
    """The inputs of a file in any form that `studio import` reads, parsed in a process of its own. `mapping`: role ->
    column, where the columns' names do not say which holds the prompt. Raises Refusal, with the file's name."""
    if not path.is_file():
        raise Refusal(f"{path} is no file. Nothing was compared. Check the path.")
    try:
        parsed = parse_untrusted(path, name=path.name, mapping=mapping)
    except ColumnsUnclear as unclear:
        raise Refusal(f"{path.name}: {_unclear(unclear, mapping)} Say which with --map prompt=COLUMN.") from unclear
    except (Refusal, OSError) as error:
        raise Refusal(f"{path.name} could not be read, so nothing was compared. {_said(error)}") from error
    refused = parsed.refused
    first = f"row {refused[0].row}: {refused[0].reason}" if refused else ""
    if not parsed.rows:
        raise Refusal(f"{path.name} has no row with an input, so nothing was compared. The first reason: {first}.")
    left = (
        f"{several(len(refused), 'row')} of {path.name} could not be read and {'is' if len(refused) == 1 else 'are'} "
    )
    kept = tuple(Input(r.row, Prompt(r.input, r.earlier, r.system).asked, r.group) for r in parsed.rows)
    columns = {role: column for role, column in parsed.mapping.items() if role in _READ}
    return Inputs(
        path.name, parsed.total, columns, kept, ((f"{left}left out; the first: {first}.",) if refused else ())
    )


def _unclear(unclear: ColumnsUnclear, mapping: Mapping[str, str] | None) -> str:
    """Of what people send no answer is needed, so an import's sentence about both would ask too much."""
    if mapping:
        return str(unclear)
    return (
        f"No column is named as what people send, such as prompt; the file has {listed(unclear.columns)}. "
        "Nothing was compared."
    )


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, Refusal) else f"The disk said: {getattr(error, 'strerror', None) or error}."


def meanings(texts: Sequence[str], workspace: Path, told: Told) -> NDArray[np.float32]:
    """One vector a text, (len(texts), 384), each of length 1, by the bundled model, which is the workspace's. The texts
    lie meanwhile in a folder of their own, which is gone afterwards. Raises Refusal when they cannot be read."""
    from studio.examples.meaning import EMBEDDER  # brings the database, which no other command without one needs

    model = models.reference(EMBEDDER, workspace)
    try:
        with tempfile.TemporaryDirectory(prefix="studio-drift-") as folder:
            found = _meanings(texts, model, Path(folder), told)
    except OSError as error:
        raise Refusal(f"The texts could not be laid out for reading. {_said(error)} Nothing was compared.") from error
    return np.stack([found[str(i)] for i in range(len(texts))])


def _meanings(texts: Sequence[str], model: Mapping[str, str], folder: Path, told: Told) -> dict[str, Floats]:
    """The vector of each text by its place."""
    process, cache, different = Resident(folder), Vectors(folder / "vectors"), len(set(texts))
    try:
        while len(cache) < different:
            _go_on(process, model, texts, folder / "texts.jsonl", cache)
            told(len(cache), different)
            time.sleep(_ASK_AGAIN_SECONDS)
    finally:
        process.make_room()
    return cache.of_texts({str(i): text for i, text in enumerate(texts)})


def _go_on(process: Resident, model: Mapping[str, str], texts: Sequence[str], file: Path, cache: Vectors) -> None:
    """Has the process read what is missing, unless it does. One that died is started anew; one that is too busy to
    answer is asked again."""
    state = process.state(wake=True)
    if state.reading.reason:
        raise Refusal(state.reading.reason)
    if state.awake and not state.reading.running:
        file.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
        process.read(model, file, cache.folder)
