"""Search by meaning without a model: the cache of vectors, exact cosines, and what was not read yet."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from studio import people, projects
from studio.examples import meaning, step
from studio.jobs.vectors import WIDTH, Vectors, key
from studio.records import Example, Refusal, Speaker, Turn, canonical, to_json
from studio.store import Store, texts
from studio.store import examples as rows

ACTOR = people.SYSTEM


def unit(seed: int, count: int = 1) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((count, WIDTH)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def imported(store: Store, inputs: list[str]) -> str:
    project = projects.create(store, ACTOR, "Mine").id
    found = [Example(f"e{n}", text, "", batch="b", row=n) for n, text in enumerate(inputs)]
    batch = {"id": "b", "file": "f.csv", "format": "csv", "rows": len(found), "refused": []}
    payload = {"batch": batch, "rows_blob": store.put_blob(canonical(to_json(found)))}
    store.act("examples.imported", ACTOR, payload, project)
    return project


def test_vectors_come_back_by_content(tmp_path: Path) -> None:
    cache, made = Vectors(tmp_path / "v"), unit(1, 20_000)
    names = [key(str(n)) for n in range(20_000)]
    assert len(cache) == 0 and len(cache.cosines(made[0])) == 0
    cache.append(names[:7], made[:7])
    cache.append(names[7:], made[7:])
    assert cache.numbers().tolist() == [int.from_bytes(name[:8], "big") for name in names]
    assert np.abs(cache.cosines(made[3]) - made @ made[3]).max() < 1e-3
    assert all((cache.folder / name).stat().st_mode & 0o77 == 0 for name in ("keys", "vectors"))


def test_what_a_kill_leaves_behind_is_written_over(tmp_path: Path) -> None:
    cache, made = Vectors(tmp_path / "v"), unit(2, 3)
    cache.append([key("a")], made[:1])
    with (cache.folder / "vectors").open("ab") as file:
        file.write(made[1:].tobytes()[:-5])  # vectors of a batch, and no key yet
    assert len(cache) == 1
    cache.append([key("b")], made[1:2])
    with (cache.folder / "keys").open("ab") as file:
        file.write(b"half a key")
    assert len(cache) == 2
    assert np.argmax(cache.cosines(made[1])) == 1


def test_the_nearest_are_those_of_the_whole_table(store: Store, embedder: Vectors) -> None:
    inputs = [f"question {n}" for n in range(300)]
    project = imported(store, inputs)
    query = unit(9)[0]
    made = unit(3, 300) + query * np.linspace(0.3, 2, 300, dtype=np.float32)[:, None]
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    shuffled = np.random.default_rng(0).permutation(300)
    embedder.append([key(inputs[n]) for n in shuffled[:250]], made[shuffled[:250]])
    found = meaning.nearest(store, project, query, limit=30)
    read = sorted(shuffled[:250], key=lambda n: -float(made[n] @ query))[:30]
    assert [near.example for near in found.near] == [f"e{n}" for n in read]
    assert found.coverage == meaning.Coverage(250, 50)
    assert all(abs(near.cosine - made[n] @ query) < 1e-3 for near, n in zip(found.near, read, strict=True))


def test_nothing_that_is_hardly_related_is_found(store: Store, embedder: Vectors) -> None:
    project = imported(store, ["one", "two"])
    embedder.append([key("one"), key("two")], unit(4, 2))
    assert meaning.nearest(store, project, unit(5)[0]).near == ()


def test_an_edited_example_is_one_not_read_yet(store: Store, embedder: Vectors) -> None:
    project, vector = imported(store, ["one", "two"]), unit(6, 2)
    embedder.append([key("one"), key("two")], vector)
    assert [n.example for n in meaning.nearest(store, project, vector[0]).near] == ["e0"]
    found = rows.get(store, "e0")
    assert found is not None
    step.edit(store, ACTOR, project, found, input="one, changed")
    after = meaning.nearest(store, project, vector[0])
    assert after.near == () and after.coverage == meaning.Coverage(1, 1)
    step.trash(store, ACTOR, project, ["e0"])
    assert meaning.coverage(store, project) == meaning.Coverage(1, 0)


def test_after_any_change_the_texts_are_as_if_read_anew(store: Store, embedder: Vectors) -> None:
    project = imported(store, [f"text {n}" for n in range(40)])
    before = texts.numbers(store, project)
    for n in (0, 7, 39):
        found = rows.get(store, f"e{n}")
        assert found is not None
        step.edit(store, ACTOR, project, found, input=f"changed {n}")
    step.trash(store, ACTOR, project, ["e3", "e20"])
    step.write(store, ACTOR, project, input="new", ideal="")
    for known in (before, texts.numbers(store, "nobody's"), texts.numbers(store, project)):
        after, anew = texts.numbers(store, project, known), texts.numbers(store, project)
        assert after.positions.tolist() == anew.positions.tolist()
        assert after.numbers.tolist() == anew.numbers.tolist() and after.marks.tolist() == anew.marks.tolist()
    step.trash(store, ACTOR, project, [e.id for e in rows.every(store, project)])
    assert len(texts.numbers(store, project, before).numbers) == 0


def test_alike_inputs_are_all_found_and_other_projects_never(store: Store, embedder: Vectors) -> None:
    one, vector = imported(store, ["same", "same"]), unit(7)
    other = projects.create(store, ACTOR, "Other").id
    step.write(store, ACTOR, other, input="same", ideal="")
    embedder.append([key("same")], vector)
    assert [n.example for n in meaning.nearest(store, one, vector[0]).near] == ["e0", "e1"]
    assert len(meaning.nearest(store, other, vector[0]).near) == 1


def test_a_conversation_is_read_whole_and_as_the_record_says(store: Store, embedder: Vectors) -> None:
    project = projects.create(store, ACTOR, "Mine").id
    earlier = (Turn(Speaker.user, 'Where is "it"?\n'), Turn(Speaker.assistant, "On its way – ü."))
    example = step.save(store, ACTOR, project, Example("e", "And now?", "Today.", earlier=earlier))
    assert texts.asked(store, project, 10, 0) == [
        (int.from_bytes(key(example.prompt.asked)[:8], "big"), example.prompt.asked)
    ]
    assert texts.numbers(store, project).numbers.tolist() == [int.from_bytes(key(example.prompt.asked)[:8], "big")]


def test_only_what_is_missing_is_written_down_to_be_read(store: Store, embedder: Vectors, tmp_path: Path) -> None:
    project = imported(store, ["one", "two", "two", "three"])
    embedder.append([key("one")], unit(8))
    meaning._write_missing(meaning._asked(store, project), embedder, tmp_path / "texts.jsonl")
    assert [json.loads(line) for line in (tmp_path / "texts.jsonl").open()] == ["two", "three"]


def test_without_the_model_it_says_so(store: Store) -> None:
    with pytest.raises(Refusal, match="not on this machine yet"):
        meaning.find(store, "p", "late")


def test_closeness_has_words() -> None:
    assert [meaning.in_words(c) for c in (0.9, 0.62, 0.5, 0.3, 0.1)] == [
        "nearly the same", "very close", "close", "related", "hardly related",
    ]  # fmt: skip


def test_texts_are_known_by_their_bytes(store: Store, embedder: Vectors) -> None:
    """A text that only looks the same to a reader has another hash."""
    project = imported(store, ["café", "cafe\u0301"])
    embedder.append([key("café")], unit(10))
    assert meaning.coverage(store, project) == meaning.Coverage(1, 1)
