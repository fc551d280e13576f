"""Checkpoints on disk: written beside, sealed by a manifest, and only then named; the newest and the best are kept.

A folder `step-N` is whole when each of its files is what its manifest says: one that a kill or a bad disk left
otherwise is passed over, and the run goes on from the one before.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.jobs.folder import sync_folder
from studio.models.files import damaged, seal

WRITING = ".writing"
FINAL = "final"
"""The folder of the adapter that became the run's model, as it is used."""
_STATE = "trainer_state.json"


def keep(written: Path, checkpoints: Path, step: int, history: Sequence[Mapping[str, Any]]) -> None:
    """Seals the folder that was `written` beside, gives it its name, and removes all but it and the best of `history`
    (see `best_step`). A kill at any moment leaves the one before whole."""
    named = checkpoints / _name(step)
    if named.exists() and not damaged(named):
        # Saved already: a run that goes on and is stopped at once saves the step that it came from.
        shutil.rmtree(written)
        return
    seal(written, named.name, "", "")
    shutil.rmtree(named, ignore_errors=True)
    written.rename(named)
    sync_folder(checkpoints)
    best = best_step(history, _steps(checkpoints))
    for older in _steps(checkpoints):
        if older not in (step, best):
            shutil.rmtree(checkpoints / _name(older))


def last(checkpoints: Path, tell: Callable[[str], None] = lambda text: None) -> Path | None:
    """The newest whole checkpoint, or None; `tell` hears of each that is damaged. Reads all files of it."""
    for step in sorted(_steps(checkpoints), reverse=True):
        folder = checkpoints / _name(step)
        if not damaged(folder):
            return folder
        tell(f"The checkpoint after step {step} is damaged and is passed over; it goes on from the one before.")
    return None


def whole(checkpoints: Path) -> list[Path]:
    """Every whole checkpoint, the earliest first. Reads all files of them."""
    return [folder for step in sorted(_steps(checkpoints)) if not damaged(folder := checkpoints / _name(step))]


def best(checkpoints: Path, history: Sequence[Mapping[str, Any]]) -> Path | None:
    """The whole checkpoint with the lowest validation loss; the newest one where none was measured; None without."""
    step = best_step(history, map(step_of, whole(checkpoints)))
    return last(checkpoints) if step is None else checkpoints / _name(step)


def best_step(history: Sequence[Mapping[str, Any]], among: Iterable[int]) -> int | None:
    """The step of `among` with the lowest `eval_loss` of `history`, the earliest of equals; None without any."""
    found, held = set(among), {row["step"]: row["eval_loss"] for row in history if "eval_loss" in row}
    return min((step for step in held if step in found), key=lambda step: (held[step], step), default=None)


def state(checkpoint: Path) -> dict[str, Any]:
    """The trainer's state in a whole checkpoint: `global_step`, `max_steps`, `log_history`, ..."""
    read: dict[str, Any] = json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    return read


def step_of(checkpoint: Path) -> int:
    """The step after which it was saved."""
    return int(checkpoint.name.removeprefix("step-"))


def final_of(step: int) -> str:
    """The folder of the adapter of another checkpoint, as it is used."""
    return f"{FINAL}-{step}"


def _name(step: int) -> str:
    return f"step-{step}"


def _steps(checkpoints: Path) -> list[int]:
    return [step_of(path) for path in checkpoints.glob("step-*")]
