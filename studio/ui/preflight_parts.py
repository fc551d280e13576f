"""The pre-flight on the Train page: a few real steps timed, what they come to, what is left out, and the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import streamlit as st

from studio.jobs import place
from studio.record_examples import example_of
from studio.records import Job, JobState, Refusal, from_json
from studio.store import examples, prices, runs
from studio.train import line, preflight, preflight_words, step
from studio.train.forecast import BatchRow, LeftOut
from studio.train.settings import Settings
from studio.ui import again_parts, blocks, frame, job_view, keys, model_parts, price_parts, taught_parts, train_settings
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel

_LOOK = Path(__file__).parent / "assets" / "preflight.css"
_SHOWN = 5
_ROUNDED = 64  # tokens: so much more room than the longest row is no waste


def show(visit: Visit) -> bool:
    """What is being measured, or was and waits for an answer. True while something is being measured."""
    measuring = job_view.active(visit.store, visit.project_id, preflight.KIND)
    if measuring is not None:
        _measuring(visit, measuring)
        return True
    if report := preflight.ready(visit.store, visit.project_id):
        st.html(_LOOK)
        _ready(visit, report)
    else:
        _failed(visit)
    return False


def measure(
    visit: Visit, dataset: str, model: str, figures: Settings, changes: dict[str, object], pinned: Sequence[str]
) -> None:
    """In a callback: starts measuring what the form asks for: `figures` of a preset with `changes`. `pinned`: ids of
    the prompts to watch, if chosen."""

    def begin() -> Job:
        found, settings = step.asked(
            visit.store, dataset, preset=figures.preset, model=model, changes=changes, method=figures.method
        )
        chosen = {"pinned": list(pinned)} if pinned else {}
        return preflight.begin(visit.store, visit.person.id, found, settings, model, chosen)

    frame.attempt(begin)


def _measuring(visit: Visit, job: Job) -> None:
    blocks.section(
        "Measuring before the start",
        "A few real steps on your examples, timed. It takes about half a minute on a small model; nothing is kept of "
        "what it learns.",
    )
    job_panel(job_view.reader(visit.store, job.id), lambda: step.stop(visit.store, job),
              lambda: line.to_front(visit.store, visit.person.id, job))  # fmt: skip


def _failed(visit: Visit) -> None:
    """Why the newest pre-flight came to nothing, until another is begun."""
    newest = next(
        (job for job in runs.jobs(visit.store, visit.project_id) if job.kind in ("train", preflight.KIND)), None
    )
    if newest is not None and newest.kind == preflight.KIND and newest.state is JobState.failed:
        frame.refused(Refusal(newest.detail["result"]["reason"]))


def _ready(visit: Visit, report: preflight.Report) -> None:
    blocks.section("Measured, ready to start", preflight_words.asked(report))
    blocks.lead(preflight_words.headline(report))
    price = prices.of(visit.store, report.measured.device)
    earlier = preflight.earlier(visit.store, visit.project_id)
    workspace = visit.store.workspace
    rows = preflight_words.figures(
        report, _clock(report.measured.seconds), model_parts.machine_here(str(workspace)), price, earlier,
        here=place.is_here(workspace / "jobs" / report.job.folder),
    )  # fmt: skip
    blocks.table(["What", "Measured"], rows, "What this training comes to")
    if again := report.job.detail["run"].get("again"):
        again_parts.differences(again["changed"])
    if told := report.job.detail["run"].get("mended"):
        taught_parts.mended(visit, told)
    _left_out(visit, report)
    with st.expander("The first batch, as the model reads it", key="preflight-batch"):
        _batch(report.shown.first_batch, pairs=bool(report.settings.beta))
    left_out = len(report.shown.left_out)
    label = f"Leave out {blocks.several(left_out, 'example')} and start" if left_out else "Start training"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(label, type="primary", key="train-start", icon=":material/play_arrow:", on_click=_start,
                  args=(visit, report))  # fmt: skip
        price_parts.hour(visit, report.measured.device, "preflight-price", "Price of an hour")
        st.button("Do not start this", key="preflight-aside", type="tertiary", on_click=frame.attempt, args=(
            lambda: preflight.set_aside(visit.store, visit.person.id, report.job),
            "Set aside; nothing was started. Undo brings it back."))  # fmt: skip


def _start(visit: Visit, report: preflight.Report) -> None:
    started = frame.attempt(
        lambda: preflight.start(visit.store, visit.person.id, report.job.id),
        "Training has started. You can leave this page or close the browser; it goes on.",
    )
    if started:
        again = report.job.detail["run"].get("again", {}).get("of", "")
        train_settings.begun(visit, report.settings, report.dataset.id, report.model, again)
        st.session_state[keys.TRAIN_VIEW] = "runs"


def _clock(seconds: float) -> str:
    """When it would end, on the reader's clock."""
    behind, ends = st.context.timezone_offset, datetime.now(UTC) + timedelta(seconds=seconds)
    return f"{ends:%H:%M} UTC" if behind is None else f"{ends - timedelta(minutes=behind):%H:%M}"


