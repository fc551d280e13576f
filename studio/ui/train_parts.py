"""The pieces of the Train page: fetch the model, choose and start, watch, and read what came of each run."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio.record_examples import example_of
from studio.records import Dataset, Job, JobState, Run, Split
from studio.store import arms, examples, runs
from studio.store import datasets as dataset_rows
from studio.train import elsewhere, leaning, line, preflight, preflight_words, step
from studio.train import settings as presets
from studio.train.forecast import Compared
from studio.ui import (
    again_parts,
    answers,
    blocks,
    canary_parts,
    checkpoint_parts,
    curve_parts,
    draft_fields,
    elsewhere_parts,
    frame,
    job_view,
    lesson_parts,
    model_parts,
    passport_parts,
    preflight_parts,
    takeaway_parts,
    taught_parts,
    verbatim_parts,
    watch_parts,
)
from studio.ui.access import Visit
from studio.ui.job_panel import RUNNING, job_panel
from studio.ui.train_settings import changed, fields, in_words, method, typed
from studio.wording import duration, gigabytes

_STATES = {JobState.failed: "stopped with a fault", JobState.cancelled: "stopped"}
_DROPPED_SHOWN = 5
_GROWING = "Here you would read what the tuned model answers while it learns."


def records(visit: Visit) -> tuple[list[Dataset], list[Job]]:
    """The frozen sets, newest first, and the trainings that are going on or wait in line, in that order."""
    going_on = [job for job in runs.jobs(visit.store, visit.project_id, active=True) if job.kind == "train"]
    waiting = [job for job in runs.line(visit.store) if job in going_on]
    return dataset_rows.every(visit.store, visit.project_id), [j for j in going_on if j not in waiting] + waiting


def no_set(visit: Visit) -> None:
    """Training starts from a frozen set."""
    frame.empty(
        "Nothing to learn from yet",
        "Training shows the model your approved examples until it answers in your way. It starts from a frozen set, so "
        "that the result can be traced to exactly those examples.",
    )
    blocks.way(visit, "health", "Check and freeze a set", "train-to-health")


# -- choose and start -------------------------------------------------------------------------------


def start_form(visit: Visit, sets: Sequence[Dataset]) -> None:
    """What to learn from, how thoroughly, on which model; the figures on request."""
    blocks.section("Start a training")
    names = {
        d.id: f"{d.name} ({blocks.several(d.splits.get(Split.train.value, 0), 'example')} to learn from)" for d in sets
    }
    chosen = draft_fields.pick(visit, "Learn from", "train-set", names, width=560)
    dataset = next(d for d in sets if d.id == chosen)
    preset = _preset(visit)
    model = model_parts.choose(visit)
    with st.expander("Settings, for experts", key="train-settings"):
        figures = step.settings_for(visit.store, dataset, preset, method(visit), model)
        under = fields(figures, dataset.id, model)
        changes = changed(visit, figures, under)
    pinned = watch_parts.pick(visit, dataset)
    blocks.note(in_words(figures, changes, dataset.splits.get(Split.train.value, 0)))
    st.button(
        "Measure first", type="primary", key="train-measure", icon=":material/speed:", on_click=_measure,
        args=(visit, dataset.id, model, figures, under, pinned),
    )  # fmt: skip
    blocks.note("It times a few real steps and shows what it would take and leave out. You start it after that.")


def _preset(visit: Visit) -> str:
    titles = {p.name: p.title for p in presets.PRESETS}
    sentences = [p.sentence for p in presets.PRESETS]
    return draft_fields.radio(visit, "How thoroughly", "train-preset", titles, presets.DEFAULT, captions=sentences)


def _measure(visit: Visit, dataset: str, model: str, figures: presets.Settings, under: str, pinned: list[str]) -> None:
    preflight_parts.measure(visit, dataset, model, figures, typed(figures, under), pinned)


# -- watch ------------------------------------------------------------------------------------------


def going_on(visit: Visit, jobs: Sequence[Job]) -> None:
    """The runs that are going on or wait: progress, losses, growing answers, the place in line, and the way to stop."""
    for job in jobs:
        if job.state is JobState.running:
            blocks.section("Learning now", f"{_on(visit, job)} You can leave this page; it goes on.")
            _followed(visit, job)
    waiting = [job for job in jobs if job.state is JobState.queued]
    if waiting:
        blocks.section("Waiting in line", "One job works at a time on each device; each begins when its turn comes.")
    for job in waiting:
        blocks.note(_on(visit, job))
        _followed(visit, job)


def _on(visit: Visit, job: Job) -> str:
    """What this training learns from."""
    dataset = dataset_rows.get(visit.store, str(job.detail.get("dataset", "")))
    run = runs.get(visit.store, job.id)
    preset = presets.title(run.preset) if run else "A training"
    name = dataset.name if dataset else "an older set"
    return f"{preset}, from {curve_parts.part_of(job)}{name}. Started {blocks.when(job.at)}."


def _followed(visit: Visit, job: Job) -> None:
    known = answers.known_to(visit)
    job_panel(job_view.reader(visit.store, job.id, samples=known), lambda: step.stop(visit.store, job),
              lambda: line.to_front(visit.store, visit.person.id, job))  # fmt: skip
    _whose_words(visit, job.id, str(job.detail.get("dataset", "")), known)


# -- what came of it --------------------------------------------------------------------------------


def finished(visit: Visit) -> None:
    """Every ended run, newest first; of the earlier ones the rest is there once somebody opens it."""
    ended = [run for run in runs.every(visit.store, visit.project_id) if run.state not in RUNNING]
    blocks.note("Whether the answers are better is not decided here: compare them, then let people vote.")
    for run in ended:
        with st.container(border=True, key=f"train-run-{run.id}"):
            if elsewhere.is_elsewhere(run):
                elsewhere_parts.card(visit, run)
                continue
            _head(visit, run)
            if run is ended[0]:
                _rest(visit, run)
                continue
            opened = st.expander("Open this training", key=f"train-more-{run.id}", on_change="rerun")
            if opened.open:
                with opened:
                    _rest(visit, run)


def _head(visit: Visit, run: Run) -> None:
    """Its name, what it was made from, and the one sentence about it."""
    arm = arms.get(visit.store, f"tuned-{run.id}")
    dataset = dataset_rows.get(visit.store, run.dataset)
    preset = presets.title(run.preset)
    title = arm.name if arm else "Unfinished training"
    blocks.item(title, f"{preset}, on {dataset.name if dataset else 'an older set'}, {blocks.when(run.at)}",
                _STATES.get(run.state, ""))  # fmt: skip
    if run.state is JobState.done:
        blocks.plain(leaning.lesson(run).sentence)
    elif reason := run.result.get("reason"):
        blocks.plain(str(reason))


def _rest(visit: Visit, run: Run) -> None:
    """Its evidence, what it took, and all that can be asked of it and done with it."""
    if run.state is JobState.done:
        lesson_parts.show(visit, run)
    beside = preflight.compared(visit.store, run)
    if told := " ".join(filter(None, (preflight_words.came_out(beside) if beside else "", _in_figures(run, beside)))):
        blocks.note(told)
    again_parts.came_from(visit, run)
    taught_parts.came_from(visit, run)
    _dropped(visit, run)
    _details(visit, run)
    passport_parts.show(visit, run)
    again_parts.show(visit, run)
    if not run.settings.get("beta"):  # these look for examples, and it learned from votes
        curve_parts.show(visit, run)
        taught_parts.show(visit, run)
        verbatim_parts.show(visit, run)
    canary_parts.show(run)
    checkpoint_parts.show(visit, run)
    takeaway_parts.show(visit, run)
    _buttons(visit, run)


def _details(visit: Visit, run: Run) -> None:
    """Its curve, the answers on its way, its log; read only when somebody opens it."""
    opened = st.expander("How it learned, and its answers", key=f"train-details-{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        known = answers.known_to(visit)
        job_panel(job_view.reader(visit.store, run.job, samples=known), None)
        _whose_words(visit, run.job, run.dataset, known)


def _whose_words(visit: Visit, job: str, dataset: str, known: bool) -> None:
    """The choice to read the answers on the way, where there are any; for those who do, that they did."""
    if job_view.view(visit.store, job).watched:
        if known:
            answers.read(visit, dataset)
        else:
            answers.gate(visit, dataset, f"train-{job}", _GROWING)


def _in_figures(run: Run, beside: Compared | None) -> str:
    """Time and memory (where `beside` does not tell them), and speed, in one line; "" where nothing was measured."""
    result, said = run.result, []
    if beside is None and (seconds := result.get("seconds")):
        said.append(f"took {duration(float(seconds))}")
    if beside is None and (peak := result.get("peak_memory_mb")):
        said.append(f"at most {gigabytes(float(peak))} of memory")
    if speed := result.get("tokens_per_second"):
        said.append(f"{float(speed):,.0f} tokens (word pieces) a second")
    told = ", ".join(said)
    return f"{told[:1].upper()}{told[1:]}." if told else ""


def _dropped(visit: Visit, run: Run) -> None:
    """Examples that were left out, by name and reason."""
    left_out = run.result.get("dropped", [])
    if not left_out:
        return
    with st.expander(f"{blocks.several(len(left_out), 'example')} left out", key=f"train-dropped-{run.id}"):
        for row in left_out[:_DROPPED_SHOWN]:
            example = examples.get(visit.store, example_of(row["id"]))
            blocks.excerpt(example.input if example else row["id"])
            blocks.note(f"Left out: {row['reason']}.")
            if example:
                blocks.way(
                    visit, "examples", "Open this example", f"train-open-{run.id}-{row['id']}", example=example.id
                )
        if len(left_out) > _DROPPED_SHOWN:
            blocks.note(
                f"And {len(left_out) - _DROPPED_SHOWN:,} more: "
                + ", ".join(r["id"][:8] for r in left_out[_DROPPED_SHOWN:])
            )


def _buttons(visit: Visit, run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if arms.get(visit.store, f"tuned-{run.id}") or run.state is JobState.done:
            blocks.way(visit, "evaluate", "Compare its answers", f"train-compare-{run.id}")
        else:
            if run.state is JobState.cancelled and run.adapter_sha256:
                st.button("Use what it learned", key=f"train-keep-{run.id}", icon=":material/check:",
                          on_click=frame.attempt, args=(lambda: step.keep(visit.store, visit.person.id, run.id),
                                                        "It is a tuned model now, as far as it came."))  # fmt: skip
            again = (lambda: step.resume(visit.store, visit.person.id, run.job), "It goes on from its last checkpoint.")
            key = f"train-resume-{run.id}"
            st.button("Go on with it", key=key, icon=":material/play_arrow:", on_click=frame.attempt, args=again)
        st.button("Discard", key=f"train-discard-{run.id}", type="tertiary", on_click=frame.attempt,
                  args=(lambda: step.discard(visit.store, visit.person.id, visit.project_id, run.id),
                        "Discarded, with its tuned model. Undo brings both back."))  # fmt: skip
