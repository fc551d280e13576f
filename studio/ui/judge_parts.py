"""A language model's opinion, on the Compare page: what it is worth beside people first, then what it says."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import judging, models, vote_sets
from studio.records import Arm, Dataset
from studio.store import Store
from studio.ui import blocks, draft_fields, frame, job_view, stopped_parts
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel


def show(visit: Visit, dataset: Dataset, known: Sequence[Arm]) -> None:
    """Off until somebody asks for it; nothing with fewer than two arms."""
    if len(known) < 2:
        return
    blocks.section(
        "A language model's opinion",
        "A model can be asked which of two answers is better (LLM as a judge). It is shown every pair in both orders, "
        "is held against what people voted before anything it says is shown, and never counts as a person.",
    )
    job = job_view.active(visit.store, visit.project_id, judging.KIND)
    if job:
        job_panel(job_view.reader(visit.store, job.id), lambda: judging.stop(visit.store, job))
        return
    stopped_parts.newest(visit, judging.KIND, "The last judgement ended early.", judging.go_on)
    found = _found(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id, dataset.id)
    if found:
        _said(found)
    decided = _voted(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id)
    if decided < vote_sets.LEAST:
        blocks.note(
            f"People have decided {blocks.several(decided, 'pair')} in closed blind rounds; a judge is held against at "
            f"least {vote_sets.LEAST}, so it cannot be asked yet."
        )
    elif visit.may_edit:
        _ask(visit, dataset, known, again=found is not None)


@st.cache_data(max_entries=8, show_spinner=False)
def _found(_store: Store, workspace: str, version: int, project: str, dataset: str) -> judging.Found | None:
    return judging.newest(_store, project, dataset)


@st.cache_data(max_entries=8, show_spinner=False)
def _voted(_store: Store, workspace: str, version: int, project: str) -> int:
    return judging.voted(_store, project)


def _said(found: judging.Found) -> None:
    title = models.entry(found.model).title
    blocks.item(f"{title} beside people", found.calibration.sentence)
    if found.leaning:
        blocks.item("What it says", found.leaning.sentence)
    unread = found.calibration.unread
    odd = f" {blocks.several(unread, 'pair')} of those people decided got a reply that was no choice." if unread else ""
    blocks.note(f"Judged {blocks.when(found.job.at)}.{odd}")


def _ask(visit: Visit, dataset: Dataset, known: Sequence[Arm], *, again: bool) -> None:
    here = [
        m.name for m in models.catalogue() if m.purpose == "writes" and models.present(m.name, visit.store.workspace)
    ]
    choices = list(dict.fromkeys([*(arm.model for arm in known), *here]))
    names = {arm.id: arm.name for arm in known}
    key = f"judge-{dataset.id}"
    left, right = st.columns(2)
    with left:
        draft_fields.pick(visit, "Judge", f"{key}-model", {name: models.entry(name).title for name in choices})
    with right:
        draft_fields.many(visit, "Between these two", f"{key}-arms", names, list(names)[:2], 2)
    if any(models.entry(name).kind == "endpoint" for name in choices):
        blocks.note("A judge behind an address is sent the prompts and both answers: they leave this machine.")
    st.button("Ask the judge again" if again else "Ask the judge", key="judge-start", icon=":material/balance:",
              type="tertiary" if again else "secondary", on_click=_start, args=(visit, dataset.id, key))  # fmt: skip


def _start(visit: Visit, dataset: str, key: str) -> None:
    picked, model = list(st.session_state[f"{key}-arms"]), st.session_state[f"{key}-model"]
    first, second = (*picked, "", "")[:2]
    if frame.attempt(
        lambda: judging.start(visit.store, visit.person.id, visit.project_id, dataset, model, first, second),
        "The judge is being asked. You can leave this page; it goes on.",
    ):
        for field in ("model", "arms"):
            draft_fields.saved_as(visit, f"{key}-{field}")
