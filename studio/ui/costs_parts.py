"""What each arm costs, on the Prompts page: seconds, tokens and money, and when a training has paid back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import costs, models, outputs, wording
from studio.evaluate import costs as figures
from studio.store import arms
from studio.ui import answers, blocks, draft_fields, frame, job_view, model_parts, price_parts, stopped_parts
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel

_ARMS = "costs-arms"
_BUSY = 0.5


def show(visit: Visit) -> None:
    """The figures of every arm that was timed, the prices, and the button that times them."""
    blocks.section(
        "What each costs",
        f"Each arm answers {costs.PROMPTS} validation prompts one at a time, and then all of them together. Seconds "
        "are those of one request with nothing else running (latency), never a share of a batch.",
    )
    found = costs.measured(visit.store, visit.project_id)
    if found and answers.held_back(visit):
        answers.come_back_later(visit)
        return
    if found:
        _figures(found)
        _paid_back(visit, found)
        _prices(visit, found)
    _measuring(visit, found)


def _figures(found: Sequence[costs.Measured]) -> None:
    seconds, rest = [], []
    for each in found:
        timed = each.timed
        half, most = figures.quantile(timed.seconds, 0.5), figures.quantile(timed.seconds, 0.95)
        seconds.append([each.arm.name, _seconds(half), _seconds(most)])
        memory = f"{timed.peak_memory_mb:,.0f} MB" if timed.peak_memory_mb else "not measured"
        read, written = figures.mean(timed.tokens_in), figures.mean(timed.tokens_out)
        rest.append([each.arm.name, _tokens(read), _tokens(written), memory, _money(each)])
    blocks.table(
        ["Arm", "Half take at most (p50)", "95 % take at most (p95)"], seconds,
        "Seconds of one request, answered one after the other",
    )  # fmt: skip
    blocks.table(
        ["Arm", "Tokens in", "Tokens out", "Most memory", "1,000 requests, one at a time"], rest,
        "Word pieces (tokens) of a request on average, the worker’s memory, and the price",
    )  # fmt: skip
    devices = sorted({each.device for each in found if each.device})
    if devices:
        blocks.note(
            f"Measured on {', '.join(devices)}. Memory is the worker’s own, all arms in one process with one copy of "
            "the weights; a graphics card’s own memory is not in it."
        )
    if any(each.busy > _BUSY and each.device for each in found):
        frame.warnings([
            "Other programs were at work meanwhile, so the seconds are too many. Measure again when it is quiet."
        ])  # fmt: skip


def _seconds(found: figures.Estimate) -> str:
    return f"{found.value:.2f} s ({costs.bounds(found, 's')})"


def _tokens(found: figures.Estimate) -> str:
    if not found.value:
        return "not told"
    return f"{found.value:,.0f} ({found.low:,.0f} to {found.high:,.0f})"


def _money(each: costs.Measured) -> str:
    if each.each is None:
        return "no price is set"
    found = figures.thousand(each.each)
    alone = f"{wording.amount(found.value, each.currency)} ({found.low:,.4f} to {found.high:,.4f})"
    if each.together is None:
        return alone
    return f"{alone}; in batches {wording.amount(1000 * each.together, each.currency)}"


def _paid_back(visit: Visit, found: Sequence[costs.Measured]) -> None:
    told = costs.pays_back(visit.store, found)
    if told:
        blocks.item("Has the training paid back?")
        blocks.bullets([costs.in_words(each) for each in told])
        blocks.note("Machine time only: what people’s work on prompts and examples costs is not in it.")


def _prices(visit: Visit, found: Sequence[costs.Measured]) -> None:
    if not visit.may_edit:
        return
    with st.container(horizontal=True):
        for device in sorted({each.device for each in found if each.device}):
            price_parts.hour(visit, device, "costs-hour", "Price of an hour")
        for model in dict.fromkeys(each.arm.model for each in found if not each.device):
            price_parts.tokens(visit, model, models.entry(model).title, "costs-tokens")


def _measuring(visit: Visit, found: Sequence[costs.Measured]) -> None:
    job = job_view.active(visit.store, visit.project_id, costs.KIND)
    if job:
        stop = (lambda: costs.stop(visit.store, job)) if visit.may_edit else None
        job_panel(job_view.reader(visit.store, job.id), stop)
        return
    stopped_parts.newest(visit, costs.KIND, "The last timing ended early.", outputs.go_on)
    if not visit.may_edit or not model_parts.are_here(visit):
        return
    known = {arm.id: arm for arm in arms.every(visit.store, visit.project_id)}
    names = {name: arm.name for name, arm in known.items()}
    picked = draft_fields.many(visit, "Arms to time", _ARMS, names, list(names), width=560)
    for model in dict.fromkeys(known[name].model for name in picked):
        if away := model_parts.leaves(model, costs.PROMPTS * sum(known[n].model == model for n in picked)):
            blocks.plain(away)
    st.button("Time them" if not found else "Time them again", key="costs-measure", icon=":material/timer:",
              on_click=_measure, args=(visit, picked))  # fmt: skip


def _measure(visit: Visit, picked: list[str]) -> None:
    if frame.attempt(
        lambda: costs.measure(visit.store, visit.person.id, visit.project_id, picked),
        "They are being timed. You can leave this page; leave the machine alone meanwhile.",
    ):
        draft_fields.saved_as(visit, _ARMS)
