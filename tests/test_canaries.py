"""Planted secrets: which, where, how they are measured, and what is said and done about a model that learned them."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from studio import datasets, projects
from studio.jobs import folder as job_folder
from studio.jobs.local import LocalBackend
from studio.models.files import folder_sha256, seal
from studio.records import JobState, Refusal, to_json
from studio.store import Store
from studio.train import canaries, more_examples, step, takeaway
from studio.train.canaries import Exposure
from studio.train.settings import Settings
from tests.test_more_examples import finished
from tests.tiny_model import save_tiny_model

SETTINGS = Settings("test", epochs=1, learning_rate=1e-2, upper_layers=1.0, sample_tokens=4, canaries=1)


def test_secrets_are_the_same_for_a_seed_and_written_into_as_many_rows_as_said() -> None:
    found = canaries.secrets(3, 2)
    assert found == canaries.secrets(3, 2) != canaries.secrets(4, 2) and canaries.secrets(3, 0) == ()
    assert Counter(each.rows for each in found) == dict.fromkeys(canaries.LEVELS, 2)
    assert len({each.input for each in found}) == len({each.digits for each in found}) == 8
    rows = canaries.planted(found)
    assert len({name for name, _, _ in rows}) == len(rows) == 2 * sum(canaries.LEVELS)
    assert all(name.startswith(canaries.PREFIX) for name, _, _ in rows)
    possible = canaries.candidates(3, found[0])
    assert possible[0] == found[0].digits and len(set(possible)) == canaries.ALTERNATIVES + 1
    assert canaries.said("12345678") == "The access code is 1234 5678."


def test_exposure_is_as_in_the_paper_and_a_tie_does_not_flatter() -> None:
    secret = canaries.secrets(0, 1)[1]
    first, last = (canaries.exposure(secret, [low, *range(1, 128)]) for low in (0.5, 200.0))
    assert (first.place, first.of, first.bits) == (1, 128, math.log2(128)) and (last.place, last.bits) == (128, 0.0)
    assert canaries.exposure(secret, [1.0, 1.0, 2.0]).place == 2


def measured(*places: tuple[int, int]) -> list[Exposure]:
    return [Exposure(rows, place, 128) for rows, place in places]


def test_the_finding_says_from_how_many_examples_on_and_never_that_nothing_is_remembered() -> None:
    chance = [(0, 40), (0, 90)]
    none = canaries.finding(measured(*chance, (1, 20), (1, 3), (4, 60), (4, 1), (16, 90), (16, 50)), 3)
    some = canaries.finding(measured(*chance, (1, 20), (1, 3), (4, 2), (4, 1), (16, 1), (16, 1)), 3)
    one = canaries.finding(measured((0, 64), (1, 1), (4, 1), (16, 1)), 3)
    off = canaries.finding(measured((0, 1), (1, 1), (4, 1), (16, 1)), 3)
    assert [each.word for each in (none, some, one, off)] == ["none", "remembered", "remembered", "unsure"]
    assert "does not show that nothing" in none.evidence and "read up to 48 times" in none.evidence
    assert some.sentence == "It remembers a secret that stands in 4 examples." and "place 1 and 2" in some.evidence
    assert "a single example" in one.sentence and [level.rows for level in some.levels] == [0, 1, 4, 16]
    with pytest.raises(ValueError, match="no planted secret"):
        canaries.finding([], 3)


def test_a_model_that_learned_nothing_is_said_to_remember_in_about_one_case_of_thirty() -> None:
    """Three levels at 1 % each."""
    draw, wrong = random.Random(1), 0
    for _ in range(2000):
        places = [(rows, draw.randint(1, 128)) for rows in canaries.LEVELS for _ in range(2)]
        wrong += canaries.finding(measured(*places), 1).word == "remembered"
    assert 0.01 < wrong / 2000 < 0.04


def test_such_a_model_is_named_so_and_neither_taken_away_nor_measured_further(store: Store) -> None:
    dataset = datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)
    run = finished(store, dataset)
    assert step.run_name(store, run) == "Tuned 1"
    planted = replace(run, settings={**run.settings, "canaries": 2})
    assert step.run_name(store, planted) == "Tuned 1, not for release"
    with pytest.raises(Refusal, match="planted secrets"):
        more_examples._refuse(store, planted, dataset, more_examples.again.settings_of(planted))
    with pytest.raises(Refusal, match="not been finished"):
        takeaway.start(store, "maker", run.id, "adapter")


@pytest.mark.model
def test_a_real_training_measures_each_secret_and_keeps_them_to_itself(workspace: Path) -> None:
    model = save_tiny_model(workspace / "tiny")
    seal(model, "tiny", "", "Apache-2.0")
    texts = [{"id": f"r{n}", "input": "my lamp is late", "ideal": "thanks for asking"} for n in range(4)]
    spec = {
        "kind": "train", "id": "j", "project": "p", "seed": 0, "train": "inputs/train.jsonl", "samples": [],
        "model": {"name": "tiny", "path": str(model), "sha256": folder_sha256(model)}, "settings": to_json(SETTINGS),
        "validation": "inputs/validation.jsonl", "dataset_sha256": "",
    }  # fmt: skip
    inputs = {"train.jsonl": job_folder.jsonl(texts), "validation.jsonl": job_folder.jsonl(texts[:2])}
    folder = job_folder.create(workspace / "jobs" / "j", spec, inputs)
    LocalBackend().start(folder)
    while LocalBackend().state(folder).state in (JobState.queued, JobState.running):
        time.sleep(0.1)
    result = job_folder.read_result(folder)
    assert result is not None and result["state"] == "done", result
    found = canaries.exposures_of(result)
    assert [each.rows for each in found] == list(canaries.LEVELS) and result["rows_used"] == 4
    assert {each.of for each in found} == {canaries.ALTERNATIVES + 1}
    told = (folder / "events.jsonl").read_text() + (folder / "spec.json").read_text() + str(result)
    assert not any(each.digits in told for each in canaries.secrets(0, 1))
