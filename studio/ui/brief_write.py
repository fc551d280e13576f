"""Writing the brief: one page from the task to saving. The draft is kept at each change (form_fields.py)."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from studio import brief as step
from studio import brief_form, loop
from studio.records import Brief, Refusal
from studio.store import briefs, people
from studio.ui import blocks, criterion_write, form_fields, frame, keys, prose
from studio.ui.access import PAGE_ROLES, Visit
from studio.ui.form_fields import Draft

DRAFT = "brief"
MEANINGS = {
    "changes": "It changes what good means: approved examples should be looked at again",
    "minor": "A smaller change: what was approved stays good",
}
_HINTS = {
    "task": "Such as: Answer a customer's message so that they know what happens next and by when.",
    "audience": "Who reads the output, and in what mood?",
    "inputs": "What does one input look like? How long, how messy?",
    "must_never": "What would be a reason to stop at once?",
    "intended_use": "Where will the output go, and who looks at it first?",
    "not_intended_use": "What should nobody use it for?",
    "data_rights": "Who wrote them? Is anybody's personal data in them?",
}


def show(visit: Visit, held: Draft, saved: Brief | None) -> None:
    with st.container(key="brief-write"):
        if not visit.may_edit:
            blocks.note("You can read this brief; designers, PMs and admins can change it.")
            return
        _standing(visit, held, saved)
        asked = _asked_for(held.form)
        if asked is not None:
            _one_rule(held, asked)
        else:
            _whole(visit, held)
        _saving(visit, held, saved)


def _whole(visit: Visit, held: Draft) -> None:
    for name, title in step.TEXTS.items():
        label = "The task, in a sentence" if name == "task" else title
        form_fields.area(held, (name,), label, f"brief-{name}", placeholder=_HINTS[name])
    _criteria(held)
    _slices(visit, held)
    _put_back(held)


def way_to_rule(visit: Visit, criterion: str, key: str) -> None:
    """A link to one criterion of the brief, open for writing."""
    query = {keys.BRIEF_VIEW: "write", keys.BRIEF_RULE: criterion}
    blocks.way(visit, "brief", f"Sharpen “{form_fields.plain(criterion)}”", key, **query)


def _asked_for(form: dict[str, Any]) -> dict[str, Any] | None:
    """The criterion that the address asks for by its name. Its id then stands there, which outlives a new name."""
    wanted = st.query_params.get(keys.BRIEF_RULE)
    for part in ("name", "id"):
        for item in form["criteria"]:
            if wanted and item[part] == wanted:
                st.query_params[keys.BRIEF_RULE] = item["id"]
                return dict(item)
    return None


def _one_rule(held: Draft, item: dict[str, Any]) -> None:
    """One criterion and nothing else of the brief, for somebody who came to sharpen it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        blocks.section(item["name"] or "A criterion without a name", "Say it so that two people read it the same way.")
        st.button("The whole brief", key="brief-whole", type="tertiary", on_click=_leave_rule, args=(item["id"],))
    with st.container(key=f"brief-item-{item['id']}"):
        criterion_write.show(held, item)


def _leave_rule(criterion: str) -> None:
    st.query_params.pop(keys.BRIEF_RULE, None)
    _open(criterion)


def _standing(visit: Visit, held: Draft, saved: Brief | None) -> None:
    """Which version the draft began from, a newer one that came in between, and the way to throw it away."""
    if not held.begun:
        return
    base = held.form["base"]
    if saved is not None and saved.version != base:
        _overtaken(visit, held, saved)
    with st.container(horizontal=True, vertical_alignment="center"):
        began = f"from version {base}" if base else "of the first version"
        blocks.note(f"This is your draft {began}. It is kept for you as you write; nobody else sees it.")
        with st.popover("Throw the draft away", type="tertiary", key="brief-discard-ask"):
            st.caption("What you wrote since the last saved version will be gone. This cannot be undone.")
            st.button("Throw it away", key="brief-discard", on_click=held.drop)


