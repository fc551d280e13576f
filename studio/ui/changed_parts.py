"""Robustness and fairness on the Compare page: does the answer hold, and is it as good whoever asks?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import changed, outputs
from studio.evaluate.changes import GROUPS, PEOPLE, SURFACES
from studio.evaluate.holding import Alike, Apart, Held, Holds
from studio.records import Arm, Dataset, Split
from studio.store import Store
from studio.ui import answers, blocks, draft_fields, frame, job_view, model_parts, stopped_parts
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel

_TITLES = {"surface": "Does the answer hold when the input changes?", "people": "Is it as good whoever asks?"}
_WORDS = {
    "held": "no change shown",
    "worse": "worse",
    "better": "better",
    "too few": "too few to tell",
    "nothing to lose": "nothing to lose",
}
_APART = {"apart": "different", "alike": "no difference shown", "too few": "too few to tell"}


def show(visit: Visit, dataset: Dataset, known: Sequence[Arm]) -> None:
    """Both questions, each with its answer and the way to ask it; nothing without an arm."""
    if not known:
        return
    kept = min(changed.PROMPTS, dataset.splits.get(Split.validation.value, 0))
    for what in changed.KINDS:
        blocks.section(_TITLES[what], _said(what, kept))
        _one(visit, dataset, known, what)


def _said(what: str, kept: int) -> str:
    if what == "surface":
        changes = ", ".join(change.title.lower() for change in SURFACES)
        return (
            f"The same {blocks.several(kept, 'validation prompt')} as they are and changed by rule: {changes}. Numbers "
            "and addresses stay as they are (robustness)."
        )
    return (
        f"The same {blocks.several(kept, 'validation prompt')} from, or about, somebody else: "
        f"{', '.join(group.lower() for group in GROUPS.values())} (counterfactual fairness)."
    )


def _one(visit: Visit, dataset: Dataset, known: Sequence[Arm], what: str) -> None:
    kind = changed.KINDS[what]
    job = job_view.active(visit.store, visit.project_id, kind)
    if job:
        job_panel(job_view.reader(visit.store, job.id), lambda: changed.stop(visit.store, job))
        return
    stopped_parts.newest(visit, kind, "The last asking ended early.", outputs.go_on)
    with st.expander("What is changed", key=f"changed-what-{what}"):
        changes = SURFACES if what == "surface" else PEOPLE
        blocks.bullets([f"{change.title}: {change.sentence}" for change in changes])
    as_of = answers.figures_as_of(visit)
    found = _found(visit.store, str(visit.store.workspace), as_of, visit.project_id, dataset.id, what)
    if found:
        _answered(found, what)
    if visit.may_edit and model_parts.are_here(visit):
        _ask(visit, dataset, known, what, again=found is not None)


@st.cache_data(max_entries=8, show_spinner="Setting the answers side by side")
def _found(
    _store: Store, workspace: str, version: int, project: str, dataset: str, what: str
) -> changed.Found | None:  # fmt: skip
    return changed.newest(_store, project, dataset, what)


def _ask(visit: Visit, dataset: Dataset, known: Sequence[Arm], what: str, *, again: bool) -> None:
    names = {arm.id: arm.name for arm in known}
    first = [arm.id for arm in known if arm.model == known[0].model][:2]
    key = f"changed-arms-{what}-{dataset.id}"
    draft_fields.many(visit, "Ask these", key, names, first, width=560)
    label = "Ask them again" if again else "Ask them"
    st.button(label, key=f"changed-start-{what}", icon=":material/play_arrow:", on_click=_start,
              type="tertiary" if again else "secondary", args=(visit, dataset.id, what, key))  # fmt: skip


def _start(visit: Visit, dataset: str, what: str, key: str) -> None:
    picked = list(st.session_state[key])
    if frame.attempt(
        lambda: changed.start(visit.store, visit.person.id, visit.project_id, dataset, picked, what),
        "They are being asked. You can leave this page; it goes on.",
    ):
        draft_fields.saved_as(visit, key)


def _answered(found: changed.Found, what: str) -> None:
    for arm in found.arms:
        if what == "surface":
            _holds(arm, found.holds[arm.id])
        else:
            _alike(arm, found.alike[arm.id])
    about = (
        "A changed answer is scored as any other and set beside its own original; differences are corrected for the "
        "number of changes (sign-flip test, Holm). "
        if what == "surface"
        else "Two versions of the same question are set side by side; differences are corrected for the number of "
        "comparisons (sign-flip test, Holm). It cannot see how people of any group would really write, nor whether "
        "what is asked of them is fair; given names stand for groups only as readers tend to read them. "
    )
    blocks.note(f"{about}{blocks.several(found.asked, 'prompt')}, measured {blocks.when(found.job.at)}.")


def _holds(arm: Arm, found: Holds) -> None:
    blocks.item(arm.name, found.sentence)
    headers = ["Change", "Score as it was", "Changed", "Difference", "Same answer, word for word", "What it says"]
    with st.expander("Change by change", key=f"changed-surface-{arm.id}"):
        blocks.table(headers, [_held(row) for row in found.rows], f"{arm.name}: main score of its answers")


def _held(row: Held) -> list[str]:
    gap = row.difference
    return [
        row.title, blocks.percent(row.before), blocks.percent(row.after),
        f"{100 * gap.value:+.0f} points ({100 * gap.low:+.0f} to {100 * gap.high:+.0f}), n = {row.n}",
        f"{blocks.percent(row.same.value)} ({blocks.between((row.same.low, row.same.high))})", _WORDS[row.word],
    ]  # fmt: skip


def _alike(arm: Arm, found: Alike) -> None:
    blocks.item(arm.name, found.sentence)
    headers = ["Set side by side", "What", "First", "Second", "Difference", "What it says"]
    if apart := [row for row in found.rows if row.word == "apart"]:
        blocks.table(headers, [_apart(row) for row in apart], f"{arm.name}: answered differently beyond chance")
    with st.expander(f"All {len(found.rows)} comparisons", key=f"changed-people-{arm.id}"):
        blocks.table(headers, [_apart(row) for row in found.rows], f"{arm.name}: the widest apart first")


def _apart(row: Apart) -> list[str]:
    gap, scale = row.difference, 100 if row.share else 1
    unit = " points" if row.share else ""
    one, other = (blocks.percent(v) if row.share else f"{v:.0f}" for v in (row.one, row.other))
    return [
        f"{row.first} / {row.second}", row.what, one, other,
        f"{scale * gap.value:+.0f}{unit} ({scale * gap.low:+.0f} to {scale * gap.high:+.0f}), n = {row.n}",
        _APART[row.word],
    ]  # fmt: skip
