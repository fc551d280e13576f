"""Teach it from votes, on the Train page: shown once people voted, spends prompts only when told to, measures first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from signed_in import opened, person, press, words

from studio import models
from studio.models.files import seal
from studio.records import Role
from studio.review import rounds
from studio.store import Store, runs
from studio.store import datasets as dataset_rows
from studio.train import preflight
from tests.round_seed import Seeded, ready, vote_like_the_script
from tests.round_seed import person as joined


@pytest.fixture
def _models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole by their manifests; nothing here reads weights."""
    monkeypatch.setenv("YARDSTICK_MODELS", str(tmp_path / "models"))
    for found in models.bundled():
        folder = tmp_path / "models" / found.name
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(b"weights")
        seal(folder, found.name, "", found.licence)


def voted(store: Store, *, practice: bool = False) -> Seeded:
    seeded = ready(store, tests=24)
    readers = [joined(store, name, Role.reviewer) for name in ("Rita", "Saul")]
    plan = replace(seeded.plan, second_readers=0.4, practice=practice)
    found = rounds.open_round(store, "pia", seeded.project, plan)
    for reader in readers:
        vote_like_the_script(store, found, reader)
    return seeded


@pytest.mark.usefixtures("_models")
def test_nothing_is_offered_before_a_round_has_closed(store: Store) -> None:
    seeded = ready(store, tests=24)
    _, session = person(store, "Dora", Role.designer)
    assert "Teach it from votes" not in words(
        opened(store, session, "train", project=seeded.project, train_view="votes")
    )


@pytest.mark.usefixtures("_models")
def test_it_says_what_people_preferred_and_what_is_spent_then_measures(store: Store) -> None:
    seeded = voted(store)
    _, session = person(store, "Dora", Role.designer)
    page = opened(store, session, "train", project=seeded.project, train_view="votes")
    said = words(page)
    assert "Teach it from votes" in said and "pairs of answers to 24 prompts" in said
    assert "two or more people judged" in said and "This spends 24 test prompts" in said
    assert not dataset_rows.of_votes(store, seeded.project)
    page = press(page, "votes-freeze")
    (held,) = dataset_rows.of_votes(store, seeded.project)
    said = words(page)
    assert "The votes are frozen" in said and "Freeze these votes" not in said
    assert f"It will read {held.splits['train']} pairs" in said
    page = press(page, "votes-measure")
    (job,) = [job for job in runs.jobs(store, seeded.project) if job.kind == preflight.KIND]
    assert job.detail["dataset"] == held.id and job.detail["settings"]["beta"] == 0.1
    assert job.detail["settings"]["start"] == ""


@pytest.mark.usefixtures("_models")
def test_practice_votes_are_offered_as_such(store: Store) -> None:
    seeded = voted(store, practice=True)
    _, session = person(store, "Dora", Role.designer)
    page = opened(store, session, "train", project=seeded.project, train_view="votes")
    assert "practice votes" in words(page) and "not for release" in words(page)
    press(page, "votes-freeze")
    assert dataset_rows.of_votes(store, seeded.project)[0].name == "Votes 1, practice"
