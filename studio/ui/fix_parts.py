"""What can be done about a finding on its card: the step made for its check, and the ways that every finding has."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from studio import contradictions, fixing, paths, wording
from studio.examples.acting import Change, change
from studio.fixing import Examples, Fix
from studio.health import Finding, own_key
from studio.records import Consent, Example
from studio.store import briefs, people
from studio.store import contradictions as settled
from studio.store import examples as rows
from studio.store import finding as found_rows
from studio.store.contradictions import SettledPair
from studio.ui import blocks, brief_write, draft_fields, finding_parts, form_fields, frame, keys, long_step
from studio.ui.access import Visit

_MOST_RIGHT = 50


def leave() -> None:
    """Goes on to Examples when somebody just asked for those of a finding; callbacks cannot change the page."""
    if (wanted := st.session_state.pop(keys.TO_EXAMPLES, None)) is not None:
        project, among = wanted
        st.session_state[keys.EXAMPLES_VIEW] = "list"
        st.switch_page(paths.pages_dir() / "examples.py", query_params={"project": project, "among": among})


def fixes(visit: Visit, finding: Finding, by_id: Examples, slug: str, *, first: bool) -> None:
    """The buttons of one finding. `slug`: the finding as part of a widget's key; `first`: the one to begin with."""
    kind: Literal["primary", "secondary"] = "primary" if first else "secondary"
    page, label, view = fixing.ELSEWHERE.get(finding.check, ("", "", ""))
    if visit.may_edit:
        for place, fix in enumerate(fixing.offered(finding, by_id)):
            st.button(fix.label, key=f"health-fix-{fix.name}-{slug}", type="secondary" if place else kind,
                      on_click=_fix, args=(visit, fix, finding, by_id))  # fmt: skip
    if finding.check in ("contradictions", "near_contradictions"):
        st.button(label, key=f"health-inbox-{slug}", type=kind, on_click=to, args=("contradictions",))
    elif finding.check == "unknown_slices" and visit.may_edit:
        _slices(visit, finding, label, slug)
    elif page:
        blocks.way(visit, page, label, f"health-way-{slug}", **{keys.EXAMPLES_VIEW: view})
    elif finding.check == "rule_broken" and finding.examples:
        brief_write.way_to_rule(visit, finding.subject, f"health-rule-{slug}")
    elif finding.check == "consent_unknown" and finding.examples and visit.may_edit:
        _rights(visit, finding, slug)
    if not finding.examples:
        return
    if visit.may_edit:
        st.button("Have them looked at again", key=f"health-again-{slug}", type="tertiary", on_click=_look_again,
                  args=(visit, finding))  # fmt: skip
    count = len(finding.ids)
    said = "Show it in Examples" if count == 1 else f"Show all {count:,} in Examples"
    st.button(said, key=f"health-show-{slug}", type="tertiary", on_click=show_ids, args=(visit, finding.ids))


def to(view: str) -> None:
    """Shows another part of the page, in a callback."""
    st.session_state[keys.HEALTH_VIEW] = view


def keep_only(visit: Visit, finding: Finding, by_id: Examples, case: tuple[str, ...], kept: str, key: str) -> None:
    """Beside one of a group of alike examples: this one stays."""
    if visit.may_edit and finding.check in fixing.ONE_BY_ONE:
        do = partial(fixing.keep_only, visit.store, visit.person.id, visit.project_id, case, kept, by_id)
        gone = f"To the trash: the {blocks.several(len(case) - 1, 'other example')} of the group"
        st.button("Keep only this one", key=key, type="tertiary", help=gone, on_click=_kept, args=(do,))


def take_suggested(visit: Visit, finding: Finding, by_id: Examples, name: str, key: str) -> None:
    """Beside one example: taking the ideal output that the check suggests for it."""
    suggested = dict(finding.suggested).get(name)
    if suggested is not None and visit.may_edit:
        shown = f"The ideal output becomes: {blocks.start_of(suggested)}"
        st.button("Take the suggested label", key=key, type="tertiary", help=shown, on_click=_take,
                  args=(visit, finding, by_id, name))  # fmt: skip
        kept = "It is not asked about again while the example stays as it is"
        st.button("This label is right", key=f"{key}-right", type="tertiary", help=kept, on_click=_right,
                  args=(visit, by_id[name]))  # fmt: skip


def _right(visit: Visit, example: Example) -> None:
    def do() -> bool:
        fixing.label_is_right(visit.store, visit.person.id, visit.project_id, example)
        return True

    frame.attempt(do, "Kept as right. It comes back when somebody edits the example. Undo takes it back.")


def right_labels(visit: Visit) -> None:
    """The labels that were said to be right, each with a way to have it looked at again."""
    found = [pair for pair in settled.settled(visit.store, visit.project_id) if pair.decision == settled.RIGHT]
    if not found:
        return
    with st.expander(f"{blocks.several(len(found), 'label')} said to be right", key="health-right"):
        names = people.names(visit.store)
        for pair in found[:_MOST_RIGHT]:
            _right_label(visit, pair, names.get(pair.person, "somebody who left"))
        if len(found) > _MOST_RIGHT:
            blocks.note(f"And {len(found) - _MOST_RIGHT:,} older ones.")


