"""What an arm costs: quantiles and prices with their intervals, a break-even point in words, and a real timing job."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from chat_server import Provider

from studio import baselines, costs, datasets, projects, supervisor
from studio.evaluate import costs as figures
from studio.generation import ArmSpec
from studio.jobs import folder as job_folder
from studio.records import Dataset, Decoding, JobState, Recipe, Refusal, canonical, to_json
from studio.store import Store, arms, prices
from studio.train import elsewhere

CPU = "Test CPU"


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)


def test_the_interval_of_a_quantile_covers_it_as_often_as_it_says() -> None:
    draw, true = np.random.default_rng(3), np.log(2)  # the median of the exponential distribution
    found = [figures.quantile(draw.exponential(size=20).tolist(), 0.5) for _ in range(600)]
    covered = np.mean([each.low is not None and each.high is not None and each.low <= true <= each.high
                       for each in found])  # fmt: skip
    assert 0.94 <= covered <= 0.98  # by the binomial law 0.9586 for the ranks 6 and 15 of 20
    ranked = [float(n) for n in range(1, 21)]
    assert (figures.quantile(ranked, 0.5).low, figures.quantile(ranked, 0.5).high) == (6.0, 15.0)


def test_few_requests_cannot_bound_the_slowest_from_above() -> None:
    twenty = figures.quantile([float(n) for n in range(20)], 0.95)
    assert twenty.high is None and twenty.low is not None and twenty.low <= twenty.value
    assert "too few for an upper limit" in costs.bounds(twenty, "s")
    assert figures.quantile([float(n) for n in range(72)], 0.95).high == 71.0
    assert figures.quantile([float(n) for n in range(71)], 0.95).high is None


def test_the_mean_has_an_interval_that_does_not_move() -> None:
    values = [1.0, 2.0, 2.0, 3.0, 4.0, 9.0]
    found = figures.mean(values)
    assert found == figures.mean(values) and found.value == pytest.approx(3.5)
    assert found.low is not None and found.high is not None and 1.0 < found.low < 3.5 < found.high < 9.0


def test_prices_by_the_hour_and_by_the_token() -> None:
    assert figures.by_the_hour([3.6, 7.2], 2.0) == pytest.approx([0.002, 0.004])
    timed = figures.Timed((1.0, 1.0), (1000, 0), (0, 1000))
    assert figures.by_the_token(timed, 0.5, 2.0) == pytest.approx([0.0005, 0.002])
    assert figures.thousand([0.002, 0.002]).value == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([0.002] * 9 + [0.003], [0.001] * 10, "It pays back after about 909 requests (95 % interval"),
        ([0.002, 0.0001, 0.003, 0.0002], [0.001] * 4, "cannot rule out that it never does"),
        ([0.001] * 4, [0.002, 0.0001, 0.003, 0.0002], "As measured it does not pay back; at best"),
        ([0.001] * 4, [0.002] * 4, "It does not pay back: each request costs more"),
    ],
)
def test_when_a_training_has_paid_back(
    store: Store, dataset: Dataset, before: Sequence[float], after: Sequence[float], said: str
) -> None:
    prompt = baselines.add_prompt(store, "dora", dataset.project, name="P", text="Be kind.")
    even = figures.break_even(before, after, 1.0)
    told = costs.in_words(costs.PaysBack(prompt, prompt, 1.0, 60.0, even, "€"))
    assert said in told and f"n = {len(before)} prompts" in told
    if even.requests and even.low and even.high:
        assert even.low <= even.requests <= even.high
        assert even.requests * (sum(before) - sum(after)) / len(before) == pytest.approx(1.0)


def timed_job(store: Store, dataset: Dataset, seconds: dict[str, float], device: str = CPU) -> None:
    """A timing job as it ends: its record, without a worker."""
    found = [arm for arm in arms.every(store, dataset.project) if arm.id in seconds]
    detail = {"dataset": dataset.id, "arms": {arm.id: costs.fingerprint(store, arm) for arm in found}}
    name = job_folder.new_id()
    payload = {"id": name, "kind": costs.KIND, "folder": name, "detail": detail | {"device": ""}}
    store.act("job.started", "dora", payload, dataset.project)
    told = {name: to_json(figures.Timed((s, 2 * s), (100, 300), (20, 40), s, 400.0)) for name, s in seconds.items()}
    result = {"state": "done", "arms": told, "device": device, "busy": 0.1}
    store.act("job.finished", "dora", {"id": name, "state": "done", "result": result}, dataset.project)


def test_a_measurement_counts_while_the_arm_is_as_it_was(store: Store, dataset: Dataset) -> None:
    base = baselines.base(store, "dora", dataset.project)
    prompt = baselines.add_prompt(store, "dora", dataset.project, name="P", text="Be kind.")
    timed_job(store, dataset, {base.id: 1.0, prompt.id: 2.0})
    assert {each.arm.id: each.each for each in costs.measured(store, dataset.project)} == {
        base.id: None,
        prompt.id: None,
    }
    store.act("price.set", "dora", {"device": CPU, "an_hour": 3.6, "currency": "€"}, dataset.project)
    found = {each.arm.id: each for each in costs.measured(store, dataset.project)}
    assert found[prompt.id].each == pytest.approx((0.002, 0.004)) and found[prompt.id].currency == "€"
    assert found[prompt.id].together == pytest.approx(0.001)
    baselines.change_prompt(store, "dora", prompt, text="Be very kind.")
    assert [each.arm.id for each in costs.measured(store, dataset.project)] == [base.id]


def test_prices_of_tokens_are_kept_checked_and_undone(store: Store, dataset: Dataset) -> None:
    model = "https://models.example/v1#small"
    priced = {"model": model, "million_in": 0.4, "million_out": 1.6, "currency": "USD"}
    store.act("token_price.set", "pia", priced, dataset.project)
    assert prices.of_tokens(store, model) == prices.TokenPrice(0.4, 1.6, "USD")
    for wrong in ({"million_in": -1.0}, {"million_out": float("inf")}, {"currency": ""}):
        with pytest.raises((Refusal, ValueError)):
            store.act("token_price.set", "pia", priced | wrong, dataset.project)
    store.undo(store.recent(dataset.project, "pia", 1)[0].seq, "pia")
    assert prices.of_tokens(store, model) is None and store.audit() == []


@pytest.mark.model
def test_a_timing_job_elsewhere_is_measured_and_priced_by_the_token(
    store: Store, dataset: Dataset, provider: Provider, models_cache: Path
) -> None:
    elsewhere.allow(store, "admin", provider.address)
    base = baselines.add_elsewhere(store, "dora", dataset.project, provider.address, "small")
    provider.answers = lambda number: (200, 0.01, {})
    began = time.monotonic()
    (job,) = costs.measure(store, "dora", dataset.project, [base.id])
    assert supervisor.wait(store, job.id).state is JobState.done
    took = time.monotonic() - began
    store.act("token_price.set", "dora", {"model": base.model, "million_in": 1.0, "million_out": 2.0, "currency": "€"},
              dataset.project)  # fmt: skip
    (found,) = costs.measured(store, dataset.project)
    assert len(found.timed.seconds) == costs.PROMPTS == len(provider.asked)
    assert min(found.timed.seconds) >= 0.01 and sum(found.timed.seconds) < took, "each request alone"
    assert (found.device, found.together) == ("", None)
    assert found.each is not None and set(found.each) == {(9 + 2 * 7) / 1e6}


def test_a_timing_job_here_times_each_request_and_the_batch(tmp_path: Path) -> None:
    from tiny_model import save_tiny_model

    from studio.generation import timing

    folder = save_tiny_model(tmp_path / "tiny")
    recipe = to_json(Recipe())
    arm = {**to_json(ArmSpec("base")), "recipe": recipe}
    rows = [{"id": f"p{n}", "input": "my kettle is late " * (n + 1)} for n in range(4)]
    spec = {"kind": "timing", "model": {"name": "tiny", "path": str(folder), "sha256": ""}, "arms": [arm],
            "decoding": to_json(Decoding(max_new_tokens=4)), "prompts": rows, "embedder": None}  # fmt: skip
    job = job_folder.create(tmp_path / "job", spec)
    told, stopped = timing.measure(spec, job, lambda: False, lambda *a, **k: None)
    found = told["arms"]["base"]
    assert not stopped and json.loads(canonical(told)) == told and told["device"]
    assert len(found["seconds"]) == 4 == len(found["tokens_in"]) and all(each > 0 for each in found["seconds"])
    assert found["tokens_in"] == sorted(found["tokens_in"]) and found["together"] > 0
    assert found["peak_memory_mb"] > 100
