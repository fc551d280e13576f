"""`studio drift`: does what comes in still look like what the model was tuned and judged on?"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.cli_arms import Add, Args, Result, mapping_of
from studio.health import normalise
from studio.monitor import drift, inputs
from studio.monitor.counted import LEAST, MOST, Counted, Input, Side, counted
from studio.wording import between, percent, several

_MOST_MOVED, _MOST_LETTERS = 20, 500
_MUCH = 0.1  # of the rows: a text that is sent so often is spoken of
_SAY_EACH_SECONDS = 10.0


def add_all(add: Add) -> None:
    """The command drift."""
    about = "Compare what people send now with what the model was tuned and judged on; an alarm where it has moved."
    compare = add("drift", about, _drift)
    compare.add_argument("reference", type=Path, metavar="REFERENCE", help="a file of what it was tuned and judged on")
    compare.add_argument("current", type=Path, metavar="CURRENT", help="a file of what people send now")
    compare.add_argument("--map", help="prompt=COLUMN and, of rows that belong together, group=COLUMN; by commas")
    compare.add_argument("--map-current", help="the same for CURRENT alone, where its columns have other names")


def _drift(args: Args) -> Result:
    mapping = mapping_of(args.map) if args.map else None
    current = mapping_of(args.map_current) if args.map_current else mapping
    return tell(inputs.read(args.reference, mapping), inputs.read(args.current, current), args.workspace)


def tell(reference: inputs.Inputs, current: inputs.Inputs, workspace: Path) -> dict[str, Any]:
    """What the command says of two files. Of the workspace only the bundled model is used. Raises Refusal."""
    began, seen = time.monotonic(), counted(reference.kept, current.kept)
    told: dict[str, Any] = {
        "sentence": "", "alarm": False, "p_value": None, "level": drift.LEVEL, "n": seen.n,
        "enough_data": seen.n >= LEAST, "share": None, "interval": None, "distance": None,
        "compared": {"reference": _side(reference, seen.reference), "current": _side(current, seen.current)},
        "notes": [*_notes(reference, seen.reference, "REFERENCE"), *_notes(current, seen.current, "CURRENT")],
        "moved": [],
    }  # fmt: skip
    if told["enough_data"]:
        vectors = inputs.meanings(seen.texts, workspace, _Progress())
        told |= _compared(seen, current.kept, vectors)
    else:
        told["sentence"] = _too_few(seen)
    return told | {"seconds": round(time.monotonic() - began, 2)}


def _compared(seen: Counted, current: Sequence[Input], vectors: NDArray[np.float32]) -> dict[str, Any]:
    sides = seen.reference.rows, seen.current.rows
    found = drift.shift(vectors, *sides)
    told = {"p_value": found.p_value, "alarm": found.alarm, "distance": found.distance}
    if not found.alarm:
        return told | {"sentence": _quiet(found, seen)}
    moved = drift.moved(vectors, *sides)
    scores = {normalise(text): float(score) for text, score in zip(seen.texts, moved.scores, strict=True)}
    return told | {
        "share": round(moved.share, 4), "interval": [round(end, 4) for end in moved.interval],
        "moved": _moved(current, {normalise(seen.texts[i]): scores[normalise(seen.texts[i])] for i in sides[1]}),
        "sentence": _loud(found, moved, seen),
    }  # fmt: skip


def _moved(current: Sequence[Input], scores: Mapping[str, float]) -> list[dict[str, Any]]:
    """The current inputs that look least like the reference, each text once, by the row where it comes first."""
    keys = [normalise(each.text) for each in current]
    times = Counter(keys)
    first: dict[str, Input] = {}
    for key, each in zip(keys, current, strict=True):
        first.setdefault(key, each)
    ranked = sorted((key for key in scores if scores[key] > 0.5), key=lambda key: (-scores[key], first[key].row))
    return [
        {"row": first[key].row, "text": _short(first[key].text), "score": round(scores[key], 3), "times": times[key]}
        for key in ranked[:_MOST_MOVED]
    ]


def _side(told: inputs.Inputs, side: Side) -> dict[str, Any]:
    return {
        "file": told.name,
        "columns": told.columns,
        "rows": told.rows,
        "compared": len(side.rows),
        "different": side.different,
    }


def _notes(told: inputs.Inputs, side: Side, name: str) -> list[str]:
    """What is said of how a file was read and which of its rows are compared."""
    groups = Counter(each.group for each in told.kept if each.group)
    notes = [*told.notes]
    if groups.total() > len(groups):
        notes.append(f"Of each of {len(groups):,} groups in {name} one row is compared: rows of a group are alike.")
    if len(side.rows) == MOST < len(told.kept):
        notes.append(f"Of {name} {MOST:,} rows are compared, drawn from all of it.")
    return [*notes, *_often(told, name)]


def _often(told: inputs.Inputs, name: str) -> list[str]:
    """The texts that make up much of a file: no alarm comes of them."""
    texts = {normalise(each.text): each.text for each in reversed(told.kept)}
    times = Counter(normalise(each.text) for each in told.kept)
    return [
        f"One text is {percent(count / len(told.kept))} of {name} ({count:,} of {len(told.kept):,} inputs), and is "
        f"compared as one: {json.dumps(_short(texts[key], 80), ensure_ascii=False)}"
        for key, count in times.most_common(3)
        if count > 1 and count >= _MUCH * len(told.kept)
    ]


def _short(text: str, letters: int = _MOST_LETTERS) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


# -- in words --------------------------------------------------------------------------------------


def _too_few(seen: Counted) -> str:
    sides = (("REFERENCE", seen.reference), ("CURRENT", seen.current))
    short = [f"{name} has {several(s.different, 'different input')}" for name, s in sides if s.different < LEAST]
    return (
        f"Not enough data: {' and '.join(short)}, and {LEAST} are needed on each side. With fewer a shift would mostly "
        "be missed, so nothing was compared and no alarm is possible. Collect more, then ask again."
    )


def _beside(seen: Counted) -> str:
    return f"{several(seen.current.different, 'different current input')} beside {seen.reference.different:,} of before"


def _quiet(found: drift.Shift, seen: Counted) -> str:
    return (
        f"No shift shown (p = {_plain(found.p_value)}; the alarm is at {_plain(drift.LEVEL)}), with {_beside(seen)}. "
        "That does not rule out a small one, and it does not say whether answers are good."
    )


def _loud(found: drift.Shift, moved: drift.Moved, seen: Counted) -> str:
    return (
        f"What comes in has shifted (p = {_plain(found.p_value)}; the alarm is at {_plain(drift.LEVEL)}), with "
        f"{_beside(seen)}: if nothing had changed, at most {1000 * found.p_value:.0f} of 1,000 checks would differ as "
        f"much. {_how_much(moved)} Read what moved, and judge answers to inputs like it: a shift of inputs does not "
        "say that answers got worse."
    )


def _how_much(moved: drift.Moved) -> str:
    span = between(moved.interval)
    if moved.interval[0] == 0:
        return f"How much of it is of a new kind cannot be told from so few (95 % interval {span})."
    return (
        f"At least about {percent(moved.share)} of the current inputs are of a kind that the reference hardly has "
        f"(95 % interval of that least share: {span})."
    )


def _plain(p: float) -> str:
    return f"{p:.3f}".rstrip("0").rstrip(".").removeprefix("0")


class _Progress:
    """Says on standard error how far the reading is, now and then."""

    def __init__(self) -> None:
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._said > _SAY_EACH_SECONDS:
            self._said = time.monotonic()
            print(f"Reading what {total:,} texts mean: {done:,} done.", file=sys.stderr, flush=True)
