"""The pieces of the Prompts page: which prompt, its text beside the brief, its versions, and a try on validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from studio import baselines, models, outputs
from studio.records import PROMPTING, Arm, ArmKind, Brief, Choosing, Dataset, Example, Split
from studio.store import arms, briefs, documents, people
from studio.store import datasets as dataset_rows
from studio.ui import (
    answers,
    blocks,
    draft_fields,
    endpoint_parts,
    frame,
    job_view,
    keys,
    model_parts,
    passages_parts,
    shots_parts,
)
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel

FROM_BRIEF = "The brief"
_NOTHING = "No text at all"
_PLAIN, _SHOTS = "A prompt", "Examples before the input (few-shot)"
_PASSAGES = "Passages from documents (retrieval)"
_SHOWN_AT_FIRST = 4
TRIED = 24
_SHOWN = 4


def records(visit: Visit) -> tuple[Brief | None, list[Arm]]:
    """The brief, and the arms that are no tuned model."""
    known = [a for a in arms.every(visit.store, visit.project_id) if a.kind is not ArmKind.tuned]
    return briefs.latest(visit.store, visit.project_id), known


def no_brief(visit: Visit) -> None:
    """Without a brief there is nothing that a prompt could state."""
    frame.empty(
        "A prompt starts from the brief",
        "Write the brief first: its rules are what a prompt asks for, and what every answer is checked against.",
    )
    blocks.way(visit, "brief", "Write the brief", "baselines-to-brief")


def no_prompt(visit: Visit) -> None:
    """The first prompt states the brief; people improve it from there."""
    text = (
        "A prompt is an instruction that goes before each input. A good one may be all you need, and it is what "
        "training has to beat. The first one is made from your brief; you improve it from there."
    )
    action = "Start a prompt from the brief" if visit.may_edit else ""
    frame.empty("No prompt yet", text, action, lambda: _start(visit))


def _start(visit: Visit) -> None:
    frame.attempt(lambda: baselines.base(visit.store, visit.person.id, visit.project_id))
    made = frame.attempt(
        lambda: baselines.add_prompt(visit.store, visit.person.id, visit.project_id, name="House prompt")
    )
    if made:
        st.session_state[keys.PROMPT] = made.id


def choose(visit: Visit, known: Sequence[Arm]) -> Arm:
    """The arm on screen, and the way to one more prompt."""
    names = {a.id: a.name for a in known}
    prompts = [a.id for a in known if a.kind in PROMPTING]
    if st.session_state.get(keys.PROMPT) not in names:
        st.session_state[keys.PROMPT] = prompts[-1]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Prompt", list(names), format_func=names.__getitem__, key=keys.PROMPT, persist_state="session", width=340
        )
        if visit.may_edit:
            with st.popover("Another prompt", icon=":material/add:", key="baselines-add"):
                _another(visit, known)
            with st.popover("A model elsewhere", icon=":material/cloud:", key="baselines-elsewhere"):
                endpoint_parts.add(visit)
        frame.undo_bar(visit)
    return next(a for a in known if a.id == chosen)


def _another(visit: Visit, known: Sequence[Arm]) -> None:
    prompts = [arm for arm in known if arm.kind in PROMPTING]
    bases = {arm.model: models.entry(arm.model).title for arm in known}
    draft_fields.line(visit, "Its name", "baselines-new-name", placeholder="For example: Shorter", max_chars=60)
    kinds = {each: each for each in (_PLAIN, _SHOTS, _PASSAGES)}
    kind = draft_fields.radio(visit, "What goes before the input", "baselines-new-kind", kinds)
    texts = {FROM_BRIEF: "", **{f"A copy of {a.name}": a.system_prompt for a in prompts if a.system_prompt}}
    if kind != _PLAIN:
        texts = {_NOTHING: "", **{f"The text of {a.name}": a.system_prompt for a in prompts if a.system_prompt}}
    start = draft_fields.pick(visit, "Its text starts from", f"baselines-new-from-{kind}", {t: t for t in texts})
    model = next(iter(bases))
    if len(bases) > 1:
        model = draft_fields.pick(visit, "Which model answers", "baselines-new-model", bases)
    if kind == _PASSAGES and not documents.every(visit.store, visit.project_id):
        blocks.note("There is no document yet. Bring one under Documents on this page first.")
    add = {_PLAIN: _add, _SHOTS: _add_few_shot, _PASSAGES: _add_retrieval}[kind]
    st.button("Add it", key="baselines-new", type="primary", on_click=add, args=(visit, texts[start], model))


def _add(visit: Visit, text: str, model: str) -> None:
    # Read here, not passed on: a click right after typing comes with the field in one go.
    name = draft_fields.value(visit, "baselines-new-name")
    _added(visit, lambda: baselines.add_prompt(
        visit.store, visit.person.id, visit.project_id, name=name, text=text, model=model
    ))  # fmt: skip


def _add_few_shot(visit: Visit, text: str, model: str) -> None:
    name = draft_fields.value(visit, "baselines-new-name")

    def add() -> Arm:
        shots = baselines.shots(visit.store, visit.project_id, Choosing.by_nearness, _SHOWN_AT_FIRST)
        return baselines.add_few_shot(
            visit.store, visit.person.id, visit.project_id, name=name, shots=shots, text=text, model=model
        )  # fmt: skip

    _added(visit, add)


def _add_retrieval(visit: Visit, text: str, model: str) -> None:
    name = draft_fields.value(visit, "baselines-new-name")
    _added(visit, lambda: passages_parts.add(visit, name, text, model))


def _added(visit: Visit, add: Callable[[], Arm]) -> None:
    if made := frame.attempt(add):
        st.session_state[keys.PROMPT] = made.id
        draft_fields.forget(visit, "baselines-new-name")
        for field in ("kind", "model", *(f"from-{kind}" for kind in (_PLAIN, _SHOTS, _PASSAGES))):
            draft_fields.saved_as(visit, f"baselines-new-{field}")


def base(arm: Arm) -> None:
    """What the base is."""
    if models.entry(arm.model).kind == "endpoint":
        endpoint_parts.about(arm)
        return
    blocks.section(
        arm.name,
        "The model as it comes, given the bare input and nothing else. It has no prompt to edit; it is the ground that "
        "prompts and training are measured against.",
    )


# -- the text ---------------------------------------------------------------------------------------


def _text_key(arm: Arm) -> str:
    return f"{keys.PROMPT_TEXT}-{arm.id}"


def _from_key(arm: Arm) -> str:
    return f"{keys.PROMPT_FROM}-{arm.id}"


def editor(visit: Visit, arm: Arm, brief: Brief) -> None:
    """The prompt's text, beside what the brief asks for (under it on a narrow screen)."""
    writing, asking = st.columns([3, 2], gap="large")
    with asking:
        blocks.section("What the brief asks for", brief.task)
        for criterion in brief.criteria:
            with st.container(gap="xsmall"):
                blocks.item(criterion.name, criterion.how_to_tell or criterion.why)
    with writing:
        blocks.section("What the model is told", "This text goes before each input (system prompt).")
        if visit.may_edit:
            _editing(visit, arm)
        elif arm.system_prompt:
            frame.reading(arm.system_prompt)
        else:
            blocks.note("No text: only what it is shown first.")


