"""The work of a timing job: how long each arm takes for a few prompts, one at a time. Only the worker runs this.

Each arm reads one prompt first, unmeasured, so that nobody's first request pays for what is loaded once. Then every
prompt is answered by itself, and after that all of them as one job would, in batches. Outputs are not kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.evaluate.costs import Timed
from studio.generation import ArmSpec, Asked, Generator, work
from studio.models.machine import others_at_work
from studio.records import Decoding, from_json, to_json
from studio.train.memory import peak_memory_mb, peak_starts_now


def measure(
    spec: dict[str, Any], folder: Path, stop: Callable[[], bool], emit: work.Emit
) -> tuple[dict[str, Any], bool]:
    """(`arms`: id -> what `Timed` holds, the `device` and how `busy` it was; whether it was stopped).

    Raises Refusal for every expected failure.
    """
    busy = others_at_work()
    emit("progress", done=0, total=0, seconds_left=None, what="loading the model")
    arms, generator, questions = work.ready(spec, folder)
    decoding, found = from_json(Decoding, spec["decoding"]), dict[str, Any]()
    for number, arm in enumerate(arms):
        emit("progress", done=number, total=len(arms), seconds_left=None, what="timing, one request after the other")
        if stop():
            return {"arms": found, "busy": busy, "device": _device(spec)}, True
        found[arm.id] = to_json(_timed(generator, arm, questions[arm.id], decoding))
    emit("progress", done=len(arms), total=len(arms), seconds_left=0.0, what="timing, one request after the other")
    return {"arms": found, "busy": busy, "device": _device(spec)}, False


def _timed(generator: Generator, arm: ArmSpec, asked: list[Asked], decoding: Decoding) -> Timed:
    prompts = [each.prompt for each in asked]
    if elsewhere := generator.batch_size == 1:  # each of its requests tells its own seconds
        alone = [generator.write(arm, [prompt], decoding)[0] for prompt in prompts]
        seconds, together = [each.seconds for each in alone], 0.0
    else:
        generator.write(arm, prompts[:1], decoding)
        alone, seconds = [], []
        for prompt in prompts:
            began = time.monotonic()
            alone += generator.write(arm, [prompt], decoding)
            seconds.append(round(time.monotonic() - began, 4))
        told = peak_starts_now()
        began = time.monotonic()
        for places in work.in_batches(generator, arm, prompts, [str(n) for n in range(len(prompts))]):
            generator.write(arm, [prompts[place] for place in places], decoding)
        together = round(time.monotonic() - began, 4)
    peak = peak_memory_mb() if not elsewhere and told else 0.0
    return Timed(
        tuple(seconds),
        tuple(each.tokens_in for each in alone),
        tuple(each.tokens_out for each in alone),
        together,
        peak,
    )


def _device(spec: dict[str, Any]) -> str:
    if spec["model"]["path"].startswith(("http://", "https://")):
        return ""
    from studio.train.fit import device_name

    return device_name()
