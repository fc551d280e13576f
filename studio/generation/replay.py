"""The work of a conversation job: every arm answers every turn, with its own earlier answers before it. The worker's.

All conversations go on turn by turn, so that one batch holds many of them. What is written is appended at once; a job
that goes on after a kill asks only for the answers that are missing, in the batches as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.evaluate.turns import at_turn, talk, turn_id
from studio.generation import ArmSpec, Asked, Generator, work
from studio.generation.asking import Asking, example
from studio.jobs import folder as job_folder
from studio.records import Decoding, Example, from_json

if TYPE_CHECKING:
    from studio.evaluate.embed import Embedder

Own = dict[str, dict[str, str]]
"""Arm -> the id of a turn -> what it answered there."""


def write(spec: dict[str, Any], folder: Path, stop: Callable[[], bool], emit: work.Emit) -> tuple[dict[str, Any], bool]:
    """Writes what is missing of outputs.jsonl, a line an answer: (what the result tells of each arm, whether it was
    stopped). Raises Refusal for every expected failure."""
    outputs = folder / "outputs.jsonl"
    job_folder.drop_incomplete_line(outputs)
    emit("progress", done=0, total=0, seconds_left=None, what="loading the model")
    embedder = work.embedder_of(spec)
    arms, generator, asking = work.prepared(spec, folder, embedder)
    held = [example(row) for row in spec["prompts"]]
    lengths = {each.id: len(talk(each).asked) for each in held}
    lines, own = job_folder.read_lines(outputs).rows, Own()
    for line in lines:
        own.setdefault(line["arm"], {})[line["example"]] = line["output"]
    pace = work.Pace(emit, total=len(arms) * sum(lengths.values()), done=len(lines))
    turn = _Turn(generator, asking, from_json(Decoding, spec["decoding"]), outputs, own, pace, embedder)
    for number in range(1, max(lengths.values(), default=0) + 1):
        here = [each for each in held if lengths[each.id] >= number]
        for arm in arms:
            if not turn.answered(arm, here, number, stop):
                return work.counted(arms, outputs), True
    return work.counted(arms, outputs), False


class _Turn:
    """One arm at one turn of all conversations that have it."""

    def __init__(
        self, generator: Generator, asking: Asking, decoding: Decoding, outputs: Path, own: Own, pace: work.Pace,
        embedder: Embedder | None,
    ) -> None:  # fmt: skip
        self._generator, self._asking, self._decoding = generator, asking, decoding
        self._outputs, self._own, self._pace, self._embedder = outputs, own, pace, embedder

    def answered(self, arm: ArmSpec, held: Sequence[Example], number: int, stop: Callable[[], bool]) -> bool:
        """Whether all of them have an answer now; not after `stop`."""
        own = self._own.setdefault(arm.id, {})
        inputs = [
            at_turn(each, number, [own[turn_id(each.id, before)] for before in range(1, number)]) for each in held
        ]
        asked, names = self._asking.of(arm, inputs), [each.id for each in inputs]
        for places in work.in_batches(self._generator, arm, [each.prompt for each in asked], names):
            left = [place for place in places if names[place] not in own]
            if left and stop():
                return False
            if left:
                self._write(arm, [inputs[place] for place in left], [asked[place] for place in left])
        return True

    def _write(self, arm: ArmSpec, inputs: Sequence[Example], asked: Sequence[Asked]) -> None:
        written = self._generator.write(arm, [each.prompt for each in asked], self._decoding)
        rows = [{"id": each.id, "ideal": each.ideal} for each in inputs]
        near = work.similarity(self._embedder, written, rows)
        job_folder.append_lines(self._outputs, map(partial(work.output, arm), rows, asked, written, near))
        self._own[arm.id] |= {row["id"]: one.text for row, one in zip(rows, written, strict=True)}
        self._pace.went_on(len(rows))
