"""The pieces of the Compare page: the sentence on top, rule by rule, what else counts, the answers, who is next."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import outputs
from studio.records import PROMPTING, Arm, ArmKind, Brief, Dataset, Split
from studio.store import arms, briefs
from studio.store import datasets as dataset_rows
from studio.ui import (
    answers,
    blocks,
    dataset_parts,
    draft_fields,
    frame,
    job_view,
    model_parts,
    rule_chart,
)
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel

PAGE_SIZE = 5
_ORDER = (ArmKind.tuned, *PROMPTING, ArmKind.base)
_ANY = "Any rule"


def records(visit: Visit) -> tuple[Brief | None, Dataset | None]:
    """The brief and the newest frozen set: what answers are checked against."""
    return briefs.latest(visit.store, visit.project_id), dataset_rows.latest(visit.store, visit.project_id)


def nothing_yet(visit: Visit) -> None:
    """Comparing needs a brief and a frozen set."""
    frame.empty(
        "Nothing to compare yet",
        "Here the base, your prompts and the tuned model answer the same test inputs, which none of them has seen, and "
        "the answers are checked against the brief, rule by rule. It needs a frozen set first.",
    )
    blocks.way(visit, "health", "Check and freeze a set", "evaluate-to-health")


def in_use(visit: Visit) -> list[Arm]:
    """Every arm in use, tuned models first."""
    return sorted(arms.every(visit.store, visit.project_id), key=lambda arm: _ORDER.index(arm.kind))


def chosen(compared: Sequence[outputs.Compared]) -> list[outputs.Compared]:
    """Those that answered, tuned models first; with more than three, the reader chooses which are shown."""
    found = sorted(compared, key=lambda each: _ORDER.index(each.arm.kind))
    if len(found) <= 3:
        return found
    names = {each.arm.id: each.arm.name for each in found}
    picked = st.multiselect(
        "Shown", list(names), default=list(names), format_func=names.__getitem__, key="evaluate-shown"
    )
    return [each for each in found if each.arm.id in picked]


# -- the sentence, and rule by rule -----------------------------------------------------------------


def summary(shown: Sequence[outputs.Compared]) -> None:
    """One sentence that a reader may repeat, whether training helped, and each arm's figure."""
    said = outputs.headline(shown)
    if said is None:
        return
    blocks.lead(said.sentence)
    blocks.plain(said.finding)
    for each, column in zip(shown, st.columns(len(shown)), strict=True):
        mean = each.average
        with column:
            frame.figure(
                f"{mean.value:.1f} of {mean.rules}", f"95 % interval {mean.low:.1f} to {mean.high:.1f}", mean.n,
                f"{each.arm.name}: house rules kept per answer, on average.",
            )  # fmt: skip
    blocks.note(
        "A prompt counts its share of the rules that apply to it. A machine can check only whether the words are "
        "there; whether an answer is true, kind and useful is for people to say."
    )


def rules(shown: Sequence[outputs.Compared]) -> None:
    """How often each rule was kept, as a picture, and as a table for readers of any kind."""
    blocks.section(
        "Rule by rule",
        "How often each arm keeps each rule on the test prompts. An arm is one way to produce an answer: the base, a "
        "prompt, or a tuned model. The lines are 95 % intervals.",
    )
    rule_chart.dots(shown, "evaluate-rules")
    with st.expander("The same as a table", key="evaluate-table"):
        answers.rule_table(shown, "Share of test prompts on which each rule is kept, its 95 % interval, and n")


def counted(shown: Sequence[outputs.Compared]) -> None:
    """What is missing or empty is told before anything else: the figures speak of the other prompts only."""
    for each in shown:
        missing = each.expected - each.written
        if missing or each.empty:
            said = [f"has no answer for {missing:,} of {each.expected:,} test prompts"] if missing else []
            said += [f"says nothing to {each.empty:,}"] if each.empty else []
            after = " Its figures speak of the others only. Write the missing answers below before you open a round."
            frame.warnings([f"{each.arm.name} {' and '.join(said)}.{after if missing else ''}"])


