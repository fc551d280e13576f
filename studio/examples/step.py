"""The examples step: write, import, approve, trash. Every one of these is an act and can be undone."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from studio.examples import approval
from studio.examples.batch import ParsedBatch, ParsedRow
from studio.examples.sandbox import parse_untrusted
from studio.records import Brief, Example, Refusal, Split, Status, canonical, to_json
from studio.store import Store, briefs, people
from studio.store import examples as rows


def current_brief(store: Store, project: str) -> int:
    brief = briefs.latest(store, project)
    return brief.version if brief else 0


def write(
    store: Store, actor: str, project: str, *, input: str, ideal: str, slice: str = "", kinds: Sequence[str] = (),
    status: Status = Status.draft,
) -> Example:  # fmt: skip
    """A new example written by hand. Raises Refusal without an input. Where its slice asks for a second approval, the
    writer's is the first."""
    example = Example(
        id=uuid.uuid4().hex, input=input, ideal=ideal, slice=slice, kinds=tuple(kinds), status=status,
        source="written here", brief_version=current_brief(store, project),
    )  # fmt: skip
    if status is Status.approved and ideal.strip():
        example = approval.approved(example, (actor,), briefs.latest(store, project))
    return save(store, actor, project, example)


def save(store: Store, actor: str, project: str, example: Example) -> Example:
    """Saves `example` as it is, with the revision it carries. Raises Refusal when somebody saved in between,
    without an input, or when it is approved without an ideal output."""
    if not example.input.strip():
        raise Refusal("An example needs an input. Nothing was saved; what you typed is still here.")
    if example.status is Status.approved and not example.ideal.strip():
        raise Refusal("An example cannot be approved without an ideal output. What you typed is still here.")
    store.act("example.saved", actor, {"example": to_json(example)}, project)
    return example


def edit(store: Store, actor: str, project: str, read: Example, **changes: object) -> Example:
    """The next revision of `read` with `changes`. An edited text loses its approvals and goes back to review; a
    `status` of approved adds the actor's approval, which may not be enough (see `approval`), any other takes all away.
    """
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
    """Sets the status of all `ids` in one act; how many have it now: where a slice asks for a second approval, the
    first one leaves them in review. Approving skips none: an empty ideal is a Refusal."""
    if not ids:
        raise Refusal("No example is selected. Nothing was changed.")
    payload: dict[str, object] = {"ids": list(ids), "status": status.value, "approver": ""}
    waiting: list[str] = []
    if status is Status.approved:
        found = [e for i in ids if (e := rows.get(store, i))]
        empty = [e.row or e.id[:6] for e in found if not e.ideal.strip()]
        if empty:
            raise Refusal(
                f"{len(empty)} of the selected examples have no ideal output yet (first: {empty[0]}). "
                "Nothing was changed. Write it or leave them out."
            )
        brief = briefs.latest(store, project)
        asked = [e for e in found if approval.demand(brief, e.slice)]
        waiting = [e.id for e in asked if approval.approved(e, (actor,), brief).status is not Status.approved]
        payload |= {"approver": actor, "waiting": waiting, "stood": {e.id: e.revision for e in asked}}
    payload["brief_version"] = current_brief(store, project)
    store.act("examples.marked", actor, payload, project)
    return len(ids) - len(waiting)


def assign(store: Store, actor: str, project: str, ids: Sequence[str], person: str) -> None:
    """Asks one person to look after all `ids`, in one act; "" takes it back. Raises Refusal for nobody we know."""
    if not ids:
        raise Refusal("No example is selected. Nothing was changed.")
    known = people.get(store, person) if person else None
    if person and (known is None or not known.active):
        raise Refusal("This person is not here any more. Nothing was changed.")
    store.act("examples.marked", actor, {"ids": list(ids), "assigned": person}, project)


def trash(store: Store, actor: str, project: str, ids: Sequence[str], *, trashed: bool = True) -> None:
    """Moves examples into the trash, or out of it."""
    if not ids:
        raise Refusal("No example is selected. Nothing was changed.")
    store.act("examples.trashed", actor, {"ids": list(ids), "trashed": trashed}, project)


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
    """Stores what a parse kept as one batch, one act. Raises Refusal when it kept nothing."""
    if not parsed.rows:
        first = f" The first reason: {parsed.refused[0].reason}" if parsed.refused else ""
        raise Refusal(f"No row of {name} could be used, so nothing was imported.{first}")
    batch, version = uuid.uuid4().hex, current_brief(store, project)
    brief = briefs.latest(store, project)
    found = [_example(row, batch, name, version, split, status) for row in parsed.rows]
    found = [approval.approved(e, (actor,), brief) if _waits(e, brief) else e for e in found]
    blob = store.put_blob(canonical(to_json(found)))
    refused = [[row.row, row.reason] for row in parsed.refused]
    payload = {
        "batch": {"id": batch, "file": name, "format": parsed.format, "rows": parsed.total, "refused": refused},
        "rows_blob": blob,
    }
    store.act("examples.imported", actor, payload, project)
    return next(b for b in rows.batches(store, project) if b.id == batch)


def _waits(example: Example, brief: Brief | None) -> bool:
    """Whether an approval that came with the file is only the first of two."""
    return example.status is Status.approved and approval.demand(brief, example.slice) is not None


def undo_import(store: Store, actor: str, project: str, batch: str) -> None:
    """Takes a whole import back. Raises Refusal when some of its examples were changed since."""
    acts = store.history(project, ["examples.imported"], limit=10_000)
    found = next((a for a in acts if store.payload(a)["batch"]["id"] == batch), None)
    if found is None:
        raise Refusal("This import is not here any more. Nothing was changed.")
    store.undo(found.seq, actor)


def restore(store: Store, actor: str, project: str, current: Example, old: Example) -> Example:
    """Saves the texts, slice and kinds of an older revision as the newest; its approval is to be given again."""
    back = {"input": old.input, "ideal": old.ideal, "slice": old.slice, "kinds": old.kinds}
    return edit(store, actor, project, current, **back)


def _example(
    row: ParsedRow, batch: str, name: str, version: int, split: Split | None, status: Status | None
) -> Example:
    wanted = row.status or status or Status.draft
    return Example(
        id=uuid.uuid4().hex, input=row.input, ideal=row.ideal, slice=row.slice, kinds=row.kinds,
        status=wanted if row.ideal.strip() else Status.draft, split=row.split or split, group=row.group,
        source=name, batch=batch, brief_version=version, row=row.row,
    )  # fmt: skip
