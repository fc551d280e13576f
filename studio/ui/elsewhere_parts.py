"""A model tuned elsewhere, on the Train page: register it with the set it was tuned on, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio.records import Dataset, Run
from studio.store import arms
from studio.store import datasets as dataset_rows
from studio.train import elsewhere, step
from studio.train.elsewhere import Told
from studio.ui import address_parts, blocks, draft_fields, frame, keys, passport_parts, taught_parts, verbatim_parts
from studio.ui.access import Visit

_NAME, _MODEL, _ADDRESS, _SET = "elsewhere-name", "elsewhere-model", "elsewhere-address", "elsewhere-set"
_TOLD = {
    "provider": ("Who tuned it", "OpenAI"),
    "base_model": ("From which base model", "gpt-4.1-mini"),
    "method": ("How it was tuned", "supervised, 3 passes"),
    "tuned_on": ("When it was tuned", "12 November 2026"),
}


def register(visit: Visit, sets: Sequence[Dataset]) -> None:
    """The form, closed until somebody opens it; nothing for those who may not train."""
    if not visit.may_edit or not sets:
        return
    opened = st.expander("Add a model that was tuned elsewhere", key="elsewhere-add", on_change="rerun")
    if not opened.open:
        return
    with opened:
        blocks.note(
            "A provider's model, behind an OpenAI-compatible address. It is compared, voted on and decided like one "
            "that was tuned here. The prompts are sent there."
        )
        known = address_parts.allowed(visit)
        if not known:
            return
        names = {each.id: each.name for each in sets}
        draft_fields.line(visit, "What to call it here", _NAME, placeholder="Provider’s model 1", width=420)
        draft_fields.pick(visit, "Address", _ADDRESS, {each: each for each in known}, width=420)
        draft_fields.line(visit, "Its model’s name there", _MODEL, placeholder="ft:gpt-4.1-mini:larkfield:tone:abc",
                          width=420)  # fmt: skip
        draft_fields.pick(visit, "Tuned on this frozen set", _SET, names, width=420)
        for key, (label, example) in _TOLD.items():
            draft_fields.line(visit, f"{label} (optional)", f"elsewhere-{key}", placeholder=example, width=420)
        blocks.note(
            "What you leave empty stands in its passport as not known. Nobody here can check what a provider did with "
            "the set, or whether it exchanges the model behind that name."
        )
        st.button("Register it", key="elsewhere-register", type="primary", on_click=_register, args=(visit,))


def _register(visit: Visit) -> None:
    told = Told(**{key: draft_fields.value(visit, f"elsewhere-{key}") for key in _TOLD})
    done = frame.attempt(
        lambda: elsewhere.register(
            visit.store, visit.person.id, visit.project_id, name=draft_fields.value(visit, _NAME),
            address=st.session_state[_ADDRESS], model=draft_fields.value(visit, _MODEL),
            dataset=st.session_state[_SET], told=told,
        ),
        "It is registered. Let it answer on the Compare page.",
    )  # fmt: skip
    if done:
        for key in (_NAME, _MODEL, *(f"elsewhere-{each}" for each in _TOLD)):
            draft_fields.forget(visit, key)
        for key in (_ADDRESS, _SET):
            draft_fields.saved_as(visit, key)
        st.session_state[keys.TRAIN_VIEW] = "runs"


def card(visit: Visit, run: Run) -> None:
    """What is known of one, and all that can be done with it."""
    arm, dataset = arms.get(visit.store, f"tuned-{run.id}"), dataset_rows.get(visit.store, run.dataset)
    address, _, model = run.model.partition("#")
    blocks.item(arm.name if arm else model, f"Tuned elsewhere, on {dataset.name if dataset else 'an older set'}; "
                f"registered {blocks.when(run.at)}", "elsewhere")  # fmt: skip
    said = [f"{label.lower()}: {run.settings[key]}" for key, (label, _) in _TOLD.items() if key in run.settings]
    missing = [label.lower() for key, (label, _) in _TOLD.items() if key not in run.settings]
    blocks.plain(f"{model} at {address}{'; ' if said else '.'}{'; '.join(said)}{'.' if said else ''}")
    blocks.note(
        (f"Not known: {', '.join(missing)}. " if missing else "")
        + "Its fingerprint is over the address, the name and when it was registered, not over weights: whether the "
        "provider exchanges the model behind that name, nobody can see from here."
    )
    passport_parts.show(visit, run)
    taught_parts.show(visit, run)
    verbatim_parts.show(visit, run)
    with st.container(horizontal=True, vertical_alignment="center"):
        blocks.way(visit, "evaluate", "Let it answer", f"train-compare-{run.id}")
        st.button("Discard", key=f"train-discard-{run.id}", type="tertiary", on_click=frame.attempt,
                  args=(lambda: step.discard(visit.store, visit.person.id, visit.project_id, run.id),
                        "Discarded. Undo brings it back."))  # fmt: skip
