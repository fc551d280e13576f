"""The base models on screen: prepare the bundled ones, choose one, and what it needs."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from studio import models
from studio.models import background
from studio.ui import blocks, frame
from studio.ui.access import Visit


def models_here(visit: Visit) -> bool:
    """Whether the bundled models are on this machine; otherwise the way to fetch them, or how far that is."""
    folder = visit.store.workspace
    missing = [m for m in models.bundled() if not models.present(m.name, folder)]
    if not missing:
        return True
    if background.watch(folder).running:
        _following(visit)
        return False
    megabytes = sum(m.size_mb for m in missing)
    licences = ", ".join(sorted({m.licence for m in missing}))
    text = (
        f"{' and '.join(m.title for m in missing)} must be prepared on this machine once: about {megabytes:,} MB of "
        f"disk and a minute or two. Licence: {licences}. Nothing is sent anywhere."
    )
    frame.empty("The model is not here yet", text, "Prepare it now" if visit.may_edit else "", lambda: _fetch(visit))
    if said := background.watch(folder).said:
        frame.warnings([f"The last try ended: {said}"])
    return False


def _fetch(visit: Visit) -> None:
    frame.attempt(lambda: background.begin(visit.store.workspace))


@st.fragment(run_every=1.0)
def _following(visit: Visit) -> None:
    now = background.watch(visit.store.workspace)
    if not now.running:
        st.rerun()
    blocks.item("Preparing the model", now.said or "Starting", "working")
    blocks.note("It is unpacked, checked and stored once; later starts use it at once. You can leave this page.")


@st.cache_data(ttl=60, show_spinner=False)
def _machine(workspace: str) -> models.Machine:
    return models.machine(Path(workspace))


def choose(visit: Visit) -> str:
    """Which base model, with what it is, what it needs and whose licence it has."""
    folder = visit.store.workspace
    writes = [m for m in models.catalogue() if m.purpose == "writes"]
    here = [m for m in writes if models.present(m.name, folder)]
    titles = {m.name: m.title for m in here}
    chosen = st.selectbox("Base model", list(titles), format_func=titles.__getitem__, key="train-model", width=560)
    machine = _machine(str(folder))
    found = next(m for m in here if m.name == chosen)
    blocks.note(f"{found.note} {found.fits(machine).sentence} {_facts(found)}")
    others = [m for m in writes if m not in here]
    if others:
        with st.expander("Larger models", key="train-models"):
            blocks.note(
                "The smallest that does the task is the best choice. These come from the hub: an engineer fetches one "
                "with the command beside it, and it can then be chosen here."
            )
            rows = [
                [m.title, m.note, _facts(m), m.fits(machine).sentence, f"studio models fetch {m.name}"] for m in others
            ]
            for title, note, facts, fits, command in rows:
                blocks.item(title, f"{note} {facts} {fits} Command: {command}")
    return found.name


def _facts(found: models.Entry) -> str:
    return f"{found.size_mb:,} MB, licence {found.licence}."