def _editing(visit: Visit, arm: Arm) -> None:
    key, begun = _text_key(arm), _from_key(arm)
    text = draft_fields.value(visit, key, arm.system_prompt)
    version, saved = st.session_state.setdefault(begun, [arm.version, arm.system_prompt])
    if version != arm.version and text in (saved, arm.system_prompt):
        # Nothing was typed here, so the field follows what was saved or undone elsewhere.
        draft_fields.forget(visit, key, arm.system_prompt)
        st.session_state[begun] = [arm.version, arm.system_prompt]
    elif version != arm.version:
        frame.warnings([f"Version {arm.version} was saved while you were writing. Saving yours makes it the next one."])
    text = draft_fields.area(visit, f"{arm.name}, version {arm.version}", key, arm.system_prompt, height=_height(arm))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            f"Save as version {arm.version + 1}", key="baselines-save", type="primary", on_click=_save,
            args=(visit, arm),
        )  # fmt: skip
        if text != arm.system_prompt:
            st.button(
                "Throw my changes away", key="baselines-revert", type="tertiary", on_click=_show, args=(visit, arm)
            )
        _naming(visit, arm)
        st.button(
            "Retire", key="baselines-retire", type="tertiary", on_click=_retire, args=(visit, arm),
            help="It leaves every page; its outputs stay in the record. Undo brings it back.",
        )  # fmt: skip


