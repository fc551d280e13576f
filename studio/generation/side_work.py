"""A base and a tuned model asked what has nothing to do with the task. For the worker only.

Each measurement is a line of `measured.jsonl` in the job's folder, so a job that was killed goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.evaluate.side_effects import Question, prefers_right
from studio.generation import ArmSpec
from studio.generation.local import LocalModel
from studio.jobs import folder as job_folder
from studio.records import Decoding, Prompt, from_json

MEASURED = "measured.jsonl"
_AT_ONCE = 8


def measure(
    spec: Mapping[str, Any], base: Path, job: Path, stopped: Callable[[], bool], emit: Callable[..., None]
) -> dict[str, Any] | None:
    """Arm id -> {neutral, right, answers} as in `side_effects.Seen`; None when it was stopped before its end."""
    arms = [from_json(ArmSpec, arm) for arm in spec["arms"]]
    questions = [from_json(Question, row) for row in spec["skills"]]
    lines = job / MEASURED
    job_folder.drop_incomplete_line(lines)
    done = {(row["arm"], row["id"]) for row in job_folder.read_lines(lines).rows}
    model = LocalModel(base, spec["model"]["sha256"])
    model.prepare(arms)
    asking = _Asking(model, questions, spec["neutral"], spec["outside"], from_json(Decoding, spec["decoding"]))
    total, began, first = len(arms) * asking.count, time.monotonic(), len(done)
    for arm in arms:
        for rows in asking.of(arm, {name for of, name in done if of == arm.id}):
            job_folder.append_lines(lines, rows)
            done |= {(arm.id, row["id"]) for row in rows}
            each = (time.monotonic() - began) / (len(done) - first)
            emit("progress", done=len(done), total=total, seconds_left=round(each * (total - len(done)), 1),
                 what="asking what has nothing to do with the task")  # fmt: skip
            if stopped():
                return None
    return {"seen": _gathered(arms, job_folder.read_lines(lines).rows)}


class _Asking:
    """All that is asked of each arm, in small parts."""

    def __init__(
        self, model: LocalModel, questions: Sequence[Question], neutral: Mapping[str, str], outside: Mapping[str, str],
        decoding: Decoding,
    ) -> None:  # fmt: skip
        self._model, self._questions, self._neutral, self._outside = model, questions, neutral, outside
        self._decoding = decoding
        self.count = len(questions) + len(neutral) + len(outside)

    def of(self, arm: ArmSpec, done: set[str]) -> Iterator[list[dict[str, Any]]]:
        for part in _parts([name for name in self._neutral if name not in done]):
            found = self._model.likelihoods(arm, [("", self._neutral[name]) for name in part])
            yield [
                _line(arm, name, "neutral", -nats / tokens) for name, (nats, tokens) in zip(part, found, strict=True)
            ]
        for asked in _parts([q for q in self._questions if q.id not in done]):
            ends = [(q.start, end) for q in asked for end in (q.right, *q.wrong)]
            nats = iter([nats for nats, _ in self._model.likelihoods(arm, ends)])
            yield [_line(arm, q.id, "right", prefers_right(q, [next(nats) for _ in range(1 + len(q.wrong))]))
                   for q in asked]  # fmt: skip
        for part in _parts([name for name in self._outside if name not in done]):
            written = self._model.write(arm, [Prompt(self._outside[name]) for name in part], self._decoding)
            yield [_line(arm, name, "answers", one.text) for name, one in zip(part, written, strict=True)]


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _line(arm: ArmSpec, name: str, of: str, value: object) -> dict[str, Any]:
    return {"arm": arm.id, "id": name, "of": of, "value": value}


def _gathered(arms: Sequence[ArmSpec], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {arm.id: {"neutral": {}, "right": {}, "answers": {}} for arm in arms}
    for row in rows:
        seen[row["arm"]][row["of"]][row["id"]] = row["value"]
    return seen