def _right_label(visit: Visit, pair: SettledPair, who: str) -> None:
    example = rows.get(visit.store, pair.examples[0])
    now = example is not None and own_key(example) == pair.pair
    head = blocks.start_of(example.input, 90) if example else "An example that was removed"
    tail = f"Ideal output: {blocks.start_of(example.ideal)}" if example and now else "It was edited since."
    with st.container(key=f"health-right-{pair.pair[:16]}"):
        blocks.item(head, f"{who}, {wording.day(pair.at)}. {tail}")
        if visit.may_edit:
            st.button("Look at it again", key=f"health-unright-{pair.pair[:16]}", type="tertiary", on_click=_unright,
                      args=(visit, pair.pair))  # fmt: skip


def _unright(visit: Visit, pair: str) -> None:
    def do() -> bool:
        contradictions.reopen(visit.store, visit.person.id, visit.project_id, [pair])
        return True

    frame.attempt(do, "It is looked at again.")


def _take(visit: Visit, finding: Finding, by_id: Examples, name: str) -> None:
    store, who, project = visit.store, visit.person.id, visit.project_id
    _attempt(lambda: fixing.take_suggested(store, who, project, finding, by_id, [name]), "{n} relabelled.")


def _kept(do: Callable[[], int]) -> None:
    _attempt(do, "{n} moved to the trash.")


def _attempt(do: Callable[[], int], said: str) -> bool:
    """Does it and says so; whether it was done."""
    count = frame.attempt(do)
    if count is not None:
        st.session_state[keys.NOTICE] = [
            "said",
            f"{said.replace('{n}', blocks.several(count, 'example'))} Undo takes it back.",
        ]
    return count is not None


def _fix(visit: Visit, fix: Fix, finding: Finding, by_id: Examples) -> None:
    args = (visit.store, visit.person.id, visit.project_id, fix, finding, by_id)
    said = fix.said.replace("{n}", blocks.several(len(finding.ids), "example"))

    def begin() -> bool:
        step = fixing.begun(*args)
        if step is not None:
            long_step.start(visit, step.id, f"{said} Undo takes it back.")
        return step is not None

    if frame.attempt(begin) is False:
        _attempt(partial(fixing.mend, *args), fix.said)


def _look_again(visit: Visit, finding: Finding) -> None:
    do = partial(fixing.look_again, visit.store, visit.person.id, visit.project_id, finding)
    _attempt(do, "{n} to be looked at again, under Examples.")


def show_ids(visit: Visit, ids: list[str]) -> None:
    """Goes on to exactly these examples in their list, in a callback."""
    among = frame.attempt(lambda: found_rows.keep_ids(visit.store, ids), seeing=True)
    if among is not None:
        st.session_state[keys.TO_EXAMPLES] = [visit.project_id, among]


def _slices(visit: Visit, finding: Finding, label: str, slug: str) -> None:
    brief = briefs.latest(visit.store, visit.project_id)
    with st.popover(f"{label}…", key=f"health-slices-{slug}"):
        names = [s.name for s in brief.slices] if brief else []
        key = f"health-slice-{slug}"
        draft_fields.pick(visit, "Kind of input (slice)", key, {name: form_fields.plain(name) for name in names})
        st.button(f"Put {blocks.several(len(finding.ids), 'example')} there", key=f"health-slice-do-{slug}",
                  type="primary", on_click=_into_slice, args=(visit, finding, key))  # fmt: skip


def _into_slice(visit: Visit, finding: Finding, key: str) -> None:
    wanted = Change(slice=str(st.session_state.get(key) or ""))
    ids = finding.ids
    into = lambda: change(visit.store, visit.person.id, visit.project_id, ids, wanted)  # noqa: E731
    if _attempt(into, "{n} put into this slice."):
        draft_fields.saved_as(visit, key)


def _rights(visit: Visit, finding: Finding, slug: str) -> None:
    """Consent and licence of all at once."""
    with st.popover("Note both consent and licence…", key=f"health-rights-{slug}"):
        blocks.note("What you leave open stays as it is in each example.")
        chosen, typed = f"health-consent-{slug}", f"health-licence-{slug}"
        words = {c.value: finding_parts.CONSENT[c.value] for c in Consent if c is not Consent.unknown}
        draft_fields.pick(visit, "Consent of the people it comes from", chosen, {"": "Leave as it is"} | words)
        draft_fields.line(visit, "Licence", typed, placeholder="For example: CC BY 4.0", max_chars=120)
        st.button(f"Note it for {blocks.several(len(finding.ids), 'example')}", key=f"health-rights-do-{slug}",
                  type="primary", on_click=_note_rights, args=(visit, finding, chosen, typed))  # fmt: skip


def _note_rights(visit: Visit, finding: Finding, chosen: str, typed: str) -> None:
    consent, licence = st.session_state.get(chosen), draft_fields.value(visit, typed).strip()
    wanted = Change(consent=Consent(consent) if consent else None, licence=licence or None)
    ids = finding.ids
    if _attempt(lambda: change(visit.store, visit.person.id, visit.project_id, ids, wanted), "Noted for {n}."):
        draft_fields.forget(visit, typed)
        draft_fields.forget(visit, chosen)
