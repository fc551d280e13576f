"""Take a tuned model away, on the Train page: prepare it, see how its check came out, download it, serve it."""

from __future__ import annotations

import streamlit as st

from studio import run_export
from studio.jobs import place
from studio.records import Job, Run
from studio.store import runs
from studio.train import step, takeaway, takeaway_readme
from studio.ui import blocks, frame, job_view, takeaway_route
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel

_WORDS = {
    "adapter": "Only what was learned, in the PEFT format: small, and of use beside the same base model.",
    "merged": "Base and adapter in one, as safetensors: larger, and any program that reads models can load it.",
}


def show(visit: Visit, run: Run) -> None:
    """For a run that left a model. The work is a job of its own, so that the page can be left meanwhile."""
    if not step.is_used(visit.store, run):
        return
    opened = st.expander("Take it away", key=f"train-takeaway-{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        active = job_view.active(visit.store, visit.project_id, takeaway.KIND)
        if active is not None and active.detail.get("run") == run.id:
            job_panel(job_view.reader(visit.store, active.id), lambda: _stop(visit, active))
            return
        _failed(visit, run)
        ready = takeaway.ready(visit.store, run)
        for form, title in takeaway.forms(run).items():
            with st.container(key=f"train-takeaway-{form}-{run.id}"):
                blocks.item(title, _WORDS[form])
                if form in ready:
                    _taken(ready[form], run)
                st.button(
                    "Prepare it again" if form in ready else "Prepare and check it",
                    key=f"train-takeaway-start-{form}-{run.id}", type="tertiary" if form in ready else "secondary",
                    icon=":material/inventory_2:", on_click=_start, args=(visit, run, form),
                )  # fmt: skip


def _taken(taken: takeaway.Taken, run: Run) -> None:
    said = takeaway_readme.checked(taken.check)
    if taken.as_reviewed:
        blocks.plain(said)
    else:
        frame.warnings([said])
    size = taken.zip_bytes / 1e6
    st.link_button(
        f"Download {taken.zip.name} ({size:,.0f} MB)" if size >= 1 else f"Download {taken.zip.name} ({size:,.1f} MB)",
        takeaway_route.address(taken), icon=":material/download:",
    )  # fmt: skip
    rank, base = int(run.settings.get("lora_rank", 0)), takeaway.base_for(run.model)
    for program, line in takeaway_readme.commands(taken.form, taken.name, base, rank).items():
        blocks.note(f"Serve it with {program}, beside the unpacked folder:")
        st.code(line, language=None, wrap_lines=True)
    blocks.note(takeaway_readme.asking(taken.form, taken.name))
    if taken.form == "adapter" and (said := takeaway_readme.beside(base)):
        blocks.note(said)
    blocks.note("The folder holds a README with the model card and these lines, the base’s licence, and the passport.")


def _failed(visit: Visit, run: Run) -> None:
    """Why the newest try for this run ended, if it did not end well."""
    tries = [j for j in runs.jobs(visit.store, run.project) if j.kind == takeaway.KIND and j.detail["run"] == run.id]
    if tries and (reason := tries[0].detail.get("result", {}).get("reason")):
        frame.warnings([str(reason)])


def _start(visit: Visit, run: Run, form: str) -> None:
    frame.attempt(
        lambda: run_export.prepare(visit.store, visit.person.id, run, form),
        "It is being made and checked. You can leave this page; it goes on.",
    )


def _stop(visit: Visit, job: Job) -> None:
    folder = visit.store.workspace / "jobs" / job.folder
    place.of(folder).cancel(folder)
