"""Whether a tuned model repeats its examples word for word, on the Train page, with the way to the example."""

from __future__ import annotations

import streamlit as st

from studio import datasets, outputs
from studio.evaluate.verbatim import Verbatim, verbatim
from studio.records import ArmKind, Run, Split
from studio.store import Store, arms
from studio.store import datasets as dataset_rows
from studio.train import step
from studio.ui import answers, blocks
from studio.ui.access import Visit

_SHOWN = 5


def show(visit: Visit, run: Run) -> None:
    """For a run that left a model; worked out only when somebody opens it."""
    if not step.is_used(visit.store, run):
        return
    opened = st.expander("Does it repeat its examples?", key=f"train-verbatim-{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        if answers.held_back(visit):
            answers.come_back_later(visit)
            return
        found = _found(visit.store, str(visit.store.workspace), visit.store.version, run.id, run.dataset, run.model)
        blocks.plain(in_words(found))
        if not found.n:
            blocks.way(visit, "evaluate", "Let it answer", f"train-verbatim-evaluate-{run.id}")
        elif found.repeated and answers.known_to(visit):
            answers.read(visit, run.dataset)
            _listed(visit, run, found)


def in_words(found: Verbatim) -> str:
    """What was found, with its n and what it was held against."""
    if not found.n:
        return "It has not answered anything yet, so nobody can say. Let it answer the test or the validation split."
    shares = f"at most {found.base_longest} words in a row" if found.base_longest else "no stretch of five words"
    against = (
        f"Its base, asked {found.base_n:,} of the same prompts, shares {shares} with an example."
        if found.base_n
        else "Its base has not answered these prompts, so nothing is known to hold it against."
    )
    if not found.repeated:
        return f"No: none of its {found.n:,} answers repeats twelve words in a row of one training example. {against}"
    most = max(run.words for run in found.repeated.values())
    return (
        f"{len(found.repeated):,} of its {found.n:,} answers hold a stretch of one or two training examples, word for "
        f"word, up to {most} words long. {against} Phrases that more than two examples share are not counted."
    )


@st.cache_data(max_entries=8, show_spinner="Looking for its examples in its answers")
def _found(_store: Store, workspace: str, version: int, run: str, dataset: str, model: str) -> Verbatim:
    found, tuned = dataset_rows.get(_store, dataset), arms.get(_store, f"tuned-{run}")
    if found is None or tuned is None:
        return verbatim({}, {}, {})
    base = [arm for arm in arms.every(_store, found.project) if arm.kind is ArmKind.base and arm.model == model]
    texts = {e.id: e.ideal for e in datasets.rows_in(_store, found, Split.train)}
    written = {name: g.output for name, g in outputs.current(_store, dataset, tuned).items() if name not in texts}
    plain = {name: g.output for arm in base for name, g in outputs.current(_store, dataset, arm).items()}
    return verbatim(texts, written, plain)


def _listed(visit: Visit, run: Run, found: Verbatim) -> None:
    for prompt, each in list(found.repeated.items())[:_SHOWN]:
        blocks.excerpt(each.text)
        blocks.note(f"{each.words} words in a row, from an example it learned from.")
        blocks.way(visit, "examples", "Open that example", f"train-verbatim-{run.id}-{prompt}", example=each.row)
    if len(found.repeated) > _SHOWN:
        blocks.note(f"And {len(found.repeated) - _SHOWN:,} more answers.")
