"""A long step on screen: how far it is, a way to stop it, and what can be done with one that was stopped.

It runs in the page. Any rerun ends that between two parts, and goes on where it was unless Stop was pressed.
"""

from __future__ import annotations

import time
from functools import partial
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from studio.examples import series
from studio.examples.batch import Told
from studio.records import Refusal
from studio.store import Store
from studio.store import series as rows
from studio.store.series import Series
from studio.ui import access, act_words, blocks, keys
from studio.ui.access import Visit
from studio.wording import duration

_SHOWN_AFTER_S = 0.6


def start(visit: Visit, name: str, said: str, *, back: bool = False) -> None:
    """In a callback: the page that follows goes on with a series (or takes it `back`) and ends with `said`."""
    st.session_state[keys.LONG_STEP] = [visit.project_id, name, back, said]


def show(visit: Visit) -> None:
    """At the head of every page of a project: the step that runs here, or those of this person that were stopped."""
    project, name, back, said = st.session_state.get(keys.LONG_STEP) or ("", "", False, "")
    if project and project == visit.project:
        _run(visit, name, back, said)
    elif visit.may_edit:
        store = visit.store
        for found in _unfinished(store, str(store.workspace), store.version, visit.project_id, visit.person.id):
            _stopped(visit, found)


@st.cache_data(max_entries=64, show_spinner=False)
def _unfinished(_store: Store, workspace: str, version: int, project: str, person: str) -> list[Series]:
    return rows.unfinished(_store, project, person)


def _run(visit: Visit, name: str, back: bool, said: str) -> None:
    """To its end, then the page again, which says how it went."""
    told = _bar("Taking it back" if back else "Working")
    try:
        access.refuse_if_changed(seeing=True)
        if back:
            series.take_back(visit.store, visit.person.id, name, told)
        elif waiting := series.go_on(visit.store, name, told):
            said += f" {waiting:,} of them wait for a second approval."
        st.session_state[keys.NOTICE] = ["said", said]
    except Refusal as refusal:
        st.session_state[keys.NOTICE] = ["refused", str(refusal)]
    st.session_state.pop(keys.LONG_STEP)
    st.rerun()


def _bar(doing: str) -> Told:
    """Shows the share that is done once that has taken a moment. A click is heard each time the bar moves."""
    place, began = st.container(), time.monotonic()
    first: list[float] = []
    bars: list[DeltaGenerator] = []

    def told(share: float) -> None:
        first.append(share)
        spent, done = time.monotonic() - began, share - first[0]
        if spent < _SHOWN_AFTER_S:
            return
        if not bars:
            with place.container(key="long-step", border=True):
                bars.append(st.progress(share))
                st.button("Stop", key="long-step-stop", icon=":material/stop:", on_click=_stop)
        left = f", about {duration(spent * (1 - share) / done)} left" if done > 0.02 else ""
        bars[0].progress(
            share, f"{doing}: {blocks.percent(share)}{left}. Others can save meanwhile; keep this page open."
        )

    return told


def _stop() -> None:
    st.session_state.pop(keys.LONG_STEP, None)


def _stopped(visit: Visit, found: Series) -> None:
    """One that is neither whole nor taken back, and what can become of it."""
    choices = {
        "on": ("Go on", partial(start, visit, found.id, f"All {found.items:,} are done. Undo takes it back.")),
        "back": ("Take back what was done", partial(start, visit, found.id, "Undone.", back=True)),
        "keep": ("Leave it so", partial(_keep, visit, found.id)),
    }
    if found.standing:
        how_far = f"{act_words.whole(visit.store, found)}; {found.done:,} of {found.items:,} are done, the others are "
        how_far += "as they were."
    else:
        how_far = f"An import was cut off before its first row. All {found.items:,} rows that were read are kept."
        del choices["back"]
    with st.container(key=f"long-step-{found.id}", border=True):
        st.html(f"<p><b>Stopped on the way.</b> {escape(how_far)}</p>")
        with st.container(horizontal=True):
            for name, (label, do) in choices.items():
                st.button(label, key=f"long-step-{name}-{found.id}", on_click=do)


def _keep(visit: Visit, name: str) -> None:
    try:
        access.refuse_if_changed(seeing=True)
        series.keep(visit.store, visit.person.id, name)
    except Refusal as refusal:
        st.session_state[keys.NOTICE] = ["refused", str(refusal)]