# -- what would be left out -------------------------------------------------------------------------


def _left_out(visit: Visit, report: preflight.Report) -> None:
    rows = report.shown.left_out
    if not rows:
        what = "pair" if report.settings.beta else "example"
        blocks.plain(f"Every {what} is read whole: none is cut, none is left out.")
        return
    blocks.plain(preflight_words.left_out(rows))
    with st.expander(f"{blocks.several(len(rows), 'example')} that would be left out", key="preflight-left-out"):
        for row in rows[:_SHOWN]:
            _one_left_out(visit, row, report.settings.max_length)
        if len(rows) > _SHOWN:
            blocks.note(f"And {len(rows) - _SHOWN:,} more: {', '.join(row.id[:8] for row in rows[_SHOWN:])}")
    longest = preflight_words.longest(rows)
    if longest > report.settings.max_length:
        room = -(-longest // _ROUNDED) * _ROUNDED
        st.button(f"Measure with room for all of them ({room:,} tokens)", key="preflight-longer", on_click=_longer,
                  args=(visit, report, room))  # fmt: skip


def _one_left_out(visit: Visit, row: LeftOut, limit: int) -> None:
    example = examples.get(visit.store, example_of(row.id))
    blocks.excerpt(example.input if example else row.id)
    blocks.note(f"Left out: {row.reason}.")
    if row.beyond:
        blocks.note(f"This is past its first {limit:,} tokens (word pieces):")
        st.html(f'<p class="ys-cut" tabindex="0">{escape(row.beyond)}</p>')
    if example:
        blocks.way(visit, "examples", "Open this example", f"preflight-open-{row.id}", example=example.id)


def _longer(visit: Visit, report: preflight.Report, room: int) -> None:
    settings = replace(from_json(Settings, report.job.detail["settings"]), max_length=room)
    frame.attempt(
        lambda: preflight.begin(
            visit.store, visit.person.id, report.dataset, settings, report.model, report.job.detail["run"]
        )
    )


# -- the first batch --------------------------------------------------------------------------------


_KEY = (
    "This is what one step learns from, with the marks a model needs between turns. It reads all of it and learns to "
    'write <span class="ys-batch"><mark>what is shaded</mark></span> only. <span class="ys-batch"><mark '
    'class="ys-stressed">Underlined</mark></span> are phrases that your brief wants word for word; they count more.'
)
_KEY_OF_PAIRS = (
    "These are the pairs that one step learns from, with the marks a model needs between turns: each prompt with the "
    'answer that <span class="ys-batch"><mark>people preferred</mark></span>, then with <span class="ys-batch"><s>the '
    "other one</s></span>. It learns to find the first more likely than the second."
)


def _batch(rows: tuple[BatchRow, ...], *, pairs: bool) -> None:
    st.html(f'<p class="ys-batch-key">{_KEY_OF_PAIRS if pairs else _KEY}</p>')
    for row in rows:
        parts = "".join(_marked(span.text, span.kind) for span in row.spans)
        st.html(f'<article class="ys-batch">{parts}</article>')


def _marked(text: str, kind: str) -> str:
    if kind == "read":
        return escape(text)
    if kind == "worse":
        return f"<s>{escape(text)}</s>"
    stressed = ' class="ys-stressed"' if kind == "stressed" else ""
    return f"<mark{stressed}>{escape(text)}</mark>"
