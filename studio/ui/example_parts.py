"""One example: write it, check it against the brief, decide on it by a key, find its older revisions."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from studio.evaluate import checks
from studio.examples import step
from studio.records import HARD_KINDS, Brief, Consent, Example, Refusal, Status
from studio.review.rounds import MIN_SECONDS_ON_SCREEN
from studio.store import briefs, finding, people
from studio.store import examples as rows
from studio.store.finding import Filter
from studio.ui import (
    as_seen,
    blocks,
    conversation,
    form_fields,
    frame,
    holding_parts,
    keys,
    meanwhile_parts,
    model_answer_parts,
    prose,
    record_parts,
    turn_fields,
)
from studio.ui.access import Visit
from studio.ui.form_fields import Draft


def open_one(example: str) -> None:
    """Opens an example ("new": an empty one, "": the list) in this page, in a callback."""
    if example:
        st.query_params["example"] = example
    else:
        st.query_params.pop("example", None)


def start_one(visit: Visit, slice: str, kind: str, criterion: str = "") -> None:
    """Opens an empty example of this slice and hard kind that is to show a criterion ("": none in particular), in a
    callback. A text that was begun there stays."""
    held = form_fields.draft(visit, "example/new", lambda: _form(None))
    held.change(lambda form: form.update(slice=slice, kinds=[kind] if kind else [], shows=criterion))
    open_one("new")


def show(visit: Visit, wanted: str, filters: Filter) -> None:
    found = None if wanted == "new" else rows.get(visit.store, wanted)
    if wanted != "new" and (found is None or rows.project_of(visit.store, wanted) != visit.project_id):
        _to_list()
        frame.warnings(["This example is not in this project (any more)."])
        return
    held = form_fields.draft(visit, f"example/{wanted}", lambda: _form(found))
    with st.container(horizontal=True, vertical_alignment="center"):
        _to_list()
        if found is not None:
            _ways(visit, found, filters)
        with st.container(horizontal=True, horizontal_alignment="right"):
            frame.undo_bar(visit)
    if found is not None:
        record_parts.show(visit, found)
    if not visit.may_edit and found is not None:
        conversation.shown(found.prompt, "Input")
        as_seen.reading(found.ideal, "Ideal output")
        if found.worse:
            as_seen.reading(found.worse, "A worse answer")
        as_seen.switch("example-raw")
        blocks.note("; ".join(f"{name}: {words}" for name, words in turn_fields.told(found)))
    elif visit.may_edit:
        _write(visit, held, found, filters)
    if found is not None:
        _revisions(visit, found)


def _to_list() -> None:
    st.button("All examples", icon=":material/arrow_back:", key="example-back", type="tertiary", on_click=open_one,
              args=("",))  # fmt: skip


def _form(found: Example | None) -> dict[str, Any]:
    return turn_fields.form(found or Example("", "", "", revision=0))


def _ways(visit: Visit, found: Example, filters: Filter) -> None:
    for label, key, forward in (("Previous", "B", False), ("Next", "N", True)):
        other = finding.neighbour(visit.store, visit.project_id, found.id, filters, forward=forward)
        st.button(
            label, key=f"example-{label.lower()}", shortcut=key, disabled=other is None, type="tertiary",
            on_click=open_one, args=(other or found.id,),
        )  # fmt: skip


def _write(visit: Visit, held: Draft, found: Example | None, filters: Filter) -> None:
    brief = briefs.latest(visit.store, visit.project_id) or Brief()
    if found is not None:
        _facts(visit, found)
        held = meanwhile_parts.caught_up(visit, held, found)
        if meanwhile_parts.compare(visit, held.form, found).changed:
            meanwhile_parts.show(visit, held, found)
    else:
        _to_show(brief, held.form)
    fields, beside = st.columns([5, 3], gap="large")
    with fields, st.container(key="example-fields"):
        turn_fields.conversation_fields(held)
        form_fields.area(held, ("input",), "Input, as it really comes in", "example-input")
        form_fields.area(held, ("ideal",), "Ideal output, as you would be glad to have written it", "example-ideal")
        model_answer_parts.offer(visit, held, brief, found)
        _tags(visit, held, brief)
        turn_fields.rights(held)
        _decide(visit, held, found, filters)
    with beside:
        _against(brief, held.form)
        if as_seen.form_of(held.form["ideal"]) != "text":
            as_seen.reading(held.form["ideal"], "As whoever gets it will see it")
        model_text = (held.form.get("model") or {}).get("text", "")
        stored = found.ideal if found is not None else ""
        if any(as_seen.form_of(text) != "text" for text in (held.form["ideal"], model_text, stored)):
            as_seen.switch("example-raw")


def _to_show(brief: Brief, form: dict[str, Any]) -> None:
    """The criterion that a new example was begun for."""
    for criterion in brief.criteria:
        if criterion.name == form.get("shows"):
            blocks.item(f"This one should show “{criterion.name}”", criterion.how_to_tell or criterion.why)
            if criterion.good:
                blocks.note("Such as:")
                blocks.excerpt(criterion.good)


def _facts(visit: Visit, found: Example) -> None:
    status = prose.STATUS_WORDS[found.status]
    since = (
        f" under version {found.brief_version} of the brief"
        if found.status is Status.approved and found.brief_version
        else ""
    )
    where = f"row {found.row:,} of {found.source}" if found.row else found.source or "unknown"
    trashed = " It is in the trash." if rows.is_trashed(visit.store, found.id) else ""
    blocks.note(f"{status}{since}. Revision {found.revision}; from {where}.{trashed}")
    if found.consent is Consent.withdrawn:
        holding_parts.ended(visit, [found.id], "Consent was withdrawn.")
    else:
        holding_parts.went(visit, found.id)


def _tags(visit: Visit, held: Draft, brief: Brief) -> None:
    used = {name for name, _ in rows.tally(visit.store, visit.project_id)} | {held.form["slice"]}
    slices = ["", *(s.name for s in brief.slices)]
    slices += sorted(used - set(slices))
    form_fields.one(
        held, ("slice",), "Kind of input (slice)", "example-slice", slices, format_func=lambda s: s or "None given"
    )
    kinds = list(dict.fromkeys((*HARD_KINDS, *held.form["kinds"])))
    form_fields.several(
        held, ("kinds",), "What is hard about it", "example-kinds", kinds, accept_new_options=True,
        format_func=lambda kind: kind.replace("_", " "), placeholder="Choose, or type a word and press Enter",
    )  # fmt: skip


def _against(brief: Brief, form: dict[str, Any]) -> None:
    """The brief's criteria, kept or broken by the ideal output as it is written now."""
    blocks.section("Against the brief", "What a machine can tell of the ideal output as it stands now.")
    if not brief.criteria:
        blocks.note("The brief has no criteria yet.")
        return
    subject = checks.Subject(form["input"], form["ideal"], form["ideal"], form["slice"], turn_fields.earlier(form))
    answers = []
    for criterion in brief.criteria:
        kept = checks.kept(criterion, subject) if form["ideal"].strip() else None
        if not criterion.checks:
            remark = "only people can tell"
        elif not form["ideal"].strip():
            remark = "nothing written yet"
        elif criterion.slices and form["slice"] not in criterion.slices:
            remark = "does not apply to this kind of input"
        else:
            remark = criterion.how_to_tell if kept is False else ""
        answers.append((criterion.name, kept, remark))
    prose.verdicts(answers)


