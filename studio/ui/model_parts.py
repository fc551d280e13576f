"""The base models on screen: prepare the bundled ones, choose one, and what it needs."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from studio import models
from studio.models import background
from studio.records import Refusal
from studio.store import Store
from studio.train import bases
from studio.ui import blocks, draft_fields, frame, keys
from studio.ui.access import Visit
from studio.wording import duration

_OTHER = "train-another-name"


def models_here(visit: Visit) -> bool:
    """Whether the bundled models are on this machine; otherwise the way to fetch them, or how far that is."""
    folder, missing = visit.store.workspace, _missing(visit)
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


def are_here(visit: Visit) -> bool:
    """Whether the bundled models are on this machine, without a word about it."""
    return not _missing(visit)


def _missing(visit: Visit) -> list[models.Entry]:
    return [m for m in models.bundled() if not models.present(m.name, visit.store.workspace)]


def _fetch(visit: Visit) -> None:
    frame.attempt(lambda: background.begin(visit.store.workspace))


@st.fragment(run_every=1.0)
def _following(visit: Visit) -> None:
    now = background.watch(visit.store.workspace)
    if not now.running:
        st.rerun()
    share = now.done / now.total if now.total else 0.0
    left = f"about {duration(now.seconds_left)} left" if now.seconds_left else "the time left is not known yet"
    what = f"{now.said[:1].upper()}{now.said[1:]}" if now.said else "Starting"
    blocks.item("Preparing the model", f"{what}: {now.done} of {now.total} parts done, {left}."
                if now.total else f"{what}; {left}.", "working")  # fmt: skip
    st.progress(min(1.0, share))
    blocks.note("It is unpacked, checked and stored once; later starts use it at once. You can leave this page.")


@st.cache_data(ttl=60, show_spinner=False)
def machine_here(workspace: str) -> models.Machine:
    """What this machine can do, asked at most once a minute: with a GPU, to ask takes a moment."""
    return models.machine(Path(workspace))


def leaves(model: str, prompts: int) -> str:
    """What is said before prompts are sent to a model elsewhere; "" for a model on this machine."""
    if models.entry(model).kind != "endpoint":
        return ""
    several = blocks.several(prompts, "prompt")
    address = model.partition("#")[0]
    return f"{several}, with whatever text and examples stand before, will leave this machine for {address}."


def choose(visit: Visit) -> str:
    """Which base model, with what it is, what it needs and whose licence it has."""
    folder = visit.store.workspace
    here = [m for m in models.catalogue() if m.purpose == "writes" and models.present(m.name, folder)]
    titles = {m.name: m.title for m in here}
    taken = draft_fields.value(visit, keys.OTHER_MODEL)
    if taken and models.present(taken, folder):
        titles.setdefault(taken, models.entry(taken).title)
    advice = _advice(visit.store, str(folder), visit.store.version, visit.project_id)
    chosen = draft_fields.pick(visit, "Base model", "train-model", titles, advice.name or None, width=560)
    machine = machine_here(str(folder))
    found = models.described(chosen, folder)
    blocks.note(f"{found.note} {found.fits(machine).sentence} {_facts(found)}")
    _advised(advice, titles)
    with st.expander("Every model of the list", key="train-models"):
        _listed(folder, machine)
    with st.expander("Another model", key="train-another"):
        _another(visit, machine)
    return found.name


@st.cache_data(max_entries=8, show_spinner=False)
def _advice(_store: Store, workspace: str, version: int, project: str) -> bases.Choice:
    return bases.choice(_store, project)


def _advised(advice: bases.Choice, titles: dict[str, str]) -> None:
    """Which base the studio would take, why, and what would change that."""
    lead = f"Advice: {titles[advice.name]}." if advice.name in titles else "Advice: none of these."
    blocks.note(f"{lead} {' '.join(advice.why)} {advice.otherwise}")


def _listed(folder: Path, machine: models.Machine) -> None:
    """The whole catalogue: what each is, what it needs, and whether it can be used now."""
    blocks.note("The smallest that does the task is the best choice. Larger ones come from the hub, over the network.")
    for found in models.catalogue():
        fits = found.fits(machine).sentence if found.purpose == "writes" else "It needs little memory."
        blocks.item(found.title, f"{found.note} {_facts(found)} {fits} {_use(found, folder)}")


def _another(visit: Visit, machine: models.Machine) -> None:
    """One field for any model: what it is, whether it fits, what it is good for here; and the way to train on it."""
    text = draft_fields.line(
        visit, "A folder on this machine, a hub id, or an endpoint's address", _OTHER, width=560,
        placeholder="/models/mine, org/model or https://host/v1#model",
    )  # fmt: skip
    if not text.strip():
        blocks.note("A folder holds safetensors weights. An endpoint speaks the OpenAI protocol.")
        return
    folder = visit.store.workspace
    try:
        found = models.described(text, folder)
    except Refusal as refusal:
        frame.refused(refusal)
        return
    blocks.item(found.title or found.name, f"{found.note} {_facts(found)} {found.fits(machine).sentence}")
    blocks.plain(_use(found, folder))
    if _ready(found, folder):
        st.button("Train on this one", key="train-another-use", on_click=_take, args=(visit, found.name))


def _take(visit: Visit, name: str) -> None:
    for key in (keys.OTHER_MODEL, "train-model"):
        draft_fields.put(visit, key, name)


def _ready(found: models.Entry, folder: Path) -> bool:
    trains = found.purpose == "writes" and found.kind != "endpoint"
    return trains and models.present(found.name, folder) and (found.kind != "folder" or found.size_mb > 0)


def _use(found: models.Entry, folder: Path) -> str:
    """What can be done with it here, in a sentence."""
    if found.purpose == "compares":
        return "It compares meanings; it is never trained."
    if found.kind == "endpoint":
        return "An endpoint cannot be trained here: its weights are elsewhere."
    if _ready(found, folder):
        return "It is here and can be trained."
    if found.kind == "folder":
        return "No weights (safetensors) are in this folder, so it cannot be used."
    if found.kind == "hub":
        return f"It is not here yet. It must be fetched first, with the network: studio models fetch {found.name}"
    return "It is not here yet."


def _facts(found: models.Entry) -> str:
    size = "It takes no room here" if found.kind == "endpoint" else "Size unknown"
    return f"{f'{found.size_mb:,} MB' if found.size_mb else size}, licence: {found.licence}."
