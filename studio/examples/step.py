"""The examples step: write, import, approve, trash. Every one of these is an act and can be undone."""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.examples import approval, fields, series
from studio.examples.acting import Change, Trash, change, do, strict_slices
from studio.examples.batch import ParsedBatch, ParsedRow
from studio.examples.sandbox import parse_untrusted
from studio.examples.turns import Unreadable
from studio.records import Brief, Example, Refusal, Split, Status, to_json
from studio.store import Store, briefs, imports
from studio.store import examples as rows
from studio.store import series as series_rows
from studio.store.series import Series

PART = 4_000
"""Rows of an import that one act stores: about a tenth of a second, in which nobody else's save goes through."""

# What a person writes of an example; the rest (status, splits, approvals) is decided elsewhere.
WRITTEN = (
    "input", "ideal", "slice", "kinds", "earlier", "system", "tags", "worse", "group", "source", "licence", "consent",
    "expires", "review_by",
)  # fmt: skip


def current_brief(store: Store, project: str) -> int:
    brief = briefs.latest(store, project)
    return brief.version if brief else 0


def write(
    store: Store, actor: str, project: str, *, input: str, ideal: str, slice: str = "", kinds: Sequence[str] = (),
    status: Status = Status.draft, source: str = "", **more: Any,
) -> Example:  # fmt: skip
    """A new example written by hand; `more`: other fields of `Example`. Raises Refusal without an input. Where
    its slice asks for a second approval, the writer's is the first."""
    example = Example(
        id=uuid.uuid4().hex, input=input, ideal=ideal, slice=slice, kinds=tuple(kinds), status=status,
        source=source or "written here", brief_version=current_brief(store, project), **more,
    )  # fmt: skip
    if status is Status.approved and ideal.strip():
        example = approval.approved(example, (actor,), briefs.latest(store, project))
    return save(store, actor, project, example)


def save(store: Store, actor: str, project: str, example: Example) -> Example:
    """Saves `example` as it is, with the revision it carries. Raises Refusal when somebody saved in between,
    without an input, with an empty turn or a date that is none, or when it is approved without an ideal output."""
    if not example.input.strip():
        raise Refusal("An example needs an input. Nothing was saved; what you typed is still here.")
    if example.status is Status.approved and not example.ideal.strip():
        raise Refusal("An example cannot be approved without an ideal output. What you typed is still here.")
    if any(not turn.text.strip() for turn in example.earlier):
        raise Refusal("A turn of the conversation is empty. Nothing was saved: write it or remove it.")
    for what, text in (("right ends on", example.expires), ("look again by", example.review_by)):
        try:
            fields.day(text, what)
        except Unreadable as wrong:
            raise Refusal(f"This is no date: {wrong}. Nothing was saved; what you typed is still here.") from wrong
    store.act("example.saved", actor, {"example": to_json(example)}, project)
    return example


def edit(store: Store, actor: str, project: str, read: Example, **changes: object) -> Example:
    """The next revision of `read` with `changes`. An edited text loses its approvals and goes back to review; a
    `status` of approved adds the actor's approval, which may not be enough (see `approval`); any other takes all
    approvals away."""
    brief = briefs.latest(store, project)
    wanted = changes.pop("status", None)
    after = dataclasses.replace(read, revision=read.revision + 1, **changes)  # type: ignore[arg-type]
    after = approval.after_change(read, after, brief)
    if wanted is Status.approved:
        if not after.ideal.strip():
            raise Refusal("An example cannot be approved without an ideal output. What you typed is still here.")
        after = approval.approved(after, (actor,), brief)
    elif wanted is not None:
        after = dataclasses.replace(after, status=Status(str(wanted)), approvals=())
    return save(store, actor, project, after)


def mark(store: Store, actor: str, project: str, ids: Sequence[str], status: Status) -> int:
    """Sets the status of all `ids`; how many have it now: where a slice asks for a second approval, the first one
    leaves them in review. Approving skips none: an empty ideal is a Refusal."""
    return len(ids) - do(store, actor, project, ids, status)


def assign(store: Store, actor: str, project: str, ids: Sequence[str], person: str) -> None:
    """Asks one person to look after all `ids`, in one act; "" takes it back. Raises Refusal for nobody we know."""
    change(store, actor, project, ids, Change(assigned=person))


def trash(store: Store, actor: str, project: str, ids: Sequence[str], *, trashed: bool = True) -> None:
    """Moves examples into the trash, or out of it."""
    do(store, actor, project, ids, Trash(trashed))


def import_file(
    store: Store, actor: str, project: str, path: Path, *, name: str = "", format: str | None = None,
    mapping: Mapping[str, str] | None = None, split: Split | None = None, status: Status | None = None,
) -> tuple[rows.Batch, ParsedBatch]:  # fmt: skip
    """Parses `path` in its own process and stores what could be read as one batch, one act.

    `split` and `status` set those of every row that names none. Raises Refusal when nothing could be read.
    """
    parsed = parse_untrusted(path, name=name or path.name, format=format, mapping=mapping)
    return store_batch(store, actor, project, parsed, name or path.name, split=split, status=status), parsed