# -- saving and deciding ---------------------------------------------------------------------------


def _decide(visit: Visit, held: Draft, found: Example | None, filters: Filter) -> None:
    if found is None:
        with st.container(horizontal=True):
            primary, args = f"example-add-{Status.approved.value}", (visit, held, Status.approved)
            st.button("Add and approve", key=primary, type="primary", on_click=_add, args=args)
            args = (visit, held, Status.draft)
            st.button("Add as a draft", key=f"example-add-{Status.draft.value}", on_click=_add, args=args)
            if held.begun:
                st.button("Start over", key="example-discard", type="tertiary", on_click=held.drop)
        return
    shown = st.session_state.get(keys.SHOWN_AT)
    if shown is None or shown[0] != found.id:
        st.session_state[keys.SHOWN_AT] = [found.id, time.monotonic()]
    with st.container(horizontal=True, key="example-decide"):
        for label, key, status, kind in _DECISIONS:
            st.button(
                label, key=f"example-{status.value}-{found.id}", shortcut=key, type=kind, on_click=_decided,  # type: ignore[arg-type]
                args=(visit, held, found, status, filters), help="With what is written above; then comes the next one",
            )  # fmt: skip
        st.button("Save", key="example-save", disabled=not held.begun, on_click=_saved, args=(visit, held, found))
        if held.begun:
            st.button("Throw my changes away", key="example-discard", type="tertiary", on_click=held.drop)


