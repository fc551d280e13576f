"""The documents of a project on the Prompts page: bring one, what it gives away, who reads it, take it out."""

from __future__ import annotations

import streamlit as st

from studio.documents import reading
from studio.documents import step as documents
from studio.examples import uploads
from studio.jobs import resident
from studio.jobs.resident import Reading
from studio.records import Arm, ArmKind, Dataset, Document, Refusal
from studio.store import datasets as dataset_rows
from studio.store import documents as rows
from studio.ui import blocks, frame, model_parts, notices, passages_parts
from studio.ui.access import Visit

_SHOWN = 3
_READ = 20


def show(visit: Visit, arm: Arm | None = None) -> None:
    """All documents, folded away unless the arm on screen reads them."""
    here = rows.every(visit.store, visit.project_id)
    if not here and not visit.may_edit:
        return
    head = f"Documents ({len(here):,})" if here else "Documents: none yet"
    reads = arm is not None and arm.kind is ArmKind.retrieval
    with st.expander(head, key="documents", expanded=reads, icon=":material/description:"):
        blocks.note(
            "An arm can be given passages of what your team has written: a handbook, house rules, a price list. Bring "
            "them here, then add “Passages from documents” under “Another prompt”."
        )
        dataset = dataset_rows.latest(visit.store, visit.project_id)
        for each in here:
            _one(visit, each, dataset)
        if visit.may_edit:
            _bring(visit)
            notices.show("documents")
            if here and model_parts.are_here(visit) and documents.unread(visit.store, visit.project_id):
                _follow(visit)


def _bring(visit: Visit) -> None:
    st.file_uploader("Bring a document: plain text, Markdown, HTML or PDF", list(reading.FORMATS), key="documents-file",
                     on_change=_brought, args=(visit,))  # fmt: skip


def _brought(visit: Visit) -> None:
    file = st.session_state["documents-file"]
    if file is None:
        return

    def add() -> Document:
        name = uploads.receive(visit.store, file.getvalue())
        try:
            where = uploads.where(visit.store, name)
            return documents.add(visit.store, visit.person.id, visit.project_id, where, file.name)
        finally:
            uploads.put_aside(visit.store, name)

    made = frame.attempt(add)
    if made:
        frame.attempt(lambda: None, f"“{made.name}” is here, cut into {blocks.several(made.passages, 'passage')}.")
    notices.keep_for("documents")


def _one(visit: Visit, document: Document, dataset: Dataset | None) -> None:
    using = [arm.name for arm in documents.using(visit.store, document)]
    size = f"{blocks.several(document.passages, 'passage')}, {blocks.several(document.words, 'word')}"
    held = passages_parts.held(visit, document, dataset) if dataset else []
    with st.container(key=f"documents-{document.id}", gap="xsmall"):
        blocks.item(document.name, f"{size}. {f'Read by {_listed(using)}.' if using else 'No arm reads it yet.'}",
                    f"{len(held):,} never given" if held else "")  # fmt: skip
        if held and dataset:
            blocks.note(
                f"Never given to a model while {dataset.name} is compared, because the text of an example kept aside "
                "stands there:"
            )
            blocks.bullets([_why(each) for each in held[:_SHOWN]])
            if len(held) > _SHOWN:
                blocks.note(f"And {len(held) - _SHOWN:,} more.")
        with st.container(horizontal=True):
            reading_it = st.popover("Read its passages", key=f"documents-read-{document.id}", type="tertiary",
                                    on_change="rerun")  # fmt: skip
            if reading_it.open:
                with reading_it:
                    _passages(visit, document)
            if visit.may_edit:
                _removing(visit, document, using)


def _passages(visit: Visit, document: Document) -> None:
    for passage in rows.passages_of(visit.store, [document.id])[:_READ]:
        blocks.item(passage.source, passage.piece.text)
    if document.passages > _READ:
        blocks.note(f"The first {_READ} of {document.passages:,}.")


def _why(held: documents.Held) -> str:
    number = held.passage.id.rpartition("/")[2]
    return (
        f"Passage {number} ({held.passage.source}) holds the {held.leak.what} of a {held.leak.split.value} example: "
        f"“{blocks.start_of(held.leak.text, 90)}”"
    )


def _listed(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _removing(visit: Visit, document: Document, using: list[str]) -> None:
    """At once where no arm reads it; else after being told which ones will answer nothing."""
    if not using:
        st.button("Remove", key=f"documents-remove-{document.id}", type="tertiary", on_click=_remove,
                  args=(visit, document), help="Undo brings it back.")  # fmt: skip
        return
    with st.popover("Remove", key=f"documents-remove-{document.id}", type="tertiary"):
        blocks.plain(f"{_listed(using)} reads it, and answers nothing more until it is given other documents. Answers "
                     "that were written stay. Undo brings the document back.")  # fmt: skip
        st.button("Remove it all the same", key=f"documents-gone-{document.id}", on_click=_remove,
                  args=(visit, document))  # fmt: skip


def _remove(visit: Visit, document: Document) -> None:
    frame.attempt(
        lambda: documents.remove(visit.store, visit.person.id, visit.project_id, document.id),
        f"“{document.name}” is removed. Undo brings it back.",
    )
    notices.keep_for("documents")


@st.fragment(run_every=1.0)
def _follow(visit: Visit) -> None:
    """The reading of passages by the model that compares meanings, once each; an arm may be asked before it ends."""
    try:
        if not documents.unread(visit.store, visit.project_id):
            st.rerun()
        state = resident.of(visit.store.workspace).state()
        if not state.reading.running and not state.reading.reason:
            documents.read_missing(visit.store, visit.project_id)
        _progress(state.reading)
    except Refusal:
        # A job has the machine: it reads what it needs itself, and the rest is read after it.
        blocks.note("The passages are read when the machine is free.")


def _progress(reading: Reading) -> None:
    if reading.reason:
        frame.warnings([reading.reason])
    elif reading.running and reading.total:
        blocks.note(f"Reading the passages: {reading.done:,} of {reading.total:,}.")
    else:
        blocks.note("The model that compares meanings is waking; it then reads the passages once.")
