"""A frozen set on the health page: how often its test set was used, how it differs from another, taking it along."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from studio import dataset_history, exports, looks
from studio.dataset_history import Difference, Moved
from studio.exports import Contents, folder
from studio.records import Dataset, Example, Refusal, Split
from studio.reports import dataset_card
from studio.store import Store
from studio.store import datasets as rows
from studio.ui import as_seen, blocks, frame
from studio.ui.access import Visit

_SHOWN = 20
_FEW = 3
_COMPARE, _TAKE, _CARD = "Compare", "Take it with you", "Card"
_PARTS = {Split.train: "To learn from (training)", Split.validation: "To watch (validation)", Split.test: "To test"}


def what_became(visit: Visit, dataset: Dataset, before: Dataset | None) -> None:
    """How spent the test set is, and what can be done with the set; `before` is compared with first."""
    blocks.note(used(visit, dataset))
    others = [d for d in rows.every(visit.store, visit.project_id) if d.id != dataset.id]
    offered = [*([_COMPARE] if others else []), _TAKE, _CARD]
    chosen = st.segmented_control(
        "What to do with it", offered, key=f"health-with-{dataset.id}", label_visibility="collapsed"
    )
    if chosen == _COMPARE:
        _compare(visit, dataset, others, before)
    elif chosen == _TAKE:
        _take(visit, dataset)
    elif chosen == _CARD:
        _card(visit, dataset)


def used(visit: Visit, dataset: Dataset) -> str:
    """How often the test set was used and what to do, in words: for every page where it is used again."""
    return _used(visit.store, str(visit.store.workspace), visit.store.version, dataset.id)


@st.cache_data(max_entries=64, show_spinner=False)
def _used(_store: Store, workspace: str, version: int, dataset: str) -> str:
    found = rows.get(_store, dataset)
    assert found is not None
    return looks.spent(_store, found).sentence


# -- how two sets differ ---------------------------------------------------------------------------


@st.cache_data(max_entries=4, show_spinner="Comparing the two sets")
def _difference(_store: Store, workspace: str, before: str, after: str) -> Difference:
    old, new = rows.get(_store, before), rows.get(_store, after)
    assert old is not None and new is not None
    return dataset_history.difference(_store, old, new)


def _compare(visit: Visit, dataset: Dataset, others: list[Dataset], before: Dataset | None) -> None:
    names = {d.id: f"{d.name}, {blocks.when(d.at)}" for d in others}
    picked = st.selectbox(
        "What changed since", list(names), list(names).index(before.id) if before else 0,
        format_func=names.__getitem__, key=f"health-since-{dataset.id}",
    )  # fmt: skip
    found = _difference(visit.store, str(visit.store.workspace), picked, dataset.id)
    blocks.item(found.sentence)
    _around(dataset, found.around)
    kinds: dict[str, Sequence[Example | Moved]] = {
        "Added": found.added, "Taken out": found.removed, "Rewritten": found.rewritten,
        "In another split": found.resplit, "Filed otherwise": found.refiled,
    }  # fmt: skip
    there = [name for name, listed in kinds.items() if listed]
    if not there:
        return
    key = f"health-diff-{dataset.id}"
    shown = st.segmented_control(
        "Show", there, default=there[0], key=f"{key}-kind", format_func=lambda n: f"{n} ({len(kinds[n]):,})"
    )
    listed = kinds[shown or there[0]]
    pages = -(-len(listed) // _SHOWN)
    page = st.pagination(pages, key=f"{key}-page-{shown}", width=420) if pages > 1 else 1
    for each in listed[(page - 1) * _SHOWN : page * _SHOWN]:
        _changed(each, shown or there[0])


def _around(dataset: Dataset, sentences: Sequence[str]) -> None:
    """What differs beside the examples; where it is much, closed at first."""
    if 0 < len(sentences) <= _FEW:
        blocks.bullets(sentences)
    elif sentences:
        title = f"Beside the examples: {len(sentences):,} differences in brief, findings and reasons"
        with st.expander(title, key=f"health-around-{dataset.id}"):
            blocks.bullets(sentences)


def _changed(each: Example | Moved, kind: str) -> None:
    if isinstance(each, Example):
        blocks.excerpt(each.input)
        blocks.note(f"{_place(each)}. Ideal output: {' '.join(each.ideal.split())[:140] or 'none'}")
        return
    before, after = each.before, each.after
    if kind != "Rewritten":
        blocks.excerpt(after.input)
        blocks.bullets(_moves(before, after))
        return
    texts = (
        ("Input", before.prompt.asked, after.prompt.asked), ("Ideal output", before.ideal, after.ideal),
        ("System text", before.system, after.system), ("Worse answer", before.worse, after.worse),
    )  # fmt: skip
    if before.prompt.asked == after.prompt.asked:
        blocks.excerpt(after.input)
    for title, old, new in texts:
        if old != new:
            blocks.note(title)
            blocks.difference(old, new)


def _moves(before: Example, after: Example) -> list[str]:
    told = (
        ("Split", before.split.value if before.split else "", after.split.value if after.split else ""),
        ("Slice", before.slice, after.slice), ("Kinds", ", ".join(before.kinds), ", ".join(after.kinds)),
        ("Tags", ", ".join(before.tags), ", ".join(after.tags)), ("Group", before.group, after.group),
        ("Source", before.source, after.source), ("Licence", before.licence, after.licence),
        ("Consent", before.consent.value, after.consent.value), ("Right ends", before.expires, after.expires),
    )  # fmt: skip
    return [f"{title}: from {old or 'none'} to {new or 'none'}" for title, old, new in told if old != new]


def _place(example: Example) -> str:
    slice = example.slice.replace("_", " ") or "no slice"
    return f"{example.split.value if example.split else 'no split'}, {slice}"


# -- taking it along -------------------------------------------------------------------------------


@st.cache_data(max_entries=8, show_spinner="Looking at the set")
def _contents(_store: Store, workspace: str, dataset: str) -> dict[str, Contents]:
    """What there is in each split, and in all of them ("")."""
    found = rows.get(_store, dataset)
    assert found is not None
    every = rows.rows_of(_store, found)
    parts = {split.value: exports.contents(e for e in every if e.split is split) for split in Split}
    return {"": exports.contents(every), **parts}


def _take(visit: Visit, dataset: Dataset) -> None:
    """A format, a part, what the file will not hold, and the download."""
    key = f"health-take-{dataset.id}"
    labels = {"": "Hugging Face folder, with the card"} | {n: f.label for n, f in exports.FORMATS.items()}
    with st.container(horizontal=True):
        name = st.selectbox("As", list(labels), format_func=labels.__getitem__, key=f"{key}-format", width=340)
        split = ""
        if name:
            whole = "All of it" if "split" in exports.FORMATS[name].holds else ""
            parts = {**({"": whole} if whole else {}), **{s.value: label for s, label in _PARTS.items()}}
            split = st.selectbox(
                "Which part", list(parts), format_func=parts.__getitem__, key=f"{key}-{name}", width=240
            )
    if not name:
        blocks.note("One file for each part, and the card: datasets.load_dataset reads the unpacked folder as it is.")
        _download(dataset, key, "", "-dataset.zip", "application/zip", partial(_zipped, visit.store, dataset))
        return
    try:
        found = _contents(visit.store, str(visit.store.workspace), dataset.id)
        format = exports.FORMATS[name]
        taken, told = exports.part(found[""].splits, format, Split(split) if split else None)
    except Refusal as refusal:
        frame.refused(refusal)
        return
    blocks.bullets([*told, *exports.notes(found[taken or ""], format)])
    ending = f"-{split}{format.ending}" if split else format.ending
    _download(dataset, key, name, ending, format.mime, partial(_file, visit.store, dataset, name, split))


def _download(dataset: Dataset, key: str, name: str, ending: str, mime: str, data: partial[bytes]) -> None:
    # Built only when the button is pressed; the session holds nothing of it.
    st.download_button(
        "Download", data, f"{dataset.id}{ending}", mime, key=f"{key}-download-{name}", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def _file(store: Store, dataset: Dataset, format: str, split: str) -> bytes:
    wanted = Split(split) if split else None
    part, _ = exports.of_split(rows.rows_of(store, dataset), exports.of_name(format), wanted)
    return exports.export(part, format).data


def _zipped(store: Store, dataset: Dataset) -> bytes:
    return folder.zipped(folder.files(rows.rows_of(store, dataset), dataset_card.written(store, dataset)))


@st.cache_data(max_entries=4, show_spinner="Writing the card")
def _written(_store: Store, workspace: str, version: int, dataset: str) -> str:
    found = rows.get(_store, dataset)
    assert found is not None
    return dataset_card.written(_store, found)


def _card(visit: Visit, dataset: Dataset) -> None:
    text = _written(visit.store, str(visit.store.workspace), visit.store.version, dataset.id)
    as_seen.document(dataset_card.without_head(text))
    st.download_button(
        "Download the card", text, f"{dataset.id}-README.md", "text/markdown", key=f"health-card-{dataset.id}",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip
