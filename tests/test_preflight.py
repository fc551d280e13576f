"""The pre-flight: which steps are timed, and on real weights what is measured, shown, and then comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio import commands, datasets, projects, supervisor
from studio.baselines import DEFAULT_MODEL
from studio.examples import step as example_step
from studio.models import Machine
from studio.records import Dataset, Example, Job, JobState, Prompt, Refusal, Split, Status, from_json
from studio.store import Store, examples, runs
from studio.store import datasets as dataset_rows
from studio.train import again, preflight, preflight_words, step
from studio.train.forecast import Compared, Measured, Shown, strata
from studio.train.settings import Settings, resolve
from tests.tiny_model import WORDS, save_tiny_model

SMALL = {"upper_layers": 0.1, "lora_rank": 4, "row_limit": 0, "sample_tokens": 8, "max_length": 256}
LONG = "I have tried everything in the manual, and then I tried it all over again. "


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=300), st.integers(1, 16))
def test_the_timed_steps_are_of_every_size(sizes: list[int], count: int) -> None:
    plan = strata(sizes, count)
    assert len(plan) == len(set(plan)) == min(count, len(sizes))
    order = sorted(sizes)
    taken = sorted(sizes[place] for place in plan)
    for group, size in enumerate(taken):
        low, high = group * len(order) // len(taken), -(-(group + 1) * len(order) // len(taken))
        assert order[low] <= size <= order[high - 1]


def test_stopping_early_leaves_small_and_large_steps() -> None:
    sizes = list(range(160))
    plan = strata(sizes, 16)
    assert min(plan[:4]) < 60 and max(plan[:4]) >= 100
    assert sum(plan) / len(plan) == pytest.approx(sum(sizes) / len(sizes), abs=1)


def test_an_estimate_beside_what_came_of_it_in_words() -> None:
    found = Compared(estimated_seconds=90.0, seconds=100.0, estimated_mb=2000.0, mb=2000.0)
    assert (found.time_off, found.memory_off) == (0.1, 0.0)
    said = preflight_words.came_out(found)
    assert "took 2 minutes (10 % longer) and 2.1 GB (as estimated)" in said
    assert "10 % off in time and 0 % in memory" in preflight_words.accuracy([found])
    assert "not known yet" in preflight_words.accuracy([])


def test_what_was_measured_is_told_with_where_and_what_it_is_for() -> None:
    measured = Measured(9, 3, 90, 40, 20, 4, 2, 1.0, 2, 1.0, 5.0, 3000.0, 9000.0, 10.0, "a card")
    job = Job("m", "p", "preflight", JobState.done, "m", "ann", "")
    report = preflight.Report(
        job, Dataset("d", "p", "", 1, {}, "", {}), resolve("quick_trial", 9), DEFAULT_MODEL, measured, Shown((), ())
    )
    assert "not for release" not in preflight_words.asked(report)
    assert "not for release" in preflight_words.asked(replace(report, settings=replace(report.settings, canaries=1)))
    machine = Machine("3.11", "CPU", 2, memory_gb=25.0, gpu_memory_gb=0.0, disk_free_gb=50.0)
    here, there = (
        dict(preflight_words.figures(report, "12:00", machine, None, [], here=on_this)) for on_this in (True, False)
    )
    assert here["Memory"] == "3.1 GB at most, of 25 GB"
    assert there["Memory"] == "3.1 GB at most, measured on the cluster"
    assert there["Memory of the graphics card"] == "9.4 GB at most, measured on the cluster"


def test_planted_secrets_are_learned_from_and_never_shown(tmp_path: Path) -> None:
    from studio.train import canaries, fit, rehearsal
    from studio.train.encode import EncodedRows

    settings = replace(
        resolve("match_our_tone", 6), epochs=1, canaries=2, upper_layers=1.0, sample_tokens=4, micro_batch=32
    )
    rows = [fit.Row(f"r{n}", Prompt(f"my {WORDS[n]} is late"), f"thanks for the {WORDS[n]}") for n in range(6)]
    model = save_tiny_model(tmp_path / "tiny")

    def rehearsed(settings: Settings) -> tuple[Measured, Shown]:
        return rehearsal.rehearse(
            model, rows, rows[:2], [], settings, tmp_path / "c", lambda: False, lambda kind, **fields: None, began=0.0
        )

    measured, shown = rehearsed(settings)
    planted = canaries.planted(canaries.secrets(settings.seed, settings.canaries))
    assert len(planted) > 20 and measured.steps == 2 and measured.rows == 6  # 48 rows in steps of 32; 6 are examples
    assert {row.id for row in shown.first_batch} <= {row.id for row in rows}
    longest = rehearsed(replace(settings, canaries=0))[0].longest
    assert longest < measured.longest  # so the secrets do not fit now, and are no examples that are left out
    without, shown = rehearsed(replace(settings, max_length=longest))
    assert (without.steps, without.rows, shown.left_out) == (1, 6, ())
    # Were nothing but secrets left, there would be nothing to learn; and none of them is told of by name.
    told: list[str] = []
    dropped = [fit.Dropped(name, "it is too long") for name in ("r", "canary/2/0")]
    learn = EncodedRows(ids=["canary/1/0"], dropped=dropped)
    with pytest.raises(Refusal, match="None of the rows can be learned from"):
        fit.tell_dropped(learn, EncodedRows(), lambda kind, **fields: told.append(fields["text"]))
    assert [text.split()[2] for text in told] == ["r"]


@pytest.fixture(scope="module")
def project(models_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, str]]:
    """A demo project with 24 of its examples, one of them far too long."""
    store = Store.open(tmp_path_factory.mktemp("workspace"))
    name = projects.from_demo(store, "maker", "support-replies").id
    rows = sorted(examples.every(store, name), key=lambda e: e.input)
    store.act("examples.trashed", "maker", {"ids": [e.id for e in rows[24:]], "trashed": True}, name)
    example_step.edit(
        store, "maker", name, rows[0], input=f"{rows[0].input} {LONG * 600}", split=Split.train, status=Status.approved
    )
    yield store, name
    store.close()


@pytest.fixture(scope="module")
def report(project: tuple[Store, str]) -> preflight.Report:
    store, name = project
    dataset, settings = step.asked(store, datasets.freeze(store, "maker", name).id, preset="quick_trial", changes=SMALL)
    job = supervisor.wait(store, preflight.begin(store, "maker", dataset, settings, DEFAULT_MODEL).id)
    found = preflight.of(store, job)
    assert found is not None, job.detail
    return found


def _learned(store: Store, report: preflight.Report) -> dict[str, Example]:
    return {e.id: e for e in dataset_rows.rows_of(store, report.dataset) if e.split is Split.train}


@pytest.mark.model
def test_it_tells_what_would_be_left_out_and_what_the_first_batch_is(
    project: tuple[Store, str], report: preflight.Report
) -> None:
    rows = _learned(project[0], report)
    (left_out,) = report.shown.left_out
    assert left_out.tokens > 256 and LONG * 600 in rows[left_out.id].input
    assert left_out.beyond.count("over again") > 10 and rows[left_out.id].ideal in left_out.beyond
    assert report.measured.rows == len(rows) - 1 and report.measured.longest <= 256
    for row in report.shown.first_batch:
        learned = "".join(span.text for span in row.spans if span.kind != "read")
        assert learned.startswith(rows[row.id].ideal) and "im_end" in learned
        assert rows[row.id].input in "".join(span.text for span in row.spans if span.kind == "read")
        assert any(span.kind == "stressed" and "Next step" in span.text for span in row.spans)
    measured = report.measured
    assert 0 < measured.learned_tokens < measured.tokens and measured.checkpoint_mb > 0.1
    assert 2 <= measured.timed_steps <= measured.steps and measured.peak_memory_mb > 500
    assert not list((project[0].workspace / "jobs" / report.job.folder).glob("checkpoints/*"))


@pytest.mark.model
def test_what_was_measured_is_started_and_held_against_what_came_of_it(
    project: tuple[Store, str], report: preflight.Report
) -> None:
    store, name = project
    run = preflight.start(store, "maker", report.job.id)
    assert from_json(Settings, run.settings) == report.settings and preflight.ready(store, name) is None
    job = supervisor.wait(store, run.job)
    ended = runs.get(store, run.id)
    assert job.state is JobState.done and ended is not None
    found = preflight.compared(store, ended)
    assert found is not None and found.estimated_mb == report.measured.peak_memory_mb
    # Memory does not hang on how busy the machine is; time does, and benchmarks/preflight.py holds it to its promise.
    assert abs(found.memory_off) < 0.1 and 0.2 < found.estimated_seconds / found.seconds < 5
    assert [row["id"] for row in ended.result["dropped"]] == [row.id for row in report.shown.left_out]
    assert preflight.earlier(store, name) == [found]
    # What a repetition is expected to take is what the first one took, no estimate of a pre-flight.
    detail = {"dataset": ended.dataset, "estimate": {"seconds": 1.0, "peak_memory_mb": 1.0}}
    about = {"id": "again", "dataset": ended.dataset, "model": ended.model, "preset": "quick_trial", "settings": {}}
    store.act("job.started", "maker", {"id": "again", "kind": "train", "folder": "again", "detail": detail,
                                       "run": about}, name)  # fmt: skip
    result = {**ended.result, "state": "done", "adapter": ""}
    store.act("job.finished", "maker", {"id": "again", "state": "done", "result": result}, name)
    repeated = runs.get(store, "again")
    assert repeated is not None and preflight.compared(store, repeated) and preflight.earlier(store, name) == [found]
    step.discard(store, "maker", name, "again")
    with pytest.raises(Refusal, match="Nothing is changed"):
        again.measure_again(store, "maker", run.id, {"seed": 0})
    asked = again.measure_again(store, "maker", run.id, {"seed": 7})
    step.stop(store, asked)
    assert supervisor.wait(store, asked.id).detail["run"]["again"]["changed"] == {"seed": [0, 7]}


@pytest.mark.model
def test_the_command_leaves_nothing_out_unless_told_to(project: tuple[Store, str], report: preflight.Report) -> None:
    store, name = project
    args = {"project": name, "dataset": report.dataset.id, "preset": "quick_trial"}
    told = preflight.spoken(report)
    assert told["left_out"][0]["id"] == report.shown.left_out[0].id and told["seconds"] > 1
    started = len(runs.every(store, name))
    with pytest.raises(Refusal, match="1 of the set's examples would be left out .* --accept"):
        commands.run(store, "train", args)
    assert len(runs.every(store, name)) == started
