"""What cannot be trained on, from the step to the worker's result: one plain sentence each, and nothing is lost.

Rows that are all too long: `test_worker.py`.
"""

from __future__ import annotations

import csv
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from test_models import own_model

from benchmarks import kills
from studio import brief, datasets, projects
from studio.examples import step as example_step
from studio.jobs.local import LocalBackend, worker_environment
from studio.records import Brief, Dataset, Job, JobState, Refusal, Status
from studio.store import Store, runs
from studio.train import preflight, step
from studio.worker import plain

THINGS = ("kettle", "lamp", "rug", "sofa", "vase", "clock")


def project(store: Store, tmp_path: Path, count: int, ideal: str = "Thanks for number {n}.", more: str = "") -> str:
    """A project with a brief and `count` approved examples of a file."""
    made = projects.create(store, "ann", "Shop").id
    brief.save(store, "ann", made, Brief(task="Answer customers."), note="", changes_meaning=True)
    if count:
        with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["prompt", "completion"])
            for n in range(count):
                rows.writerow([f"Where is order {n * 7919} with the {THINGS[n % 6]}?{more}", ideal.format(n=n)])
        example_step.import_file(store, "ann", made, tmp_path / "rows.csv", status=Status.approved)
    return made


def frozen(store: Store, tmp_path: Path, **how: str) -> Dataset:
    return datasets.freeze(store, "ann", project(store, tmp_path, 30, **how))


def started(store: Store, dataset: Dataset, model: Path) -> Job:
    found, settings = step.asked(store, dataset.id, preset="quick_trial", model=str(model))
    return preflight.begin(store, "ann", found, settings, str(model))


@pytest.mark.parametrize("count", [0, 3])
def test_an_empty_or_tiny_set_is_not_frozen(store: Store, tmp_path: Path, count: int) -> None:
    with pytest.raises(
        Refusal, match=f"{count} examples are approved and at least 20 are needed .* Nothing was frozen"
    ):
        datasets.freeze(store, "ann", project(store, tmp_path, count))


def test_a_set_with_one_answer_is_not_trained_on(store: Store, tmp_path: Path) -> None:
    dataset = frozen(store, tmp_path, ideal="refund")
    with pytest.raises(Refusal, match="have the same ideal output .“refund”.* Nothing was started"):
        started(store, dataset, own_model(tmp_path / "tiny"))
    assert runs.every(store, dataset.project) == [] and not list((store.workspace / "jobs").glob("*"))


def test_a_model_that_is_none_or_would_run_code_is_not_trained(store: Store, tmp_path: Path) -> None:
    dataset, model = frozen(store, tmp_path), own_model(tmp_path / "tiny")
    (tmp_path / "holiday").mkdir()
    for folder, why in ((tmp_path / "nowhere", "no folder"), (tmp_path / "holiday", "not a model")):
        with pytest.raises(Refusal, match=why):
            started(store, dataset, folder)
    (model / "optimizer.pt").write_bytes(b"")
    with pytest.raises(Refusal, match="can run hidden code when opened. It was not opened"):
        started(store, dataset, model)
    (model / "optimizer.pt").unlink()
    (model / "tokenizer_config.json").write_text('{"auto_map": {"AutoTokenizer": ["evil.Tokenizer", null]}}')
    with pytest.raises(Refusal, match="wants to run code of its own. It was not run"):
        started(store, dataset, model)
    assert runs.every(store, dataset.project) == []


@pytest.mark.model
def test_no_space_for_a_checkpoint_is_told_and_it_goes_on_when_there_is(workspace: Path) -> None:
    """A real limit on the size of files stands in for the full disk: the adapter fits, what the optimiser knows does
    not."""
    folder = kills.train_job(workspace, kills.settings(passes=2))
    limit = 120_000
    done = subprocess.run(
        [sys.executable, "-m", "studio.worker", str(folder)], env=worker_environment(), capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    status = LocalBackend().state(folder)
    assert (done.returncode, status.state) == (1, JobState.failed)
    assert status.reason.startswith("The disk is full. What the job had finished is kept")
    assert not list((folder / "checkpoints").glob("step-*"))
    LocalBackend().start(folder)
    assert kills.ended(folder)["state"] == "done"


def test_no_space_is_told_as_such_whichever_library_met_it(tmp_path: Path) -> None:
    code = (
        "import sys, numpy, safetensors.numpy\n"
        "from studio.worker import plain\n"
        "try: safetensors.numpy.save_file({'x': numpy.zeros(9000)}, sys.argv[1])\n"
        "except Exception as error: print(type(error).__name__, plain(error, 'j'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x.safetensors")], capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)), env=worker_environment(),
    )  # fmt: skip
    assert done.stdout.startswith("SafetensorError The disk is full."), done.stderr


def test_a_graphics_card_that_is_gone_is_told_in_words() -> None:
    """The sentence alone: no card was taken away for it."""
    said = plain(RuntimeError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported"), "j")
    assert said.startswith("The graphics card stopped working") and "goes on from there" in said
