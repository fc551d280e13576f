"""What each arm costs, measured on this machine: a timing job, its figures, and when a training has paid back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio import datasets, models, outputs
from studio.evaluate import costs
from studio.jobs import folder as job_folder
from studio.records import (
    PROMPTING,
    Arm,
    ArmKind,
    Job,
    JobState,
    Refusal,
    Split,
    canonical,
    from_json,
    recipe_sha256,
    sha256,
)
from studio.store import Store, arms, prices, runs
from studio.store import datasets as dataset_rows
from studio.train import elsewhere, launch
from studio.wording import amount

KIND = "timing"
PROMPTS = 20
"""Validation prompts that each arm answers by itself: enough for a median, too few to bound the slowest 5 %."""


@dataclass(frozen=True)
class Measured:
    """What one arm as it is now takes. `device`: this machine's, "" for a model elsewhere; `busy`: programs at work a
    core when it began; `at`: when (ISO 8601). `each`: the price of each request one at a time, `together` of each in
    batches, in `currency`; None while nobody has set the price."""

    arm: Arm
    timed: costs.Timed
    device: str
    busy: float
    at: str
    each: tuple[float, ...] | None = None
    together: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class PaysBack:
    """A tuned arm beside a prompt: what a thousand requests save, and after how many the training has paid back."""

    tuned: Arm
    prompt: Arm
    once: float
    seconds: float
    found: costs.BreakEven
    currency: str


def measure(store: Store, actor: str, project: str, arm_ids: Sequence[str]) -> list[Job]:
    """Starts a timing job for each model among these arms, on validation prompts. Raises Refusal."""
    dataset = dataset_rows.latest(store, project)
    if dataset is None:
        raise Refusal("There is no frozen set whose prompts could be timed. Nothing was started. Freeze one first.")
    prompts = datasets.spread(datasets.rows_in(store, dataset, Split.validation), PROMPTS)
    if not prompts:
        raise Refusal("The frozen set holds no validation prompts. Nothing was started.")
    by_model: dict[str, list[Arm]] = {}
    for arm in [outputs.usable(store, name) for name in arm_ids]:
        by_model.setdefault(arm.model, []).append(arm)
    if not by_model:
        raise Refusal("No arm is chosen. Nothing was started. Choose at least one.")
    outputs.refuse_older(dataset, [arm for chosen in by_model.values() for arm in chosen])
    for model in by_model:
        elsewhere.require_allowed(store, model)
        models.verify(model, store.workspace)
    started = []
    for model, chosen in by_model.items():
        name = job_folder.new_id()
        folder = outputs.prepared(store, name, dataset, chosen, prompts, KIND)
        detail = {"dataset": dataset.id, "arms": {arm.id: fingerprint(store, arm) for arm in chosen}}
        payload = {"id": name, "kind": KIND, "folder": name, "detail": detail}
        launch.start(store, actor, project, payload, folder, needs_device=models.entry(model).kind != "endpoint")
        started.append(name)
    return [job for name in started if (job := runs.job(store, name))]


def stop(store: Store, job: Job) -> None:
    outputs.stop(store, job)


def fingerprint(store: Store, arm: Arm) -> str:
    """What of an arm its speed hangs on: another prompt, recipe or adapter is measured anew."""
    return sha256(canonical([arm.model, recipe_sha256(arm.system_prompt, arm.recipe), runs.weights(store, arm)]))


def measured(store: Store, project: str) -> list[Measured]:
    """The newest measurement of each arm in use as it is now, on the prompts of the newest set."""
    dataset = dataset_rows.latest(store, project)
    done = [
        job for job in runs.jobs(store, project)
        if job.kind == KIND and job.state is JobState.done and dataset and job.detail["dataset"] == dataset.id
    ]  # fmt: skip
    found = []
    for arm in arms.every(store, project):
        now = fingerprint(store, arm)
        newest = next((job for job in done if job.detail["arms"].get(arm.id) == now), None)
        if newest:
            found.append(_priced(store, arm, newest))
    return found


def _priced(store: Store, arm: Arm, job: Job) -> Measured:
    result = job.detail["result"]
    timed, device = from_json(costs.Timed, result["arms"][arm.id]), str(result["device"])
    plain = Measured(arm, timed, device, result["busy"], job.at)
    if not device:
        price = prices.of_tokens(store, arm.model)
        if price is None or not any(timed.tokens_in):
            return plain
        each = tuple(costs.by_the_token(timed, price.million_in, price.million_out))
        return Measured(arm, timed, device, result["busy"], job.at, each, None, price.currency)
    hour = prices.of(store, device)
    if hour is None:
        return plain
    each = tuple(costs.by_the_hour(timed.seconds, hour.an_hour))
    (batch,) = costs.by_the_hour([timed.together / len(timed.seconds)], hour.an_hour)
    return Measured(arm, timed, device, result["busy"], job.at, each, batch, hour.currency)


def pays_back(store: Store, found: Sequence[Measured]) -> list[PaysBack]:
    """Each tuned arm beside each arm that people wrote, where both and the training have a price in one currency."""
    told = []
    for tuned in [each for each in found if each.arm.kind is ArmKind.tuned and each.each]:
        once = training_cost(store, tuned.arm)
        for prompt in [each for each in found if each.arm.kind in PROMPTING and each.each]:
            if once is None or {tuned.currency, prompt.currency} != {once[1]} or not (prompt.each and tuned.each):
                continue
            even = costs.break_even(prompt.each, tuned.each, once[0])
            told.append(PaysBack(tuned.arm, prompt.arm, once[0], once[2], even, once[1]))
    return told


def training_cost(store: Store, arm: Arm) -> tuple[float, str, float] | None:
    """(price, currency, seconds) of the training behind a tuned arm; None where it is not known: tuned elsewhere, or on
    a device that has no price."""
    run = runs.get(store, arm.run)
    seconds = run.result.get("seconds") if run else None
    price = prices.of(store, str(run.result.get("device", ""))) if run else None
    return (price.an_hour * seconds / 3600, price.currency, seconds) if price and seconds else None


def in_words(found: PaysBack) -> str:
    """What a PM may repeat, with its interval and n."""
    even, money = found.found, found.currency
    saving = even.saving
    said = (
        f"A thousand requests to {found.tuned.name} instead of {found.prompt.name} save {amount(saving.value, money)} "
        f"(95 % interval {amount(saving.low or 0.0, money)} to {amount(saving.high or 0.0, money)}; n = {saving.n} "
        f"prompts, one request at a time). The training took {amount(found.once, money)} of machine time once."
    )
    if even.requests is None and even.low is None:
        return f"{said} It does not pay back: each request costs more than with the prompt."
    if even.requests is None:
        return f"{said} As measured it does not pay back; at best it would after {even.low:,.0f} requests."
    if even.high is None:
        about = f"It pays back after about {even.requests:,.0f} requests"
        return f"{said} {about}, but so few prompts cannot rule out that it never does."
    return (
        f"{said} It pays back after about {even.requests:,.0f} requests (95 % interval {even.low:,.0f} to "
        f"{even.high:,.0f})."
    )


def bounds(estimate: costs.Estimate, unit: str) -> str:
    """The interval of a figure in words, also where it has an open end."""
    low = "no lower limit" if estimate.low is None else f"{estimate.low:.2f}"
    if estimate.high is None:
        return f"at least {low} {unit}; n = {estimate.n} is too few for an upper limit"
    return f"95 % interval {low} to {estimate.high:.2f} {unit}, n = {estimate.n}"
