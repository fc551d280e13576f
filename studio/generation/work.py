"""The work of a generate job: every arm answers every prompt, with one copy of the weights. Only the worker runs this.

What is written is appended at once, and a job that goes on asks only what has no answer yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.generation import ArmSpec, Asked, Generator, Written, prompt_hashes
from studio.generation.again import Rewritten, sample
from studio.generation.asking import Asking, example
from studio.jobs import folder as job_folder
from studio.models.checked import check_adapter, checked_model
from studio.models.loading import quick_loading
from studio.records import Decoding, Prompt, Recipe, from_json, set_parts, to_json

if TYPE_CHECKING:
    from studio.evaluate.embed import Embedder

Emit = Callable[..., None]
Questions = dict[str, list[Asked]]
"""Arm -> what it is asked, in the order of the job's prompts."""


def write(spec: dict[str, Any], folder: Path, stop: Callable[[], bool], emit: Emit) -> tuple[dict[str, Any], bool]:
    """Writes what is missing of outputs.jsonl: (what the result tells of each arm, whether it was stopped).

    Raises Refusal for every expected failure.
    """
    decoding = from_json(Decoding, spec["decoding"])
    outputs = folder / "outputs.jsonl"
    job_folder.drop_incomplete_line(outputs)
    emit("progress", done=0, total=0, seconds_left=None, what="loading the model")
    _arms(spec)  # refused before the first model is loaded
    embedder = embedder_of(spec)
    arms, generator, questions = ready(spec, folder, embedder)
    done = {(line["arm"], line["example"]) for line in job_folder.read_lines(outputs).rows}
    pace = Pace(emit, total=len(arms) * len(spec["prompts"]), done=len(done))
    names = [row["id"] for row in spec["prompts"]]
    cut = {arm.id: in_batches(generator, arm, [q.prompt for q in questions[arm.id]], names) for arm in arms}
    batches = [(arm, places) for arm in arms for places in cut[arm.id]]
    for arm, places in batches:
        left = [place for place in places if (arm.id, spec["prompts"][place]["id"]) not in done]
        if not left:
            continue
        if stop():
            return counted(arms, outputs), True
        asked, prompts = [questions[arm.id][place] for place in left], [spec["prompts"][place] for place in left]
        written = generator.write(arm, [each.prompt for each in asked], decoding)
        near = similarity(embedder, written, prompts)
        job_folder.append_lines(outputs, map(partial(output, arm), prompts, asked, written, near))
        pace.went_on(len(left))
    emit("progress", done=len(batches), total=len(batches), seconds_left=None, what="writing a sample again")
    stored = {(line["arm"], line["example"]): line["output"] for line in job_folder.read_lines(outputs).rows}
    again = sample(generator, batches, questions, names, stored, decoding, stop, seed=spec["id"])
    return counted(arms, outputs, again), False


def ready(
    spec: dict[str, Any], folder: Path, embedder: Embedder | None = None
) -> tuple[list[ArmSpec], Generator, Questions]:  # fmt: skip
    """The arms of a job, the model that writes for them, and what each is asked. Raises Refusal."""
    arms, generator, asking = prepared(spec, folder, embedder)
    inputs = [example(row) for row in spec["prompts"]]
    return arms, generator, {arm.id: asking.of(arm, inputs) for arm in arms}


def prepared(
    spec: dict[str, Any], folder: Path, embedder: Embedder | None = None
) -> tuple[list[ArmSpec], Generator, Asking]:
    """The arms of a job, the model that writes for them, and how each asks. Raises Refusal."""
    arms = _arms(spec)
    generator = _generator(spec["model"], spec.get("most_requests", 0))
    generator.prepare(arms)
    if embedder is None and any(arm.recipe != Recipe() for arm in arms):
        embedder = embedder_of(spec)
    return arms, generator, Asking(spec, folder, embedder)


def _arms(spec: dict[str, Any]) -> list[ArmSpec]:
    """The arms of a job, their adapters as they were named. Raises Refusal."""
    arms = [from_json(ArmSpec, arm) for arm in spec["arms"]]
    for arm in arms:
        check_adapter(arm.adapter, arm.adapter_sha256)
    return arms


