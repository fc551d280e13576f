"""A model elsewhere to compare with: allowed addresses only, patient with a busy one, bounded, resumable."""

from __future__ import annotations

from pathlib import Path

import pytest
from chat_server import Provider

from studio import baselines, datasets, outputs, projects, supervisor
from studio.generation import ArmSpec, endpoint
from studio.records import ArmKind, Choosing, Dataset, Decoding, JobState, Prompt, Refusal, Split
from studio.review.opening import is_current
from studio.store import Store, arms, runs
from studio.train import elsewhere

OK = (200, 0.0, dict[str, str]())


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)


def written(model: endpoint.EndpointModel) -> str:
    (answer,) = model.write(ArmSpec("a"), [Prompt("Hello")], Decoding())
    return answer.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_address_is_asked_again_and_only_so_often(provider: Provider, status: int) -> None:
    provider.answers = lambda number: (status, 0.0, {}) if number < 3 else OK
    assert written(endpoint.EndpointModel(provider.address, "m", waits=(0.0, 0.0))) == "Thanks for writing: Hello"
    assert len(provider.asked) == 3
    provider.answers = lambda number: (status, 0.0, {})
    with pytest.raises(Refusal, match="What was written so far is kept"):
        written(endpoint.EndpointModel(provider.address, "m", waits=(0.0, 0.0)))
    assert len(provider.asked) == 6


def test_a_slow_answer_is_asked_for_again_and_its_seconds_are_those_of_one_request(provider: Provider) -> None:
    provider.answers = lambda number: (200, 5.0 if number == 1 else 0.05, {})
    model = endpoint.EndpointModel(provider.address, "m", timeout=1.0, waits=(0.4,))
    (answer,) = model.write(ArmSpec("a"), [Prompt("Hello")], Decoding())
    assert len(provider.asked) == 2 and 0.05 <= answer.seconds < 1.4, "neither the first request nor the wait"
    assert (answer.tokens_in, answer.tokens_out) == (9, 7)


def test_what_will_not_pass_is_not_asked_again(provider: Provider) -> None:
    for status in (401, 404):
        provider.answers = lambda number, status=status: (status, 0.0, {})
        with pytest.raises(Refusal):
            written(endpoint.EndpointModel(provider.address, "m", waits=(0.0, 0.0)))
    assert len(provider.asked) == 2


def test_the_limit_on_requests_counts_every_try(provider: Provider) -> None:
    provider.answers = lambda number: (500, 0.0, {}) if number < 5 else OK
    with pytest.raises(Refusal, match="limit of 3 requests"):
        written(endpoint.EndpointModel(provider.address, "m", waits=(0.0,) * 9, most=3))
    assert len(provider.asked) == 3


def test_a_base_elsewhere_needs_an_allowed_address_and_prompts_go_before_it(
    store: Store, dataset: Dataset, provider: Provider
) -> None:
    with pytest.raises(Refusal, match="nothing was sent"):
        baselines.add_elsewhere(store, "dora", dataset.project, provider.address, "small")
    elsewhere.allow(store, "admin", provider.address)
    for wrong in ("", "two words", "a#b"):
        with pytest.raises(Refusal):
            baselines.add_elsewhere(store, "dora", dataset.project, provider.address, wrong)
    arm = baselines.add_elsewhere(store, "dora", dataset.project, provider.address, "small")
    assert (arm.kind, arm.name, arm.model) == (ArmKind.base, "Base, small", f"{provider.address}#small")
    assert baselines.add_elsewhere(store, "dora", dataset.project, f"{provider.address}/", "small") == arm
    assert provider.asked == [] and len(arms.every(store, dataset.project)) == 1


def test_too_many_requests_for_one_job_start_nothing() -> None:
    assert outputs.most_requests(40) == 80 and outputs.most_requests(outputs.MOST_REQUESTS) == outputs.MOST_REQUESTS
    with pytest.raises(Refusal, match="Nothing was started"):
        outputs.most_requests(outputs.MOST_REQUESTS + 1)


@pytest.mark.model
def test_of_arms_of_several_models_none_is_asked_where_one_cannot_be(
    store: Store, dataset: Dataset, provider: Provider, models_cache: Path
) -> None:
    elsewhere.allow(store, "admin", provider.address)
    there = baselines.add_elsewhere(store, "dora", dataset.project, provider.address, "small")
    here = baselines.base(store, "dora", dataset.project, "HuggingFaceTB/SmolLM2-360M-Instruct")
    with pytest.raises(Refusal, match="SmolLM2-360M-Instruct is not on this machine yet"):
        outputs.generate_each(store, "dora", dataset.project, dataset.id, [there.id, here.id], Split.validation)
    assert runs.jobs(store, dataset.project) == [] and provider.asked == []


@pytest.mark.model
def test_three_arms_elsewhere_answer_and_go_on_after_a_failure(
    store: Store, dataset: Dataset, provider: Provider, models_cache: Path
) -> None:
    elsewhere.allow(store, "admin", provider.address)
    base = baselines.add_elsewhere(store, "dora", dataset.project, provider.address, "small")
    prompt = baselines.add_prompt(store, "dora", dataset.project, name="P", text="Be kind.", model=base.model)
    recipe = baselines.shots(store, dataset.project, Choosing.by_slice, 2)
    shown = baselines.add_few_shot(store, "dora", dataset.project, name="S", shots=recipe, model=base.model)
    provider.answers = lambda number: (401, 0.0, {}) if number == 8 else OK
    chosen = [base, prompt, shown]
    job = outputs.generate(
        store, "dora", dataset.project, dataset.id, [arm.id for arm in chosen], Split.validation, most=5
    )
    failed = supervisor.wait(store, job.id)
    assert failed.state is JobState.failed and "asks for a key" in failed.detail["result"]["reason"]
    assert len(outputs.current(store, dataset.id, base)) == 5 and len(provider.asked) == 8
    waiting = outputs.unfinished(store, dataset.project, dataset.id)
    assert waiting is not None and waiting.id == job.id
    outputs.go_on(store, "dora", waiting)
    assert supervisor.wait(store, job.id).state is JobState.done
    assert outputs.unfinished(store, dataset.project, dataset.id) is None and runs.job(store, job.id) is not None
    assert len(provider.asked) == 16  # 15 answers and the one that failed
    for arm in chosen:
        found = outputs.current(store, dataset.id, arm)
        assert len(found) == 5 and all(is_current(arm, each) and each.tokens_in == 9 for each in found.values())
        assert all(len(each.given.shots) == (2 if arm is shown else 0) for each in found.values())
    roles = {tuple(m["role"] for m in body["messages"]) for _, _, body in provider.asked}
    assert roles == {("user",), ("system", "user"), ("user", "assistant") * 2 + ("user",)}