_DECISIONS = (("Approve", "A", Status.approved, "primary"), ("Reject", "X", Status.rejected, "secondary"))


def _changes(form: dict[str, Any]) -> dict[str, Any]:
    """What is saved of the draft: its fields, and the model's draft that the ideal output began from."""
    return turn_fields.changes(form) | model_answer_parts.kept(form)


def _edited(visit: Visit, held: Draft, found: Example, **more: object) -> Example | None:
    """Saves the draft on top of the revision it began from; None when that was refused."""
    form = held.again()

    def save() -> Example:
        current = rows.get(visit.store, found.id) or found
        if meanwhile_parts.compare(visit, form, current).changed:
            raise Refusal(
                f"Somebody saved revision {current.revision} of this example while you were editing. Nothing was "
                "overwritten. Look at both below, then press again."
            )
        if "status" in more:
            if (current.status, current.approvals) != (found.status, found.approvals):
                raise Refusal(
                    "Somebody else decided on this example meanwhile. Nothing was changed, and what you wrote is still "
                    "here. Look how it stands now and press again."
                )
            more["brief_version"] = step.current_brief(visit.store, visit.project_id)
        return step.edit(visit.store, visit.person.id, visit.project_id, current, **_changes(form), **more)

    made = frame.attempt(save)
    if made is not None:
        held.drop()
    return made


def _saved(visit: Visit, held: Draft, found: Example) -> None:
    made = _edited(visit, held, found)
    if made is not None:
        again = " Its text changed, so it is back in review." if made.status is not found.status else ""
        st.session_state[keys.NOTICE] = ["said", f"Saved as revision {made.revision}.{again}"]


def _decided(visit: Visit, held: Draft, found: Example, status: Status, filters: Filter) -> None:
    shown = st.session_state.get(keys.SHOWN_AT) or ["", 0.0]
    if shown[0] != found.id or time.monotonic() - shown[1] < MIN_SECONDS_ON_SCREEN:
        said = "That was quicker than reading, so this example was left as it is."
        st.session_state[keys.NOTICE] = ["said", said]
        return
    following = finding.neighbour(visit.store, visit.project_id, found.id, filters, forward=True)
    made = _edited(visit, held, found, status=status)
    if made is not None:
        then = "This is the next one." if following else "It was the last one of the list."
        said = prose.STATUS_WORDS[status] if made.status is status else "Your approval is in; a second one is needed"
        st.session_state[keys.NOTICE] = ["said", f"{said}. {then}"]
        open_one(following or found.id)


def _add(visit: Visit, held: Draft, status: Status) -> None:
    form = held.again()
    made = frame.attempt(
        lambda: step.write(visit.store, visit.person.id, visit.project_id, **_changes(form), status=status),
        "Added. Here is room for another one.",
    )
    if made is not None:
        held.drop()


# -- older revisions -------------------------------------------------------------------------------


def _revisions(visit: Visit, found: Example) -> None:
    every, names = rows.revisions(visit.store, found.id), people.names(visit.store)
    if len(every) < 2:
        return
    with st.expander(f"{len(every)} revisions", key="example-revisions"):
        for newer, older in zip(every, [*every[1:], None], strict=True):
            number = newer.example.revision
            by = names.get(newer.actor, "the studio")
            blocks.item(
                f"Revision {number}", f"{by}, {blocks.when(newer.at)}", prose.STATUS_WORDS[newer.example.status]
            )
            if older is not None:
                _what_changed(older.example, newer.example)
            if number != found.revision and visit.may_edit:
                args = (visit, found, newer.example)
                st.button(
                    f"Bring revision {number} back",
                    key=f"example-restore-{number}",
                    type="tertiary",
                    on_click=_restored,
                    args=args,
                )


def _what_changed(older: Example, newer: Example) -> None:
    for title, before, after in (
        ("Input", conversation.folded(older.prompt), conversation.folded(newer.prompt)),
        ("System text", older.system, newer.system),
        ("Ideal output", older.ideal, newer.ideal),
        ("A worse answer", older.worse, newer.worse),
        ("Kind of input", older.slice, newer.slice),
        ("Rights and dates", *("; ".join(map(": ".join, turn_fields.told(e))) for e in (older, newer))),
    ):
        if before != after:
            blocks.note(title)
            blocks.difference(before, after)


def _restored(visit: Visit, current: Example, old: Example) -> None:
    said = f"Revision {old.revision} is back, as a new revision."
    frame.attempt(lambda: step.restore(visit.store, visit.person.id, visit.project_id, current, old), said)
