"""A model elsewhere as something to compare with, on the Prompts page: added by address and name, and what it is."""

from __future__ import annotations

import streamlit as st

from studio import baselines
from studio.records import Arm
from studio.ui import address_parts, blocks, draft_fields, frame, keys
from studio.ui.access import Visit

_MODEL, _ADDRESS = "baselines-elsewhere-model", "baselines-elsewhere-address"


def add(visit: Visit) -> None:
    """The form: which allowed address, and the model's name there."""
    blocks.note(
        "A model behind an OpenAI-compatible address answers with the bare input; then you can put your prompts before "
        "it, too. What you let it answer leaves this machine for that address."
    )
    known = address_parts.allowed(visit)
    if not known:
        return
    draft_fields.pick(visit, "Address", _ADDRESS, {each: each for each in known})
    draft_fields.line(visit, "Its model’s name there", _MODEL, placeholder="gpt-4.1-mini")
    st.button("Add this model", key="baselines-elsewhere-add", type="primary", on_click=_add, args=(visit,))


def _add(visit: Visit) -> None:
    address, model = st.session_state[_ADDRESS], draft_fields.value(visit, _MODEL)
    made = frame.attempt(
        lambda: baselines.add_elsewhere(visit.store, visit.person.id, visit.project_id, address, model),
        "Added. Its prompts leave this machine when you let it answer.",
    )
    if made:
        st.session_state[keys.PROMPT] = made.id
        draft_fields.forget(visit, _MODEL)
        draft_fields.saved_as(visit, _ADDRESS)


def about(arm: Arm) -> None:
    """What the base arm of a model elsewhere is."""
    address, _, model = arm.model.partition("#")
    blocks.section(
        arm.name,
        f"{model} at {address}, given the bare input and nothing else. Its weights are elsewhere: whether the provider "
        "exchanges the model behind that name, nobody can see from here.",
    )
