"""Baselines: how far does prompting get us? The base as it is, prompts that state the brief, and examples shown."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence

from studio import datasets, models
from studio.brief import house_prompt
from studio.documents import step as documents
from studio.records import (
    MOST_SHOTS,
    PROMPTING,
    Arm,
    ArmKind,
    Choosing,
    Dataset,
    Passages,
    Recipe,
    Refusal,
    Shots,
    Split,
    to_json,
)
from studio.store import Store, briefs
from studio.store import arms as rows
from studio.store import datasets as dataset_rows
from studio.train import elsewhere

DEFAULT_MODEL = "smollm2-135m"
PASSAGES = 3
"""Passages that an arm is given at first."""


def base(store: Store, actor: str, project: str, model: str = DEFAULT_MODEL) -> Arm:
    """The base arm: the model with the bare input. Made when first asked for."""
    for arm in rows.every(store, project):
        if arm.kind is ArmKind.base and arm.model == model:
            return arm
    name = "Base" if model == DEFAULT_MODEL else f"Base, {models.entry(model).title}"
    taken = {arm.name for arm in rows.every(store, project)}
    if name in taken:  # the same model's name at two addresses
        name = next(f"{name} ({n})" for n in range(2, len(taken) + 3) if f"{name} ({n})" not in taken)
    return _save(store, actor, Arm(f"base-{uuid.uuid4().hex[:8]}", project, ArmKind.base, name, model))


def add_elsewhere(store: Store, actor: str, project: str, address: str, model: str) -> Arm:
    """The base arm of a model behind an OpenAI-compatible address; prompts and examples can then be put before it.

    Raises Refusal for an address that no admin allowed, and for a model's name that cannot be one.
    """
    name = elsewhere.named(address, model)
    elsewhere.require_allowed(store, name)
    return base(store, actor, project, name)


def add_prompt(
    store: Store, actor: str, project: str, *, name: str, text: str = "", model: str = DEFAULT_MODEL
) -> Arm:  # fmt: skip
    """A prompted arm; without `text` it starts from the brief. Raises Refusal for a nameless or repeated one."""
    if not text:
        brief = briefs.latest(store, project)
        if brief is None:
            raise Refusal("There is no brief to start a prompt from. Nothing was saved. Write the brief first.")
        text = house_prompt(brief)
    arm = Arm(f"prompt-{uuid.uuid4().hex[:8]}", project, ArmKind.prompted, name.strip(), model, text)
    _refuse_unfit(store, arm, name)
    return _save(store, actor, arm)


def add_few_shot(
    store: Store, actor: str, project: str, *, name: str, shots: Shots, text: str = "", model: str = DEFAULT_MODEL
) -> Arm:  # fmt: skip
    """An arm that shows examples before the input (`shots`: see there), with or without a system text."""
    recipe = Recipe(shots)
    arm = Arm(
        f"shots-{uuid.uuid4().hex[:8]}", project, ArmKind.few_shot, name.strip(), model, text.strip(), recipe=recipe
    )
    _refuse_unfit(store, arm, name)
    return _save(store, actor, arm)


def add_retrieval(
    store: Store, actor: str, project: str, *, name: str, passages: Passages, text: str = "", model: str = DEFAULT_MODEL
) -> Arm:  # fmt: skip
    """An arm that is given passages of documents with the input; its text asks to cite them, after `text` if any."""
    asked = "\n\n".join(part for part in (text.strip(), documents.CITE) if part)
    arm = Arm(
        f"passages-{uuid.uuid4().hex[:8]}", project, ArmKind.retrieval, name.strip(), model, asked,
        recipe=Recipe(passages=passages),
    )  # fmt: skip
    _refuse_unfit(store, arm, name)
    return _save(store, actor, arm)


def shots(store: Store, project: str, choosing: Choosing, count: int, examples: Sequence[str] = ()) -> Shots:
    """What an arm shows, of the newest frozen set: `count` examples, or those chosen by hand, in this order.

    Raises Refusal without a frozen set, for a count that is none, and for an example outside its training split.
    """
    dataset = dataset_rows.latest(store, project)
    if dataset is None:
        raise Refusal("There is no frozen set whose examples could be shown. Nothing was saved. Freeze one first.")
    if choosing is not Choosing.by_hand:
        if not 1 <= count <= MOST_SHOTS:
            raise Refusal(f"An arm shows 1 to {MOST_SHOTS} examples. Nothing was saved. Choose again.")
        return Shots(choosing, count, dataset.id, dataset.sha256)
    chosen = tuple(dict.fromkeys(examples))
    if not 1 <= len(chosen) <= MOST_SHOTS:
        raise Refusal(f"Choose 1 to {MOST_SHOTS} examples to show. Nothing was saved.")
    if outside := [name for name in chosen if name not in showable(store, dataset)]:
        raise Refusal(
            f"{len(outside)} of these are not in the training part of {dataset.name}, so showing them could give test "
            "answers away. Nothing was saved. Choose others."
        )
    return Shots(choosing, len(chosen), dataset.id, dataset.sha256, chosen)


def showable(store: Store, dataset: Dataset) -> dict[str, str]:
    """The examples that may be shown, by id: the inputs of the training split that have an ideal output."""
    return {e.id: e.input for e in datasets.rows_in(store, dataset, Split.train) if e.ideal.strip()}


def moved(store: Store, arm: Arm) -> Shots:
    """What a few-shot arm would show of the newest frozen set: chosen the same way, without those it no longer
    trains on. Raises Refusal as `shots` does."""
    old, dataset = arm.recipe.shots, dataset_rows.latest(store, arm.project)
    if old is None:
        raise Refusal("This arm shows no examples. Nothing was changed.")
    there = showable(store, dataset) if dataset else {}
    return shots(store, arm.project, old.choosing, old.count, [name for name in old.examples if name in there])


def change_prompt(
    store: Store, actor: str, arm: Arm, *, text: str, name: str = "", recipe: Recipe | None = None
) -> Arm:  # fmt: skip
    """The next version of an arm that people write. Outputs of the older one no longer count as this arm's."""
    if arm.kind not in PROMPTING:
        raise Refusal("Only a prompt can be edited; the base and a tuned model have none. Nothing was changed.")
    after = dataclasses.replace(
        arm, system_prompt=text, name=name.strip() or arm.name, version=arm.version + 1, recipe=recipe or arm.recipe
    )
    if after.name != arm.name:
        _refuse_unfit(store, after, name)
    if not text.strip() and after.recipe == Recipe():
        raise Refusal("The prompt is empty. Nothing was changed; the base is the arm without a prompt.")
    return _save(store, actor, after)


def retire(store: Store, actor: str, project: str, arm: str, *, retired: bool = True) -> None:
    store.act("arm.retired", actor, {"id": arm, "retired": retired}, project)


def tuned(store: Store, actor: str, project: str, run: str, model: str, name: str) -> Arm:
    """The arm of a finished run."""
    arm_id = f"tuned-{run}"
    return rows.get(store, arm_id) or _save(store, actor, Arm(arm_id, project, ArmKind.tuned, name, model, run=run))


def _refuse_unfit(store: Store, arm: Arm, name: str) -> None:
    if not name.strip() or not (arm.system_prompt.strip() or arm.recipe != Recipe()):
        raise Refusal("A prompt needs a name and a text. Nothing was saved; what you typed is still here.")
    if any(other.name == name.strip() for other in rows.every(store, arm.project)):
        raise Refusal(f"“{name.strip()}” is taken by another arm. Nothing was saved. Choose another name.")


def _save(store: Store, actor: str, arm: Arm) -> Arm:
    store.act("arm.saved", actor, {"arm": to_json(arm)}, arm.project)
    return arm