def _height(arm: Arm) -> int:
    """An arm that shows examples often has no text, or a short one."""
    return 420 if arm.kind is ArmKind.prompted else 200


def _save(visit: Visit, arm: Arm) -> None:
    text = str(st.session_state[_text_key(arm)])
    if text == arm.system_prompt:
        return frame.attempt(lambda: None, f"Nothing to save: the text is as it stands in version {arm.version}.")
    made = frame.attempt(
        lambda: baselines.change_prompt(visit.store, visit.person.id, arm, text=text),
        f"Saved as version {arm.version + 1}. Answers written under the older text no longer count as this prompt's.",
    )
    if made:
        _show(visit, made)
    return None


def _show(visit: Visit, arm: Arm) -> None:
    draft_fields.forget(visit, _text_key(arm), arm.system_prompt)
    st.session_state[_from_key(arm)] = [arm.version, arm.system_prompt]


def _naming(visit: Visit, arm: Arm) -> None:
    with st.popover("Rename", key="baselines-rename", type="tertiary"):
        key = f"baselines-name-{arm.id}"
        draft_fields.line(visit, "New name", key, arm.name, max_chars=60)
        st.button("Rename", key="baselines-rename-do", on_click=_rename, args=(visit, arm, key))


def _rename(visit: Visit, arm: Arm, key: str) -> None:
    name, typed = str(st.session_state[key]), str(st.session_state[_text_key(arm)])
    made = frame.attempt(
        lambda: baselines.change_prompt(visit.store, visit.person.id, arm, text=arm.system_prompt, name=name),
        "Renamed.",
    )
    if made:
        draft_fields.forget(visit, key, made.name)
        st.session_state[_from_key(arm)] = [made.version, made.system_prompt]
        if typed != arm.system_prompt:
            draft_fields.put(visit, _text_key(arm), typed)


def _retire(visit: Visit, arm: Arm) -> None:
    frame.attempt(
        lambda: baselines.retire(visit.store, visit.person.id, arm.project, arm.id),
        f"“{arm.name}” is retired. Undo brings it back.",
    )


def versions(visit: Visit, arm: Arm) -> None:
    """Every saved version: who, when, what changed, and the way back to it."""
    history = arms.prompt_history(visit.store, arm.id)
    if len(history) < 2:
        return
    with st.expander(f"{len(history)} versions, and what changed", key="baselines-versions"):
        for place, each in enumerate(history):
            before = history[place + 1] if place + 1 < len(history) else None
            who = people.get(visit.store, each.actor)
            blocks.item(f"Version {each.number}", f"{who.name if who else each.actor}, {blocks.when(each.at)}")
            _changed(before, each)
            same = (each.system_prompt, each.recipe) == (arm.system_prompt, arm.recipe)
            if each.number != arm.version and not same and visit.may_edit:
                st.button(
                    f"Go back to version {each.number}", key=f"baselines-back-{each.number}", on_click=_go_back,
                    args=(visit, arm, each),
                )  # fmt: skip


def _changed(before: arms.Version | None, after: arms.Version) -> None:
    """What a version changed."""
    if before is None:
        blocks.note("The first version.")
        return
    if before.system_prompt != after.system_prompt:
        blocks.difference(before.system_prompt, after.system_prompt)
    if before.recipe != after.recipe and after.recipe.shots:
        blocks.note(f"What it shows first changed: {shots_parts.words(after.recipe.shots)}.")
    if before.recipe != after.recipe and after.recipe.passages:
        blocks.note(f"What it is given changed: {passages_parts.words(after.recipe.passages)}.")
    if (before.system_prompt, before.recipe) == (after.system_prompt, after.recipe):
        blocks.note("Only the name changed.")


def _go_back(visit: Visit, arm: Arm, version: arms.Version) -> None:
    made = frame.attempt(
        lambda: baselines.change_prompt(
            visit.store, visit.person.id, arm, text=version.system_prompt, recipe=version.recipe
        ),
        f"Version {version.number} is the newest again.",
    )
    if made:
        _show(visit, made)


# -- a try on examples kept aside -------------------------------------------------------------------


