"""The evaluation of a project: what is told of its arms, by the step and by the command."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from round_seed import MAKER, Seeded, ready

from studio import commands, evaluation, outputs
from studio.evaluate.parts import Told
from studio.evaluation import Report
from studio.records import Refusal, Speaker, Split, Task, Turn, canonical, sha256
from studio.store import Store, briefs
from studio.store import datasets as dataset_rows
from studio.store import tasks as task_rows


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store)


def report(store: Store, seeded: Seeded, other: str = "") -> Report:
    compared = outputs.compare(store, seeded.project, seeded.dataset)
    found = evaluation.report(store, seeded.project, seeded.dataset, compared, other=other)
    assert found is not None
    return found


def test_everything_that_is_told(store: Store, seeded: Seeded) -> None:
    found = report(store, seeded)
    assert found.kind.task is Task.text and found.score == "house rules kept" and found.other == seeded.prompted
    tuned = {f.key: f for f in found.figures[seeded.tuned].figures}
    told = {"similarity", "chrf", "rouge_l", "refused", "answered", "empty", "repetition", "words", "grade"}
    rules = {key for key in tuned if key.startswith("rule:")}
    assert set(tuned) == told | rules and len(rules) == 5
    assert all(f.low <= f.value <= f.high and f.n > 0 and f.name in f.sentence for f in tuned.values())
    against = next(each for each in found.against if each.arm == seeded.tuned)
    brief = briefs.latest(store, seeded.project)
    assert brief is not None
    assert {s.name for s in brief.slices} <= {part.group.name for part in against.parts}
    assert {part.group.of for part in against.parts} == {"slice", "kind"}
    assert report(store, seeded, seeded.base).other == seeded.base
    base = next(each for each in report(store, seeded, seeded.base).against if each.arm == seeded.tuned)
    assert any(part.told is Told.better for part in base.parts)


def test_the_kind_of_task_is_undone_like_any_act(store: Store, seeded: Seeded) -> None:
    evaluation.choose_kind(store, MAKER, seeded.project, Task.labels)
    assert task_rows.chosen(store, seeded.project) is Task.labels
    assert report(store, seeded).score == "right labels"
    store.undo(store.history(seeded.project, ["task.chosen"])[0].seq, MAKER)
    assert task_rows.chosen(store, seeded.project) is None and report(store, seeded).kind.task is Task.text
    with pytest.raises(ValueError):
        store.act("task.chosen", MAKER, {"task": "songs"}, seeded.project)


def test_the_gap_between_what_was_learned_and_what_is_new(store: Store, seeded: Seeded) -> None:
    assert report(store, seeded).gaps == {}
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    learned = [e for e in dataset_rows.rows_of(store, dataset) if e.split is Split.train][:40]
    rows = [
        {"arm": arm, "example": e.id, "output": text, "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
         "similarity": 0.8, "hashes": {"prompt": sha256("")}}
        for e in learned for arm, text in ((seeded.tuned, e.ideal), (seeded.base, "Hello."))
    ]  # fmt: skip
    payload = {"dataset": seeded.dataset, "job": "", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", MAKER, payload, seeded.project)
    gap = report(store, seeded).gaps[seeded.tuned]
    assert gap.n_learned == 40 and gap.learned == pytest.approx(1.0) and gap.base is not None
    assert "The base, which learned neither" in gap.sentence


def test_the_command_tells_the_same_as_json(store: Store, seeded: Seeded) -> None:
    told = commands.run(store, "evaluate", {"project": seeded.project, "split": "test", "against": "base"})
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["against"] == "Base" and told["kind"] == "text"
    tuned = told["arms"]["Tuned on Dataset 1"]
    assert {check["passed"] for check in told["integrity"]["Base"]} <= {True, None}
    assert tuned["missing"] == 0 and tuned["figures"]["chrf"]["n"] == 66 and tuned["difference"]["chrf"]["low"] > 0
    assert {"group", "n", "difference", "drawn", "p", "told", "enough"} <= told["parts"][0]["parts"][0].keys()
    with pytest.raises(Refusal, match="No arm has answered this split yet"):
        commands.run(store, "evaluate", {"project": seeded.project, "split": "validation"})
    with pytest.raises(Refusal, match="There is no arm called"):
        commands.run(store, "evaluate", {"project": seeded.project, "split": "test", "against": "nobody"})


def test_an_answer_that_must_refuse_is_known_by_its_kind(store: Store, seeded: Seeded) -> None:
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    example = replace(dataset_rows.rows_of(store, dataset)[0], kinds=("must_refuse",))
    written = outputs.current(store, seeded.dataset, outputs.arms.every(store, seeded.project)[0])
    one = next(iter(written.values()))
    assert evaluation.answers({example.id: example}, {example.id: one, "gone": one}, {})[example.id].must_refuse


def test_conversations_are_told_apart_by_how_far_they_are(store: Store) -> None:
    seeded = ready(store, tests=12)
    assert report(store, seeded).turns == {}
    brief, dataset = briefs.latest(store, seeded.project), dataset_rows.get(store, seeded.dataset)
    assert brief is not None and dataset is not None
    tests = [e for e in dataset_rows.rows_of(store, dataset) if e.split is Split.test]
    assert not any(group.of == "turn" for group in evaluation.groups_of(brief, tests))
    talk = (Turn(Speaker.user, "Hi"), Turn(Speaker.assistant, "Hello")) * 8
    groups = evaluation.groups_of(brief, [replace(tests[0], earlier=talk), *tests[1:]])
    assert [(g.name, len(g.prompts)) for g in groups if g.of == "turn"] == [("turn 1", 11), ("turn 8 and later", 1)]
