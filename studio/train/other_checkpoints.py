"""A checkpoint other than the one that became a run's model, as an arm of its own with its own hash.

A run keeps the checkpoint with the lowest loss on what was kept aside, which becomes its model, and the newest. The
lowest loss is not always the best answer: whoever doubts it compares the other one like any arm. When a run ends, each
is written as it is used. Runs from before did that only with the one. What may never be released of the run may not
of its checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass

from studio.models.files import adapter_sha256
from studio.outputs import adapter_folder
from studio.records import Arm, ArmKind, Refusal, Run, to_json
from studio.store import Store, arms
from studio.train import checkpoints, step


@dataclass(frozen=True)
class Saved:
    """A checkpoint on the disk: saved after `step`, with the `loss` measured there on what was kept aside (nats a word
    piece; None: none was measured). `arm`: what it is compared as, if it is."""

    step: int
    loss: float | None
    arm: Arm | None


def taken(run: Run) -> tuple[int, float | None]:
    """The step whose checkpoint became the model, 0 where none is noted, and the loss there."""
    at = int(run.result.get("taken") or 0)
    return at, _losses(run).get(at)


def others(store: Store, run: Run) -> list[Saved]:
    """What else of the run is on the disk, the earliest first; none before there is a model of it."""
    if not run.adapter or not step.is_used(store, run):
        return []
    folder, losses, own = adapter_folder(store, run.job, "checkpoints"), _losses(run), taken(run)[0]
    saved = (checkpoints.step_of(each) for each in folder.glob("step-*"))
    found = [at for at in sorted(saved) if at != own and (folder / checkpoints.final_of(at)).is_dir()]
    return [Saved(at, losses.get(at), _in_use(store, run, at)) for at in found]


def compare_too(store: Store, actor: str, run: Run, at: int) -> Arm:
    """The checkpoint saved after step `at` as an arm. Raises Refusal where it is not there any more."""
    if not any(each.step == at for each in others(store, run)):
        raise Refusal("This checkpoint is not there any more. Nothing was changed. Choose another.")
    folder = adapter_folder(store, run.job, f"checkpoints/{checkpoints.final_of(at)}")
    before = arms.get(store, arm_id(run, at))
    if before is not None:
        store.act("arm.retired", actor, {"id": before.id, "retired": False}, run.project)
    else:
        arm = Arm(arm_id(run, at), run.project, ArmKind.tuned, _name(store, run, at), run.model, run=run.id, step=at,
                  adapter_sha256=adapter_sha256(folder))  # fmt: skip
        store.act("arm.saved", actor, {"arm": to_json(arm)}, run.project)
    made = arms.get(store, arm_id(run, at))
    assert made is not None
    return made


def arm_id(run: Run, at: int) -> str:
    return f"tuned-{run.id}-step-{at}"


def _in_use(store: Store, run: Run, at: int) -> Arm | None:
    arm = arms.get(store, arm_id(run, at))
    return arm if arm and not arm.retired else None


def _losses(run: Run) -> dict[int, float]:
    """Step -> the loss on what was kept aside, where it was measured."""
    rows = run.result.get("losses", ())
    return {int(row["step"]): float(row["validation"]) for row in rows if row.get("validation") is not None}


def _name(store: Store, run: Run, at: int) -> str:
    """The run's name with the step; what is not for release goes on saying so at its end."""
    own = arms.get(store, f"tuned-{run.id}")
    called = own.name if own else step.run_name(store, run)
    plain = called.removesuffix(step.NOT_FOR_RELEASE)
    return f"{plain}, step {at:,}{step.NOT_FOR_RELEASE if plain != called else ''}"
