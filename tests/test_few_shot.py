"""Few-shot arms: examples of the training split before the input, never the answer itself, kept with every output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chat_server import Provider

from studio import baselines, datasets, loop, models, outputs, projects
from studio.examples import step
from studio.generation import ArmSpec, Asked, prompt_hashes, shots, work
from studio.jobs import folder as job_folder
from studio.records import (
    ArmKind,
    Choosing,
    Dataset,
    Decoding,
    Example,
    Generation,
    Given,
    Prompt,
    Recipe,
    Refusal,
    Shots,
    Speaker,
    Split,
    Turn,
    canonical,
    recipe_sha256,
    sha256,
    to_json,
)
from studio.review.opening import is_current
from studio.store import Store, arms

LETTERS = "abcdefghijklmnopqrstuvwxyz"
POOL = [
    Example("t1", "Where is my blue kettle now", "Thanks. It left on Monday.", "delivery"),
    Example("t2", "Please refund the broken lamp", "Thanks. The refund is on its way.", "refunds"),
    Example("t3", "The app crashes when I open it", "Thanks. Update it, please.", "technical",
            earlier=(Turn(Speaker.user, "Hello"), Turn(Speaker.assistant, "Hi")), system="Speak softly."),
    Example("t4", "Refund my order of two vases", "Thanks. Seven days.", "refunds"),
    Example("t5", "No ideal answer here", " ", "refunds"),
]  # fmt: skip


def by_letters(texts: Sequence[str]) -> shots.Floats:
    """How often each letter stands in a text, as a vector of length 1."""
    counts = np.array([[text.lower().count(letter) for letter in LETTERS] for text in texts], np.float32)
    found: shots.Floats = counts / np.linalg.norm(counts, axis=1, keepdims=True)
    return found


def around(choosing: Choosing, count: int, asked: Example, examples: tuple[str, ...] = ()) -> Asked:
    (found,) = shots.Shelf(POOL, by_letters).around(Shots(choosing, count, "d", "s", examples), [asked])
    return found


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return datasets.freeze(store, "maker", projects.from_demo(store, "maker", "support-replies").id)


def few_shot(store: Store, dataset: Dataset, choosing: Choosing = Choosing.by_slice, count: int = 2) -> arms.Arm:
    recipe = baselines.shots(store, dataset.project, choosing, count)
    return baselines.add_few_shot(store, "dora", dataset.project, name=f"Shots {choosing}", shots=recipe)


def test_examples_stand_before_the_input_as_turns_and_the_nearest_is_last() -> None:
    asked = Example("a", "Refund my order of a sofa", "", earlier=(Turn(Speaker.user, "Hi"),), system="House.")
    near = around(Choosing.by_nearness, 2, asked)
    cosines = by_letters([asked.prompt.asked]) @ by_letters([e.prompt.asked for e in POOL[:4]]).T
    nearest = [POOL[i].id for i in np.argsort(-cosines[0])[:2]]
    assert near.given == Given(tuple(reversed(nearest)))
    assert near.prompt.input == asked.input and near.prompt.system == "House."
    assert near.prompt.earlier[-3:] == (
        Turn(Speaker.user, POOL[3].input), Turn(Speaker.assistant, POOL[3].ideal), Turn(Speaker.user, "Hi"),
    )  # fmt: skip
    hand = around(Choosing.by_hand, 2, asked, ("t3", "gone", "t1"))
    assert hand.given.shots == ("t3", "t1")
    assert [turn.text for turn in hand.prompt.earlier[:2]] == ["Hello", "Hi"]
    assert "Speak softly" not in json.dumps(to_json(hand.prompt))


def test_by_slice_takes_the_inputs_own_and_else_some_of_each() -> None:
    assert around(Choosing.by_slice, 3, Example("a", "About money", "", "refunds")).given.shots == ("t2", "t4")
    for unknown in ("", "never taught"):
        shown = around(Choosing.by_slice, 3, Example("a", "About", "", unknown)).given.shots
        assert {next(e.slice for e in POOL if e.id == name) for name in shown} == {"delivery", "refunds", "technical"}


@pytest.mark.parametrize("choosing", list(Choosing))
def test_neither_the_input_nor_its_like_is_shown(choosing: Choosing) -> None:
    itself = replace(POOL[1], id="t2")
    alike = Example("x", "Please: refund the BROKEN lamp!", "", "refunds")
    nearly = Example("y", "Please refund the broken lamps", "", "refunds")
    for asked in (itself, alike, nearly):
        assert "t2" not in around(choosing, 8, asked, ("t1", "t2", "t4")).given.shots
    assert "t2" in around(choosing, 8, Example("z", "Something else entirely", "", "refunds"), ("t1", "t2")).given.shots


def test_the_hash_covers_every_word_that_was_shown() -> None:
    asked = Example("a", "Refund my order of a sofa", "")
    recipe = Recipe(Shots(Choosing.by_hand, 1, "d", "s", ("t1",)))
    arm = ArmSpec("arm", "Be kind.", recipe=recipe)
    one = around(Choosing.by_hand, 1, asked, ("t1",))
    changed = replace(one, prompt=replace(one.prompt, earlier=(Turn(Speaker.user, "Other"), *one.prompt.earlier[1:])))
    hashes = {prompt_hashes(arm, each)["prompt"] for each in (one, changed, Asked(asked.prompt))}
    assert len(hashes) == 3 and prompt_hashes(arm, one)["recipe"] == recipe_sha256("Be kind.", recipe)
    assert prompt_hashes(ArmSpec("arm", "Be kind."), one) == {"prompt": sha256("Be kind.")}


def test_an_arm_keeps_which_examples_it_shows_and_its_versions(store: Store, dataset: Dataset) -> None:
    arm = few_shot(store, dataset)
    assert arms.get(store, arm.id) == arm and arm.kind is ArmKind.few_shot
    assert arm.recipe.shots is not None and arm.recipe.shots.dataset_sha256 == dataset.sha256
    known = list(baselines.showable(store, dataset))
    hand = baselines.shots(store, dataset.project, Choosing.by_hand, 0, known[:3])
    after = baselines.change_prompt(store, "dora", arm, text="", recipe=Recipe(hand))
    assert arms.get(store, arm.id) == after and after.recipe.shots == hand and hand.count == 3
    assert [each.recipe for each in arms.prompt_history(store, arm.id)] == [after.recipe, arm.recipe]
    assert loop.stand(store, dataset.project)[3].note == "1 prompt"
    assert arms.prompt_authors(store, dataset.project) == {"dora"}
    store.undo(store.recent(dataset.project, "dora", 1)[0].seq, "dora")
    assert arms.get(store, arm.id) == arm
    assert store.audit() == []


def test_what_cannot_be_shown_is_refused(store: Store, dataset: Dataset) -> None:
    held_out = datasets.rows_in(store, dataset, Split.test)[0].id
    for count, picked, said in ((0, (), "1 to 8"), (9, (), "1 to 8")):
        with pytest.raises(Refusal, match=said):
            baselines.shots(store, dataset.project, Choosing.by_slice, count, picked)
    with pytest.raises(Refusal, match="not in the training part"):
        baselines.shots(store, dataset.project, Choosing.by_hand, 1, [held_out])
    with pytest.raises(Refusal, match="Choose 1 to 8"):
        baselines.shots(store, dataset.project, Choosing.by_hand, 1, [])
    other = projects.create(store, "maker", "Empty").id
    with pytest.raises(Refusal, match="no frozen set"):
        baselines.shots(store, other, Choosing.by_slice, 1)


def test_answers_of_another_recipe_do_not_count(store: Store, dataset: Dataset) -> None:
    arm = few_shot(store, dataset)
    wrote = Generation(arm.id, "e", "So.", hashes={"prompt": "x", "recipe": recipe_sha256("", arm.recipe)})
    assert is_current(arm, wrote) and not is_current(replace(arm, recipe=Recipe()), wrote)
    more = baselines.shots(store, dataset.project, Choosing.by_slice, 3)
    assert not is_current(replace(arm, recipe=Recipe(more)), wrote)
    assert not is_current(replace(arm, system_prompt="Be kind."), wrote)


def test_examples_of_an_older_set_are_not_shown(store: Store, dataset: Dataset) -> None:
    arm = few_shot(store, dataset)
    step.trash(store, "maker", dataset.project, [datasets.rows_in(store, dataset, Split.train)[0].id])
    newer = datasets.freeze(store, "maker", dataset.project, name="Second")
    assert any("Shots by_slice shows examples of an older set" in said for said in loop.stale(store, dataset.project))
    with pytest.raises(Refusal, match="may be test prompts"):
        outputs.generate(store, "dora", dataset.project, newer.id, [arm.id], Split.test)
    moved = baselines.moved(store, arm)
    assert moved == baselines.shots(store, dataset.project, Choosing.by_slice, 2) and moved.dataset == newer.id


def job(folder: Path, provider: Provider, arm: ArmSpec, prompts: list[Example], embedder: str = "") -> Path:
    rows = [job_folder.prompt_row(e.id, e.prompt) | {"ideal": e.ideal, "slice": e.slice} for e in (*POOL, *prompts)]
    spec = {
        "kind": "generate", "id": "job", "model": {"name": "m", "path": provider.address, "sha256": ""},
        "arms": [to_json(arm)], "decoding": to_json(Decoding()), "prompts": rows[len(POOL) :],
        "shelf": "inputs/shelf.jsonl", "embedder": {"name": "minilm", "path": embedder} if embedder else None,
    }  # fmt: skip
    return job_folder.create(folder / "job", spec, {"shelf.jsonl": job_folder.jsonl(rows[: len(POOL)])})


@pytest.mark.model
def test_a_job_asks_with_the_nearest_examples_and_keeps_which(
    tmp_path: Path, provider: Provider, models_cache: Path
) -> None:
    embedder = str(models.path("minilm", tmp_path))
    recipe = Recipe(Shots(Choosing.by_nearness, 1, "d", "s"))
    prompts = [Example("p1", "I want my money back for a lamp", "", "refunds"),
               Example("p2", "Has the kettle been sent yet?", "", "delivery")]  # fmt: skip
    folder = job(tmp_path, provider, ArmSpec("shots", "Be kind.", recipe=recipe), prompts, embedder)
    counted, stopped = work.write(job_folder.read_spec(folder), folder, lambda: False, lambda *a, **k: None)
    lines = {row["example"]: row for row in job_folder.read_lines(folder / "outputs.jsonl").rows}
    assert (counted["arms"]["shots"]["outputs"], stopped) == (2, False)
    assert lines["p1"]["given"] == {"shots": ["t2"]} and lines["p2"]["given"] == {"shots": ["t1"]}
    asked = {body["messages"][-1]["content"]: body["messages"] for _, _, body in provider.asked}
    assert asked[prompts[0].input] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": POOL[1].input}, {"role": "assistant", "content": POOL[1].ideal},
        {"role": "user", "content": prompts[0].input},
    ]  # fmt: skip
    assert lines["p1"]["hashes"]["recipe"] == lines["p2"]["hashes"]["recipe"] == recipe_sha256("Be kind.", recipe)
    assert lines["p1"]["hashes"]["prompt"] != lines["p2"]["hashes"]["prompt"]


def test_what_was_shown_is_stored_with_the_output(store: Store, dataset: Dataset) -> None:
    arm = few_shot(store, dataset)
    example = datasets.rows_in(store, dataset, Split.validation)[0]
    hashes = {"prompt": "x", "recipe": recipe_sha256("", arm.recipe)}
    row = {"arm": arm.id, "example": example.id, "output": "So.", "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
           "similarity": None, "hashes": hashes, "given": {"shots": ["t1", "t2"]}}  # fmt: skip
    payload = {"dataset": dataset.id, "job": "", "rows_blob": store.put_blob(canonical([row]))}
    store.act("generations.stored", "maker", payload, dataset.project)
    assert outputs.current(store, dataset.id, arm)[example.id].given == Given(("t1", "t2"))


@pytest.mark.parametrize(
    ("prompts", "sizes"), [(0, []), (3, [3]), (32, [32]), (33, [16, 17]), (60, [30, 30]), (66, [22] * 3)]
)
def test_batches_are_even_and_the_longest_come_first(prompts: int, sizes: list[int]) -> None:
    class Lengths:
        """The part of a generator that batches are cut by."""

        batch_size, repeats = 32, True

        def lengths(self, asked: Sequence[Prompt], system_prompt: str) -> list[int]:
            return [len(each.input) for each in asked]

    asked = [Prompt("x" * (n * 7 % 11)) for n in range(prompts)]
    cut = list(work.in_batches(Lengths(), ArmSpec("a"), asked, [f"{n:03}" for n in range(prompts)]))  # type: ignore[arg-type]
    assert [len(batch) for batch in cut] == sizes
    lengths = [len(asked[place].input) for batch in cut for place in batch]
    assert lengths == sorted(lengths, reverse=True) and {p for batch in cut for p in batch} == set(range(prompts))