def trial(visit: Visit, arm: Arm, known: Sequence[Arm], brief: Brief) -> None:
    """The chosen prompt and the base on validation prompts: rule by rule, then a few answers to read."""
    blocks.section(
        "Try it on examples kept aside",
        "Prompts are tuned on the validation examples only. The test examples stay unseen by model and prompt until "
        "the answers are compared, or the comparison would flatter the prompt. An arm is one way to produce an "
        "answer: the base is one, and so is each prompt.",
    )
    dataset = dataset_rows.latest(visit.store, visit.project_id)
    if dataset is None:
        blocks.note("There is no frozen set yet, so no examples are kept aside. Check and freeze one first.")
        blocks.way(visit, "health", "Check and freeze", "baselines-to-health")
        return
    job = job_view.active(visit.store, visit.project_id, "generate")
    if job:
        job_panel(
            job_view.reader(visit.store, job.id), (lambda: outputs.stop(visit.store, job)) if visit.may_edit else None
        )
    elif visit.may_edit and model_parts.models_here(visit):
        count = min(TRIED, dataset.splits.get(Split.validation.value, 0))
        asked = _base_and(visit, arm, known)
        if away := model_parts.leaves(arm.model, count * len(asked)):
            blocks.plain(away)
        st.button(
            f"Let it answer {blocks.several(count, 'validation prompt')}", key="baselines-try", on_click=_try,
            args=(visit, dataset.id, asked), icon=":material/play_arrow:",
        )  # fmt: skip
        answers.unfinished(visit, dataset.id)
    _results(visit, dataset, arm, known, brief)


def _base_and(visit: Visit, arm: Arm, known: Sequence[Arm]) -> list[str]:
    found = [a.id for a in known if a.kind is ArmKind.base and a.model == arm.model]
    return [*found, *([arm.id] if arm.kind in PROMPTING else [])]


def _try(visit: Visit, dataset: str, chosen: list[str]) -> None:
    frame.attempt(
        lambda: outputs.generate(
            visit.store, visit.person.id, visit.project_id, dataset, chosen, Split.validation, most=TRIED
        ),
        "The answers are being written. You can leave this page; they go on.",
    )


def _results(visit: Visit, dataset: Dataset, arm: Arm, known: Sequence[Arm], brief: Brief) -> None:
    compared = answers.compared(visit, dataset.id, Split.validation)
    wanted = _base_and(visit, arm, known)
    shown = sorted((c for c in compared if c.arm.id in wanted), key=lambda c: wanted.index(c.arm.id))
    if not any(c.arm.id == arm.id for c in shown):
        blocks.note("Nothing was tried with this text yet.")
        return
    if answers.held_back(visit):
        answers.come_back_later(visit)
        return
    for each in shown:
        mean = each.average
        frame.figure(
            f"{mean.value:.1f} of {mean.rules}", f"95 % interval {mean.low:.1f} to {mean.high:.1f}", mean.n,
            f"Of {mean.rules} rules that a machine checks, {each.arm.name} keeps so many in an answer, on average:",
        )  # fmt: skip
    answers.rule_table(
        shown, "Rule by rule on validation prompts: share kept, its 95 % interval, and how often it applied"
    )
    passages_parts.figures(visit, dataset, [c.arm for c in shown], Split.validation)
    if answers.may_read(visit, dataset.id, "baselines"):
        _read(visit, dataset, shown, brief)


def _read(visit: Visit, dataset: Dataset, shown: Sequence[outputs.Compared], brief: Brief) -> None:
    written = {c.arm.id: outputs.current(visit.store, dataset.id, c.arm) for c in shown}
    examples: list[Example] = answers.examples(visit, dataset, Split.validation)
    both = [e for e in examples if all(e.id in found for found in written.values())]
    for example in both[:_SHOWN]:
        answers.side_by_side(brief, example, shown, written, f"baselines-{example.id}")
        own = {name: found[example.id] for name, found in written.items()}
        shots_parts.given(visit, dataset, [c.arm for c in shown], own, f"baselines-given-{example.id}")
        passages_parts.given(visit, [c.arm for c in shown], own, f"baselines-passages-{example.id}")
    if len(both) > _SHOWN:
        blocks.note(f"{_SHOWN} of {len(both)} are shown here.")
