"""Import: a file or pasted rows, what the studio understood of them, and every row it refuses with its reason."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.examples import step, uploads
from studio.examples.acting import Trash
from studio.examples.batch import ParsedBatch
from studio.examples.formats import FORMATS
from studio.examples.shapes import ROLES
from studio.records import Prompt, Refusal, Split, Status
from studio.store import examples as rows
from studio.store import finding, people, series
from studio.store.examples import Batch
from studio.store.finding import Filter
from studio.ui import acting_parts, as_seen, blocks, conversation, file_reading, form_fields, frame, keys, long_step
from studio.ui.access import Visit
from studio.ui.form_fields import Draft

_ROLE_WORDS = {
    "prompt": "Input", "completion": "Ideal output", "slice": "Kind of input (slice)",
    "kinds": "What is hard about it", "split": "Split", "group": "Group (kept together)", "status": "Status",
    "system": "System text", "earlier": "Earlier turns", "tags": "Tags", "worse": "A worse answer",
    "licence": "Licence", "consent": "Consent", "expires": "Right ends on", "review_by": "Look again by",
    "recheck": "Must be looked at again because",
    "source": "Where it comes from",
}  # fmt: skip
_START: dict[str, Any] = {"file": "", "name": "", "paste": "", "mapping": {}, "approved": False, "test": False}
_UNUSED = "(not used)"
_FIRST = 3
"""Roles that most files need (input, ideal output, slice), and columns of fields side by side."""


def show(visit: Visit) -> None:
    held = form_fields.draft(visit, "import", lambda: dict(_START))
    if held.form["file"]:
        _preview(visit, held)
    else:
        _bring(visit, held)


def _bring(visit: Visit, held: Draft) -> None:
    blocks.section("Bring your examples", "You will see what was understood before anything is imported.")
    file, paste = st.columns(2, gap="large")
    with file:
        st.file_uploader(
            "A file: CSV, TSV, Excel, OpenDocument, JSON, JSON Lines or Parquet", list(FORMATS), key="import-file",
            on_change=_uploaded, args=(visit, held),
        )  # fmt: skip
        blocks.note(
            "Columns called prompt and completion (or input and output, question and answer) are understood at once."
        )
    with paste:
        form_fields.area(
            held, ("paste",), "Or paste rows, the first line naming the columns", "import-paste",
            placeholder="prompt,completion\nWhere is my parcel?,We trace it today.",
        )  # fmt: skip
        st.button("Read what I pasted", key="import-read", on_click=_pasted, args=(visit, held))


def _uploaded(visit: Visit, held: Draft) -> None:
    file = st.session_state["import-file"]
    if file is not None:
        _received(visit, held, file.getvalue(), file.name)


def _pasted(visit: Visit, held: Draft) -> None:
    text = held.again()["paste"]
    if not text.strip():
        frame.attempt(_nothing_pasted)
        return
    _received(visit, held, text.encode(), "pasted rows")


def _nothing_pasted() -> None:
    raise Refusal("There is nothing in the field yet. Paste some rows first, the first line naming the columns.")


def _received(visit: Visit, held: Draft, content: bytes, name: str) -> None:
    kept = frame.attempt(lambda: uploads.receive(visit.store, content))
    if kept is not None:
        held.change(lambda form: form.update(file=kept, name=name, mapping={}))


def _aside(visit: Visit, held: Draft) -> None:
    uploads.put_aside(visit.store, held.again()["file"])
    held.change(lambda form: form.update(file="", name="", mapping={}))


def _parsed(visit: Visit, form: dict[str, Any]) -> file_reading.Read:
    return file_reading.read(visit.store, form["file"], form["name"], form["mapping"])


def _preview(visit: Visit, held: Draft) -> None:
    read = _parsed(visit, held.form)
    if isinstance(read, tuple):
        _not_understood(visit, held, *read)
        return
    name = held.form["name"]
    blocks.lead(_understood(read, name))
    if "completion" not in read.mapping and "turns" not in read.mapping:
        frame.warnings(["No column was taken for the ideal output. Choose it below if the file has one."])
    if read.refused:
        _refused_rows(read.refused)
    for note in read.notes:
        blocks.note(note)
    if not set(read.mapping) & {"turns", "instruction"}:
        _mapping(held, read.columns, read.mapping)
    else:
        blocks.note(
            f"This is a file of {'chats' if 'turns' in read.mapping else 'instructions'}; its columns are known."
        )
    _go(visit, held, read)
    _first_rows(read)


def _not_understood(visit: Visit, held: Draft, sentence: str, columns: tuple[str, ...]) -> None:
    """A file that cannot be read, or one of which somebody must say which column is what."""
    mapping = held.form["mapping"]
    if columns:
        blocks.lead(f"Which column of {held.form['name']} is what?")
        blocks.plain(
            "The studio does not know these names. Choose the input, which is what comes in (prompt), and the ideal "
            "output, which is what it should answer (completion). Nothing is imported yet."
        )
        if mapping:
            blocks.note(sentence)
        _mapping(held, columns, mapping)
    else:
        frame.refused(Refusal(sentence))
        if mapping:
            again = (lambda form: form.update(mapping={}),)
            st.button("Choose the columns again", key="import-remap", on_click=held.change, args=again)
    st.button("Choose another file", key="import-aside", on_click=_aside, args=(visit, held))


def _understood(read: ParsedBatch, name: str) -> str:
    kept = f"{len(read.rows):,} of {blocks.several(read.total, 'row')} in {name} can become examples"
    if not read.refused:
        return f"{kept}."
    count = len(read.refused)
    return f"{kept}; {count:,} cannot, and {'is' if count == 1 else 'are'} listed below with the reason."


def _refused_rows(refused: tuple[Any, ...]) -> None:
    shown = refused[:50]
    with st.container(key="import-refused-rows"):
        lines = [(f"{row.row:,}", row.reason) for row in shown]
        blocks.table(["Row", "Why it is refused"], lines, "Refused rows, numbered as in your file")
    if len(refused) > len(shown):
        st.download_button(
            f"All {len(refused):,} refused rows", "".join(f"{r.row}\t{r.reason}\n" for r in refused).encode(),
            "refused-rows.tsv", key="import-refused", on_click="ignore",
        )  # fmt: skip


def _mapping(held: Draft, columns: tuple[str, ...], mapping: dict[str, str]) -> None:
    """Which column is what; a change is read again at once."""
    unclear = bool(held.form["mapping"]) or not {"prompt", "completion"} <= set(mapping)
    with st.expander("Which column is what", expanded=unclear, key="import-mapping"):
        _roles(held, ROLES[:_FIRST], columns, mapping)
    title = "Columns for splits, statuses, tags, rights and more"
    with st.expander(title, expanded=not set(mapping).isdisjoint(ROLES[_FIRST:]), key="import-mapping-more"):
        _roles(held, ROLES[_FIRST:], columns, mapping)


def _roles(held: Draft, roles: tuple[str, ...], columns: tuple[str, ...], mapping: dict[str, str]) -> None:
    named, sides = [c for c in columns if c], st.columns(_FIRST)
    for place, role in enumerate(roles):
        with sides[place % _FIRST]:
            _role(held, role, named, mapping)


def _role(held: Draft, role: str, columns: list[str], mapping: dict[str, str]) -> None:
    key, options = f"import-column-{role}", [_UNUSED, *columns]
    now = mapping.get(role, "")
    now = now if now in options else _UNUSED
    if key in st.session_state and st.session_state[key] != now:
        st.session_state[key] = now
    args = (held, role, dict(mapping))
    st.selectbox(_ROLE_WORDS[role], options, options.index(now), key=key, on_change=_mapped, args=args)


def _mapped(held: Draft, role: str, mapping: dict[str, str]) -> None:
    """Takes over what was understood with one column changed; a column serves one purpose."""
    chosen = st.session_state[f"import-column-{role}"]
    column = "" if chosen == _UNUSED else chosen
    full = {other: "" if used == column else used for other, used in mapping.items() if other in ROLES} | {role: column}
    held.change(
        lambda form: form.update(mapping={r: c for r, c in full.items() if c or r not in ("prompt", "completion")})
    )


def _first_rows(read: ParsedBatch) -> None:
    blocks.section("The first rows, as they were understood")
    for row in read.rows[:5]:
        with st.container(border=True):
            blocks.item(f"Row {row.row:,}")
            conversation.shown(Prompt(row.input, row.earlier, row.system), "Input")
            as_seen.reading(row.ideal, "Ideal output")
            if row.worse:
                as_seen.reading(row.worse, "A worse answer")
            words = (row.slice, *row.kinds, *row.tags, row.split.value if row.split else "", row.licence, row.source)
            if facts := " · ".join(word for word in words if word):
                blocks.note(facts)


def _go(visit: Visit, held: Draft, read: ParsedBatch) -> None:
    form_fields.flag(
        held, ("approved",), "These are already approved: people have checked every ideal output", "import-approved"
    )  # fmt: skip
    form_fields.flag(
        held, ("test",), "Keep all of these for testing: the model never learns from them", "import-test"
    )  # fmt: skip
    with st.container(horizontal=True):
        label = f"Import {blocks.several(len(read.rows), 'example')}"
        st.button(label, type="primary", key="import-do", disabled=not read.rows, on_click=_import, args=(visit, held))
        st.button("Choose another file", key="import-aside", on_click=_aside, args=(visit, held))


def _import(visit: Visit, held: Draft) -> None:
    form = held.again()
    read = _parsed(visit, form)
    if isinstance(read, tuple):
        return
    status, split = Status.approved if form["approved"] else None, Split.test if form["test"] else None
    lower = _lowered(step.lowered(visit.store, visit.project_id, read, status))
    made = frame.attempt(
        lambda: step.begin_batch(
            visit.store, visit.person.id, visit.project_id, read, form["name"], split=split, status=status
        )
    )
    if made is not None:
        uploads.put_aside(visit.store, form["file"])
        held.drop()
        left = f" {blocks.several(len(read.refused), 'row')} refused; see Imports so far." if read.refused else ""
        long_step.start(visit, made, f"{blocks.several(len(read.rows), 'example')} imported.{left}{lower}")
        st.session_state[keys.EXAMPLES_VIEW] = "list"


def _lowered(found: step.Lowered) -> str:
    """What the import makes of approvals that it cannot take over as they are."""
    said = ""
    if count := found.without_ideal:
        became = "is a draft" if count == 1 else "are drafts"
        said += f" {blocks.several(count, 'approved row')} {became}: the ideal output is still to be written."
    if count := found.first_of_two:
        became = "is in review" if count == 1 else "are in review"
        said += (
            f" {blocks.several(count, 'approved row')} {became}: a second approval is asked for, and yours counts as "
            "the first."
        )
    return said


# -- imports so far --------------------------------------------------------------------------------


def batches(visit: Visit) -> None:
    found, names = rows.batches(visit.store, visit.project_id), people.names(visit.store)
    if not found:
        frame.empty(
            "No imports yet",
            "Each file you import is listed here, with what was refused, and can be undone as a whole.",
        )
    for batch in found:
        with st.container(key=f"batch-row-{batch.id}"):
            by = names.get(batch.author, "the studio")
            refused = f", {len(batch.refused):,} refused" if batch.refused else ""
            blocks.item(
                batch.file,
                f"{by}, {blocks.when(batch.at)}: {batch.kept:,} of {blocks.several(batch.rows, 'row')} kept{refused}",
            )
            if batch.refused:
                with st.expander(
                    f"{blocks.several(len(batch.refused), 'refused row')}", key=f"batch-refused-{batch.id}"
                ):
                    lines = [(f"{row:,}", why) for row, why in batch.refused[:200]]
                    blocks.table(["Row", "Why it was refused"], lines, "Numbered as in the file")
            if visit.may_edit:
                _batch_buttons(visit, batch)


def _batch_buttons(visit: Visit, batch: Batch) -> None:
    with st.container(horizontal=True):
        st.button(
            "Undo this import", key=f"batch-undo-{batch.id}", type="tertiary", icon=":material/undo:",
            on_click=_undone, args=(visit, batch),
        )  # fmt: skip
        left = finding.count(visit.store, visit.project_id, Filter(batch=batch.id))
        if left:
            st.button(
                f"Move its {left:,} examples to the trash", key=f"batch-trash-{batch.id}", type="tertiary",
                on_click=_batch_trashed, args=(visit, batch),
            )  # fmt: skip


def _undone(visit: Visit, batch: Batch) -> None:
    said = f"The import of {batch.file} is undone: its {blocks.several(batch.kept, 'example')} left the list."
    found = series.get(visit.store, batch.id)
    if found is not None and found.standing > 1:
        frame.attempt(lambda: long_step.start(visit, batch.id, said, back=True))
    else:
        frame.attempt(lambda: step.undo_import(visit.store, visit.person.id, visit.project_id, batch.id), said)


def _batch_trashed(visit: Visit, batch: Batch) -> None:
    ids = finding.ids(visit.store, visit.project_id, Filter(batch=batch.id))
    acting_parts.do(visit, ids, Trash(), f"{blocks.several(len(ids), 'example')} moved to the trash.")