def _overtaken(visit: Visit, held: Draft, saved: Brief) -> None:
    """Somebody saved in between: shows what they changed, and lets this draft go on from there."""
    latest = briefs.versions(visit.store, visit.project_id)[0]
    who = people.names(visit.store).get(latest.author, "Somebody")
    frame.warnings([
        f"{who} saved version {saved.version} after you began from version {held.form['base']}. "
        "Your draft is untouched. Look at what differs, take over by hand what you want to keep, and then go on."
    ])  # fmt: skip
    with st.expander(f"From their version {saved.version} to your draft", key="brief-theirs"):
        try:
            mine = brief_form.to_brief(held.form)
        except Refusal as refusal:
            frame.refused(refusal)
        else:
            for change in step.diff(saved, mine, people.names(visit.store)):
                blocks.item(change.what)
                blocks.difference(change.before, change.after)
    label = f"Save mine as the version after {saved.version}"
    st.button(label, key="brief-go-on", on_click=held.change, args=(lambda form: form.update(base=saved.version),))


def _tools(held: Draft, what: str, item: dict[str, Any], at: int, name: str) -> None:
    """Move up, move down, take out: for a criterion or a slice. They stay together on a narrow screen."""
    key, last = f"brief-{what}-{item['id']}", len(held.form[what]) - 1
    move = (("up", -1, ":material/arrow_upward:", at == 0), ("down", 1, ":material/arrow_downward:", at == last))
    with st.container(horizontal=True, width="content", gap="xxsmall", wrap=False, key=f"brief-tools-{item['id']}"):
        for word, by, icon, off in move:
            st.button(
                f"Move {name} {word}", icon=icon, key=f"{key}-{word}", type="tertiary", disabled=off,
                on_click=held.change, args=(partial(_moved, what, item["id"], by),),
            )  # fmt: skip
        st.button(
            f"Take {name} out", icon=":material/close:", key=f"{key}-remove", type="tertiary", on_click=held.change,
            help="You can put it back", args=(partial(_taken_out, what, item["id"]),),
        )  # fmt: skip


def _moved(what: str, name: str, by: int, form: dict[str, Any]) -> None:
    brief_form.move(form, what, name, by)


def _taken_out(what: str, name: str, form: dict[str, Any]) -> None:
    brief_form.remove(form, what, name)


def _slices(visit: Visit, held: Draft) -> None:
    blocks.section(
        "Kinds of input",
        "Sort what comes in into a few kinds (slices), so that a good average cannot hide a bad corner.",
    )
    slices, approvers = held.form["slices"], _approvers(visit)
    for i, item in enumerate(slices):
        path, key = ("slices", item["id"]), f"brief-slice-{item['id']}"
        with st.container(key=f"brief-item-{item['id']}"):
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
                form_fields.line(held, (*path, "name"), "Name", f"{key}-name", width=200, max_chars=60)
                form_fields.number(
                    held, (*path, "share"), "Share aimed at, %", f"{key}-share", min_value=0.0, max_value=100.0,
                    step=5.0, format="%g", width=170,
                )  # fmt: skip
                form_fields.flag(held, (*path, "critical"), "Critical", f"{key}-critical", help="It must not get worse")
                _tools(held, "slices", item, i, "this kind")
            form_fields.line(held, (*path, "meaning"), "What belongs to it", f"{key}-meaning")
            _approval(held, path, key, approvers)
    total = sum(item["share"] or 0 for item in slices)
    if total:
        over = "more than all there is" if total > 100.01 else "all of it" if total > 99.99 else "the rest is left open"
        blocks.note(f"The shares add up to {total:.3g} %: {over}.")
    st.button(
        "Add a kind of input", icon=":material/add:", key="brief-add-slice", on_click=held.change,
        args=(brief_form.add_slice,),
    )  # fmt: skip


def _approvers(visit: Visit) -> dict[str, str]:
    """Person id -> name of those who may approve an example."""
    edit = PAGE_ROLES["examples"].edit
    return {p.id: p.name for p in people.everyone(visit.store) if p.active and not p.scripted and p.role in edit}