def _generator(model: dict[str, str], most_requests: int) -> Generator:
    if model["path"].startswith(("http://", "https://")):
        from studio.generation.endpoint import EndpointModel

        return EndpointModel(model["path"], model["name"], most=most_requests)
    path = checked_model(model)
    with quick_loading():
        from studio.generation.local import LocalModel

    return LocalModel(path, model["sha256"])


def embedder_of(spec: dict[str, Any]) -> Embedder | None:
    """The model of meaning that a job names; None where it names none. Raises Refusal."""
    embedder = spec.get("embedder")
    if embedder is None:
        return None
    path = checked_model(embedder)
    with quick_loading(unused=()):  # its library does not load without them
        from studio.evaluate.embed import Embedder

    return Embedder(path)


def similarity(
    embedder: Embedder | None, written: Sequence[Written], prompts: Sequence[dict[str, Any]]
) -> Sequence[float | None]:
    """How near each answer is to the ideal one of its prompt's row."""
    if embedder is None:
        return [None] * len(written)
    return embedder.similarity([w.text for w in written], [prompt.get("ideal", "") for prompt in prompts])


def in_batches(
    generator: Generator, arm: ArmSpec, prompts: Sequence[Prompt], names: Sequence[str]
) -> Iterator[list[int]]:  # fmt: skip
    """An arm's prompts by their places, the longest first, in batches that are the same at every start.

    What stands beside a prompt in its batch can change a bfloat16 answer in the last bit, so a job that goes on after
    a kill must cut the batches as it did before. The batches are as even as can be: a small last one costs as many
    steps as a full one.
    """
    lengths = generator.lengths(prompts, arm.system_prompt)
    order = sorted(range(len(prompts)), key=lambda i: (-lengths[i], names[i]))
    count = -(-len(order) // generator.batch_size)
    edges = [round(n * len(order) / count) for n in range(count + 1)] if count else []
    for start, end in pairwise(edges):
        yield order[start:end]


def output(arm: ArmSpec, prompt: dict[str, Any], asked: Asked, written: Written, near: float | None) -> dict[str, Any]:
    """An answer as a line of outputs.jsonl; `prompt`: its row in the job."""
    return {
        "arm": arm.id,
        "example": prompt["id"],
        "output": written.text,
        "tokens_in": written.tokens_in,
        "tokens_out": written.tokens_out,
        "seconds": written.seconds,
        "similarity": near,
        "hashes": {**written.hashes, **prompt_hashes(arm, asked)},
        "given": set_parts(asked.given),
    }


def counted(
    arms: Sequence[ArmSpec], outputs: Path, again: Mapping[str, Rewritten] | None = None
) -> dict[str, Any]:  # fmt: skip
    """For each arm: outputs written, how many of them say nothing, its pace, and what was written again."""
    lines = job_folder.read_lines(outputs).rows
    told = {}
    for arm in arms:
        own = [line for line in lines if line["arm"] == arm.id]
        seconds = sum(line["seconds"] for line in own)
        told[arm.id] = {
            "outputs": len(own),
            "missing": sum(not line["output"] for line in own),
            "tokens_per_second": round(sum(line["tokens_out"] for line in own) / seconds, 1) if seconds else 0.0,
        }
    for name, found in (again or {}).items():
        told[name]["again"] = to_json(found)
    return {"arms": told}


class Pace:
    """Progress of a generate job, with an estimate from what was done since this start."""

    def __init__(self, emit: Emit, total: int, done: int) -> None:
        self._emit, self._total, self._done, self._first = emit, total, done, done
        self._began = time.monotonic()
        self._tell(None)

    def went_on(self, count: int) -> None:
        self._done += count
        each = (time.monotonic() - self._began) / (self._done - self._first)
        self._tell(round(each * (self._total - self._done), 1))

    def _tell(self, left: float | None) -> None:
        self._emit("progress", done=self._done, total=self._total, seconds_left=left, what="writing outputs")
