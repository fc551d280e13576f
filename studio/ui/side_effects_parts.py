"""What did tuning break? On the Compare page: the sentence, skills, prose, everyday answers; and the way to ask."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import side_effects
from studio.evaluate.side_effects import Report, items
from studio.records import ArmKind
from studio.side_effects import Found
from studio.store import Store, arms, runs
from studio.ui import answers, blocks, frame, job_view, model_parts, stopped_parts
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel

_ANSWERS_SHOWN = 5


def show(visit: Visit) -> None:
    """For every tuned model whose weights are here; nothing without one."""
    tuned = [arm for arm in arms.every(visit.store, visit.project_id) if arm.kind is ArmKind.tuned]
    here = [arm for arm in reversed(tuned) if (run := runs.get(visit.store, arm.run)) and run.adapter]
    if not here:
        return
    asked = items()
    blocks.section(
        "What did tuning break?",
        f"The tuned model and its base on what has nothing to do with your task: {len(asked.neutral)} plain texts, "
        f"{len(asked.skills)} questions on six general skills, and {len(asked.outside)} everyday questions to answer. "
        "They come with the studio.",
    )
    job = job_view.active(visit.store, visit.project_id, side_effects.KIND)
    if job:
        job_panel(job_view.reader(visit.store, job.id), lambda: side_effects.stop(visit.store, job))
        return
    stopped_parts.newest(visit, side_effects.KIND, "The last asking ended early.", side_effects.resume)
    names = {arm.id: arm.name for arm in here}
    chosen = here[0].id
    if len(here) > 1:
        chosen = st.selectbox(
            "Tuned model", list(names), format_func=names.__getitem__, key="side-effects-arm", width=560
        )
    found = _ready(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id).get(chosen)
    if found:
        _found(visit, found)
    if visit.may_edit and model_parts.are_here(visit):
        label = "Ask again" if found else "Ask it and its base"
        st.button(label, key="side-effects-start", type="tertiary" if found else "secondary",
                  icon=":material/healing:", on_click=_start, args=(visit, chosen))  # fmt: skip


@st.cache_data(max_entries=8, show_spinner=False)
def _ready(_store: Store, workspace: str, version: int, project: str) -> dict[str, Found]:
    return side_effects.ready(_store, project)


def _start(visit: Visit, arm: str) -> None:
    frame.attempt(
        lambda: side_effects.start(visit.store, visit.person.id, arm),
        "They are being asked. You can leave this page; it goes on.",
    )


def _found(visit: Visit, found: Found) -> None:
    report = found.report
    blocks.lead(f"{found.arm.name}: {report.headline}")
    blocks.table(
        ["General skill", "Base", found.arm.name, "Difference", "What it says"], _skills(report),
        "Questions answered rightly, with 95 % intervals; guessing is one in four, for grammar one in two",
    )  # fmt: skip
    blocks.plain(f"Plain prose. {report.loss_sentence}")
    blocks.bullets([drift.sentence for drift in report.drifts])
    blocks.note(
        "Differences of skills, and of refusals, languages and empty answers, are corrected for their number "
        "(McNemar's exact test, Holm). Broad "
        f"damage shows here; a small loss can hide in so few items. Measured {blocks.when(found.job.at)}."
    )
    if answers.known_to(visit):
        answers.read(visit, "everyday")
        _everyday(found)


def _skills(report: Report) -> Sequence[Sequence[str]]:
    return [
        [
            skill.name,
            f"{blocks.percent(skill.base.value)} ({blocks.between((skill.base.low, skill.base.high))})",
            f"{blocks.percent(skill.tuned.value)} ({blocks.between((skill.tuned.low, skill.tuned.high))})",
            f"{round(100 * skill.difference.value) or 0:+d} points, n = {skill.n}".replace("+0 ", "0 "),
            {"held": "no change shown", "lost": "lost", "gained": "gained", "unmeasurable": "unmeasurable"}[skill.word],
        ]
        for skill in report.skills
    ]


def _everyday(found: Found) -> None:
    """Some of the everyday questions with both answers, for those who may know whose is whose."""
    seen, asked = found.job.detail["result"]["seen"], items().outside
    with st.expander("Some of the everyday answers", key="side-effects-answers"):
        for name in list(asked)[:_ANSWERS_SHOWN]:
            blocks.item(asked[name])
            left, right = st.columns(2)
            with left:
                _answer("Base", seen["base"]["answers"].get(name, ""))
            with right:
                _answer(found.arm.name, seen[found.arm.id]["answers"].get(name, ""))


def _answer(name: str, text: str) -> None:
    blocks.note(name)
    blocks.excerpt(text, 400)
