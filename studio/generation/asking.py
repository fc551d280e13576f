"""What each arm of a job puts around an input: its examples, its passages, or nothing. Only the worker runs this.

The same at every start: what is chosen hangs on nothing but the job's files and the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.generation import ArmSpec, Asked
from studio.jobs import folder as job_folder
from studio.records import Example, Passage, Recipe, from_json

if TYPE_CHECKING:
    from studio.evaluate.embed import Embedder
    from studio.generation.passages import Library
    from studio.generation.shots import Shelf


class Asking:
    """The examples and passages of a job, read when an arm first needs them. `embedder`: there where one has any."""

    def __init__(self, spec: dict[str, Any], folder: Path, embedder: Embedder | None) -> None:
        self._spec, self._folder, self._embedder = spec, folder, embedder
        self._kept: tuple[Shelf, Library] | None = None

    def of(self, arm: ArmSpec, inputs: Sequence[Example]) -> list[Asked]:
        """Each input as `arm` asks it, in their order."""
        plain = [Asked(each.prompt) for each in inputs]
        if arm.recipe == Recipe():
            return plain
        shelf, library = self._both()
        shots, passages = arm.recipe.shots, arm.recipe.passages
        asked = shelf.around(shots, inputs) if shots else plain
        return library.around(passages, inputs, asked) if passages else asked

    def _both(self) -> tuple[Shelf, Library]:
        if self._kept is None:
            assert self._embedder is not None, "a job with examples or passages to show has an embedder"
            from studio.generation.passages import Library
            from studio.generation.shots import Shelf

            rows = self._rows("library")
            known = {row["id"]: np.asarray(row.pop("vector"), np.float32) for row in rows if "vector" in row}
            embed = self._embedder.vectors
            shelf = Shelf([example(row) for row in self._rows("shelf")], embed)
            self._kept = shelf, Library([from_json(Passage, row) for row in rows], embed, known)
        return self._kept

    def _rows(self, name: str) -> list[dict[str, Any]]:
        return job_folder.read_rows(self._folder, self._spec[name]) if name in self._spec else []


def example(row: dict[str, Any]) -> Example:
    """The example of a prompt's row in a job."""
    prompt = job_folder.prompt(row)
    return Example(
        row["id"], prompt.input, row.get("ideal", ""), row.get("slice", ""), earlier=prompt.earlier,
        system=prompt.system,
    )  # fmt: skip