def store_batch(
    store: Store, actor: str, project: str, parsed: ParsedBatch, name: str, *, split: Split | None = None,
    status: Status | None = None,
) -> rows.Batch:  # fmt: skip
    """Stores what a parse kept as one batch, and returns when that is done. Raises Refusal when it kept nothing."""
    batch = begin_batch(store, actor, project, parsed, name, split=split, status=status)
    series.go_on(store, batch)
    return next(b for b in rows.batches(store, project) if b.id == batch)


def begin_batch(
    store: Store, actor: str, project: str, parsed: ParsedBatch, name: str, *, split: Split | None = None,
    status: Status | None = None,
) -> str:  # fmt: skip
    """Writes down all that a parse kept, for `series.go_on` to store it part by part; the id of the series, which
    is that of the batch. Raises Refusal when it kept nothing."""
    if not parsed.rows:
        first = f" The first reason: {parsed.refused[0].reason}" if parsed.refused else ""
        raise Refusal(f"No row of {name} could be used, so nothing was imported.{first}")
    brief, blobs = briefs.latest(store, project), []
    for start in range(0, len(parsed.rows), PART):
        some = parsed.rows[start : start + PART]
        columns = _columns(some, name, split, status)
        _ask_twice(columns, actor, brief)
        blobs.append(store.put_blob(imports.columns_of(columns, len(some))))
        time.sleep(series.BREATH_S)
    batch = uuid.uuid4().hex
    refused = [[row.row, row.reason] for row in parsed.refused]
    plan = {
        "batch": {"id": batch, "file": name, "format": parsed.format, "rows": parsed.total, "refused": refused},
        "brief_version": current_brief(store, project),
        "blobs": blobs,
    }
    series.begin(store, actor, project, "examples.imported", plan, items=len(parsed.rows), size=PART, name=batch)
    return batch


@series.builds("examples.imported")
def _stored(store: Store, found: Series, plan: dict[str, Any], start: int) -> dict[str, Any]:
    """One part of an import. What was refused is told once."""
    batch = plan["batch"] if start == 0 else plan["batch"] | {"refused": []}
    return {"batch": batch, "brief_version": plan["brief_version"], "columns_blob": plan["blobs"][start // found.size]}


@dataclasses.dataclass(frozen=True)
class Lowered:
    """Rows said to be approved that an import does not take as such: those `without_ideal` output become drafts, those
    whose slice asks for two approvals have the `first_of_two` and are in review."""

    without_ideal: int
    first_of_two: int


def lowered(store: Store, project: str, parsed: ParsedBatch, status: Status | None = None) -> Lowered:
    """What `store_batch` makes of the approvals in `parsed`."""
    said = [row for row in parsed.rows if (row.status or status) is Status.approved]
    whole = [row for row in said if row.ideal.strip()]
    strict = strict_slices(briefs.latest(store, project))
    return Lowered(len(said) - len(whole), sum(row.slice in strict for row in whole))


def _ask_twice(columns: dict[str, Sequence[Any]], actor: str, brief: Brief | None) -> None:
    """Where a slice asks for two approvals, one that comes with a file counts as the first, by whoever imports it."""
    strict = strict_slices(brief)
    slices, statuses = columns.get("slice"), columns.get("status")
    if not strict or slices is None or statuses is None:
        return
    waits = [slice in strict and status is Status.approved for slice, status in zip(slices, statuses, strict=True)]
    columns["status"] = [Status.in_review if w else status for w, status in zip(waits, statuses, strict=True)]
    columns["approvals"] = [[actor] if w else [] for w in waits]


def undo_import(store: Store, actor: str, project: str, batch: str) -> None:
    """Takes a whole import back. Raises Refusal when some of its examples were changed since."""
    if series_rows.get(store, batch) is not None:
        series.take_back(store, actor, batch)
        return
    acts = store.history(project, ["examples.imported"], limit=10_000)
    found = next((a for a in acts if store.payload(a)["batch"]["id"] == batch), None)
    if found is None:
        raise Refusal("This import is not here any more. Nothing was changed.")
    store.undo(found.seq, actor)


def restore(store: Store, actor: str, project: str, current: Example, old: Example) -> Example:
    """Saves what an older revision said as the newest; its approval is to be given again."""
    return edit(store, actor, project, current, **{name: getattr(old, name) for name in WRITTEN})


# The fields of an example that a row of a file says by itself.
_SAID = (
    "row", "input", "ideal", "slice", "kinds", "group", "system", "tags", "worse", "licence", "consent", "expires",
    "review_by", "recheck",
)  # fmt: skip


def _status(row: ParsedRow, status: Status | None) -> Status:
    """What a row says of itself, else `status`; without an ideal output it is approved by nobody."""
    wanted = row.status or status or Status.draft
    return Status.draft if wanted is Status.approved and not row.ideal.strip() else wanted


def _columns(
    found: Sequence[ParsedRow], name: str, split: Split | None, status: Status | None
) -> dict[str, Sequence[Any]]:
    """The rows as columns of examples; a field that no row fills is left out."""
    said: dict[str, Sequence[Any]] = {field: [getattr(row, field) for row in found] for field in _SAID}
    decided: dict[str, Sequence[Any]] = {
        "id": [uuid.uuid4().hex for _ in found],
        "source": [row.source or name for row in found],
        "split": [row.split or split for row in found],
        "status": [_status(row, status) for row in found],
        "earlier": [[(turn.speaker, turn.text) for turn in row.earlier] for row in found],
    }
    return {field: column for field, column in (said | decided).items() if any(column)}