# -- writing ----------------------------------------------------------------------------------------


def writing(visit: Visit, dataset: Dataset, known: Sequence[Arm], compared: Sequence[outputs.Compared]) -> None:
    """Which arms have answered, and the button that lets the others."""
    total = dataset.splits.get(Split.test.value, 0)
    done = {each.arm.id: each.written for each in compared}
    blocks.section(
        "Who answers",
        f"Each arm (one way to produce an answer) answers the same {blocks.several(total, 'test prompt')} of "
        f"{dataset.name}, with one copy of the model's weights and the same settings. Answers of an older prompt do "
        "not count.",
    )  # fmt: skip
    blocks.note(dataset_parts.used(visit, dataset))
    job = job_view.active(visit.store, visit.project_id, "generate")
    if job:
        job_panel(job_view.reader(visit.store, job.id), lambda: outputs.stop(visit.store, job))
        return
    if not known:
        blocks.note("There is no arm yet. Start with a prompt; the base comes with it.")
        blocks.way(visit, "baselines", "Start a prompt", "evaluate-to-prompts")
        return
    pace = {each.arm.id: f"{each.tokens_out / each.seconds:,.0f}" for each in compared if each.seconds}
    rows = [
        [arm.name, _KINDS[arm.kind], f"{done.get(arm.id, 0):,} of {total:,}", pace.get(arm.id, "not measured")]
        for arm in known
    ]
    headers = ["Arm", "What it is", "Answered", "Word pieces (tokens) a second"]
    blocks.table(headers, rows, "The arms of this project")
    if visit.may_edit and model_parts.models_here(visit):
        answers.unfinished(visit, dataset.id)
        _ask(visit, dataset, known, {arm.id: total - done.get(arm.id, 0) for arm in known})


_KINDS = {
    ArmKind.tuned: "a tuned model, bare input",
    ArmKind.prompted: "the base with a prompt before each input",
    ArmKind.few_shot: "the base with examples before each input",
    ArmKind.retrieval: "the base with passages of documents before each input",
    ArmKind.base: "the model as it comes, bare input",
}


def _ask(visit: Visit, dataset: Dataset, known: Sequence[Arm], missing: dict[str, int]) -> None:
    names = {arm.id: arm.name for arm in known}
    lacking = [arm.id for arm in known if missing[arm.id] > 0]
    key = f"evaluate-arms-{dataset.id}"
    chosen = draft_fields.many(visit, "Let these answer", key, names, lacking, width=560)
    picked = [arm for arm in known if arm.id in chosen]
    for model in dict.fromkeys(arm.model for arm in picked):
        asked = sum(arm.model == model for arm in picked) * dataset.splits.get(Split.test.value, 0)
        if away := model_parts.leaves(model, asked):
            blocks.plain(away)
    label = "Write the answers" if lacking else "Write the answers again"
    st.button(
        label, key="evaluate-write", type="primary" if lacking else "secondary", icon=":material/play_arrow:",
        on_click=_write, args=(visit, dataset.id, key),
    )  # fmt: skip


def _write(visit: Visit, dataset: str, key: str) -> None:
    picked = list(st.session_state[key])
    if frame.attempt(
        lambda: outputs.generate_each(visit.store, visit.person.id, visit.project_id, dataset, picked, Split.test),
        "The answers are being written. You can leave this page; they go on.",
    ):
        draft_fields.saved_as(visit, key)


def onwards(visit: Visit) -> None:
    """Nothing here decides."""
    blocks.section(
        "What this does not tell",
        "Nothing on this page is a decision. The rules say whether the words are there; which answer people prefer, "
        "not knowing whose it is, is told by the blind round.",
    )
    blocks.way(visit, "review", "Go to the blind round", "evaluate-to-review")