def _approval(held: Draft, path: tuple[str, ...], key: str, approvers: dict[str, str]) -> None:
    """Whether examples of a kind need two people, and who must be one of them."""
    second = form_fields.flag(
        held, (*path, "second_approval"), "Two people approve each example of it", f"{key}-second_approval"
    )
    if not second:
        return
    gone = [e for e in form_fields.at(held.form, (*path, "experts")) or [] if e not in approvers]
    options = [*approvers, *gone]
    form_fields.several(
        held, (*path, "experts"), "One of them must be (nobody chosen: any two people)", f"{key}-experts", options,
        format_func=lambda person: approvers.get(person, "somebody who left"), placeholder="Choose people",
    )  # fmt: skip


def _criteria(held: Draft) -> None:
    blocks.section(
        "What good looks like",
        "Each criterion is one thing a good output does, with an exemplar. Where a machine can tell, let it.",
    )
    criteria = held.form["criteria"]
    wanted = st.session_state.get(keys.BRIEF_OPEN)
    for i, item in enumerate(criteria):
        shut = item["id"] != wanted
        with st.container(key=f"brief-item-{item['id']}"):
            with st.container(horizontal=True, vertical_alignment="top", gap="small"):
                with st.container(width="stretch", key=f"brief-head-{item['id']}"):
                    prose.criterion_head(i + 1, item["name"], item["how_to_tell"] if shut else "")
                word, to = ("Change", item["id"]) if shut else ("Done", "")
                st.button(word, key=f"brief-open-{item['id']}", type="tertiary", on_click=_open, args=(to,))
                _tools(held, "criteria", item, i, "this criterion")
            if not shut:
                criterion_write.show(held, item)
    st.button("Add a criterion", icon=":material/add:", key="brief-add-criterion", on_click=add_criterion, args=(held,))


def _open(criterion: str) -> None:
    st.session_state[keys.BRIEF_OPEN] = criterion


def add_criterion(held: Draft) -> None:
    """Adds a criterion and opens it for writing, in a callback."""
    held.change(lambda form: _open(brief_form.add_criterion(form)))


def _put_back(held: Draft) -> None:
    if held.form["removed"]:
        last = held.form["removed"][-1]["item"]["name"].strip() or "what you took out"
        label = f"Put back {form_fields.plain(last)}"
        st.button(
            label, icon=":material/undo:", key="brief-put-back", type="tertiary", on_click=held.change,
            args=(brief_form.put_back,),
        )  # fmt: skip


def _saving(visit: Visit, held: Draft, saved: Brief | None) -> None:
    with st.container(key="brief-save"):
        meaning = "changes"
        if saved is not None:
            meaning = form_fields.choice(
                held, ("meaning",), "What does this version change?", "brief-meaning", MEANINGS
            )
            if meaning == "changes":
                frame.warnings(step.consequences(visit.store, visit.project_id))
            form_fields.line(held, ("note",), "What did you change, and why? (others read this)", "brief-note")
        word = f"Save as version {(saved.version if saved else 0) + 1}"
        st.button(word, type="primary", key="brief-save-do", on_click=_save, args=(visit, held, saved is None))


def _save(visit: Visit, held: Draft, first: bool) -> None:
    form = held.again()

    def save() -> Brief:
        meaning = "changes" if first else form["meaning"]
        if meaning not in MEANINGS:
            raise Refusal("Say first whether this version changes what good means. What you typed is still here.")
        return step.save(
            visit.store, visit.person.id, visit.project_id, brief_form.to_brief(form), note=form["note"],
            changes_meaning=meaning == "changes",
        )  # fmt: skip

    made = frame.attempt(save)
    if made is not None:
        held.drop()
        following = next((s.name for s in loop.stand(visit.store, visit.project_id) if s.state == "current"), "")
        then = " Next: collect examples of it." if following == "examples" else ""
        st.session_state[keys.NOTICE] = ["said", f"Version {made.version} is saved.{then}"]
        st.session_state[keys.BRIEF_VIEW] = "read"
        st.session_state.pop(keys.BRIEF_OPEN, None)
        st.query_params.pop(keys.BRIEF_RULE, None)
