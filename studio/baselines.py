"""Baselines: how far does prompting get us? The base as it is, and prompts that state the brief."""

from __future__ import annotations

import dataclasses
import uuid

from studio.brief import house_prompt
from studio.records import Arm, ArmKind, Refusal, to_json
from studio.store import Store, briefs
from studio.store import arms as rows

DEFAULT_MODEL = "smollm2-135m"


def base(store: Store, actor: str, project: str, model: str = DEFAULT_MODEL) -> Arm:
    """The base arm: the model with the bare input. Made when first asked for."""
    for arm in rows.every(store, project):
        if arm.kind is ArmKind.base and arm.model == model:
            return arm
    return _save(store, actor, Arm(f"base-{uuid.uuid4().hex[:8]}", project, ArmKind.base, "Base", model))


def add_prompt(
    store: Store, actor: str, project: str, *, name: str, text: str = "", model: str = DEFAULT_MODEL
) -> Arm:  # fmt: skip
    """A prompted arm; without `text` it starts from the brief. Raises Refusal for a nameless or repeated one."""
    if not text:
        brief = briefs.latest(store, project)
        if brief is None:
            raise Refusal("There is no brief to start a prompt from. Nothing was saved. Write the brief first.")
        text = house_prompt(brief)
    _refuse_unfit(store, project, name, text)
    arm = Arm(f"prompt-{uuid.uuid4().hex[:8]}", project, ArmKind.prompted, name.strip(), model, text)
    return _save(store, actor, arm)


def change_prompt(store: Store, actor: str, arm: Arm, *, text: str, name: str = "") -> Arm:
    """The next version of a prompt. Outputs of the older one no longer count as this arm's."""
    if arm.kind is not ArmKind.prompted:
        raise Refusal("Only a prompt can be edited; the base and a tuned model have none. Nothing was changed.")
    name = name.strip() or arm.name
    if name != arm.name:
        _refuse_unfit(store, arm.project, name, text)
    after = dataclasses.replace(arm, system_prompt=text, name=name, version=arm.version + 1)
    if not text.strip():
        raise Refusal("The prompt is empty. Nothing was changed; the base is the arm without a prompt.")
    return _save(store, actor, after)


def retire(store: Store, actor: str, project: str, arm: str, *, retired: bool = True) -> None:
    store.act("arm.retired", actor, {"id": arm, "retired": retired}, project)


def tuned(store: Store, actor: str, project: str, run: str, model: str, name: str) -> Arm:
    """The arm of a finished run."""
    arm_id = f"tuned-{run}"
    return rows.get(store, arm_id) or _save(store, actor, Arm(arm_id, project, ArmKind.tuned, name, model, run=run))


def _refuse_unfit(store: Store, project: str, name: str, text: str) -> None:
    if not name.strip() or not text.strip():
        raise Refusal("A prompt needs a name and a text. Nothing was saved; what you typed is still here.")
    if any(arm.name == name.strip() for arm in rows.every(store, project)):
        raise Refusal(f"“{name.strip()}” is taken by another arm. Nothing was saved. Choose another name.")


def _save(store: Store, actor: str, arm: Arm) -> Arm:
    store.act("arm.saved", actor, {"arm": to_json(arm)}, arm.project)
    return arm
