"""The score card of Check and freeze: each finding with its examples, what can be done about it, and its waiver."""

from __future__ import annotations

import streamlit as st

from studio import waivers, wording
from studio.health import Finding, Severity
from studio.store import people
from studio.store.waivers import Waiver
from studio.ui import blocks, draft_fields, fix_parts, frame, holding_parts, meaning_parts
from studio.ui.access import Visit
from studio.ui.health_parts import Checked

SHOWN_CASES = 5
SHOWN_OF_CASE = 8
"""Examples of one case: a group may have thousands, and each is widgets of the page, also while it is closed."""
_HEADINGS = {
    Severity.must_fix: ("Must fix", "Each of these stops the freezing until it is fixed, or accepted with a reason."),
    Severity.should_look: ("Should look", "None of these stops you. Each can make the result worse, or less sure."),
    Severity.fine: ("Fine", ""),
}  # fmt: skip


def verdict(visit: Visit, checked: Checked) -> None:
    """Whether it can be frozen, in a sentence, how much there is to do, and the way to the freezing once it can be."""
    blocks.lead(checked.report.sentence)
    open_by = {s: [f for f in checked.report.findings if f.severity is s and f.key not in checked.accepted]
               for s in Severity}  # fmt: skip
    counts = [
        (len(open_by[Severity.must_fix]), "must be fixed"), (len(open_by[Severity.should_look]), "deserve a look"),
        (len(open_by[Severity.fine]), "are fine"),
    ]  # fmt: skip
    blocks.tally([*counts, *[(len(checked.accepted), "accepted with a reason")] * bool(checked.accepted)])
    if checked.report.ready and checked.set is not None and visit.may_edit:
        st.button("Freeze it…", key="health-to-freeze", type="primary", on_click=fix_parts.to, args=("freeze",))


def score_card(visit: Visit, checked: Checked) -> None:
    """What must be fixed, what deserves a look, what was accepted, what is fine."""
    found = checked.report.findings
    ordered = [f for s in (Severity.must_fix, Severity.should_look) for f in found if f.severity is s]
    begin = next((f.key for f in ordered if f.key not in checked.accepted), "")
    for severity in (Severity.must_fix, Severity.should_look):
        left = [f for f in found if f.severity is severity and f.key not in checked.accepted]
        if left:
            blocks.section(*_HEADINGS[severity])
            for finding in left:
                _finding(visit, checked, finding, first=finding.key == begin)
    if accepted := [f for f in found if f.key in checked.accepted]:
        blocks.section(
            "Accepted", "The team lives with these as they are. One with a new case in it counts again by itself."
        )
        for finding in accepted:
            _accepted(visit, checked, finding, checked.accepted[finding.key])
    fix_parts.right_labels(visit)
    if fine := [f for f in found if f.severity is Severity.fine]:
        with st.expander(f"Fine: {blocks.several(len(fine), 'check')} found nothing", key="health-fine"):
            blocks.bullets([f.sentence for f in fine])


def slug(finding: Finding) -> str:
    """The key of a finding as part of the key of a widget."""
    return "".join(c if c.isalnum() else "-" for c in finding.key.lower())


def _finding(visit: Visit, checked: Checked, finding: Finding, *, first: bool) -> None:
    with st.container(border=True, key=f"health-finding-{slug(finding)}"):
        blocks.item(finding.sentence)
        if (outgrown := checked.outgrown.get(finding.key)) is not None:
            blocks.note(_outgrown(finding, outgrown))
        _examples(visit, checked, finding)
        with st.container(horizontal=True, vertical_alignment="center", key=f"health-do-{slug(finding)}"):
            fix_parts.fixes(visit, finding, checked.by_id, slug(finding), first=first)
            if visit.may_edit and finding.acceptable:
                _accept(visit, finding)
        if finding.check == "unread":
            meaning_parts.reading(visit)
        if finding.check == "no_right" and finding.count:
            holding_parts.ended(visit, finding.ids)


def _outgrown(finding: Finding, waiver: Waiver) -> str:
    new = None if waiver.examples is None else len(set(finding.ids) - waiver.examples)
    now = f"{blocks.several(new, 'example')} in it now {'was' if new == 1 else 'were'} not" if new else "there are more"
    tail = "" if new else " now"
    return f"{blocks.several(waiver.cases, 'case')} accepted on {wording.day(waiver.at)}; {now}{tail}."


def _examples(visit: Visit, checked: Checked, finding: Finding) -> None:
    if finding.examples:
        title = f"Show {'it' if finding.count == 1 else 'them'}"
        with st.expander(title, key=f"health-cases-{slug(finding)}"):
            _cases(visit, checked, finding)


def _cases(visit: Visit, checked: Checked, finding: Finding) -> None:
    for number, case in enumerate(finding.examples[:SHOWN_CASES]):
        if number:
            st.divider()
        if number < len(finding.notes):
            blocks.note(finding.notes[number])
        for place, name in enumerate(case[:SHOWN_OF_CASE]):
            example = checked.by_id.get(name)
            if example is not None:
                blocks.excerpt(example.input)
                blocks.note(f"Ideal output: {blocks.start_of(example.ideal) or 'still to be written'}")
                key = f"{slug(finding)}-{number}-{place}"
                with st.container(horizontal=True, key=f"health-case-{key}"):
                    blocks.way(visit, "examples", "Open this example", f"health-open-{key}", example=name)
                    fix_parts.keep_only(visit, finding, checked.by_id, case, name, f"health-only-{key}")
                    fix_parts.take_suggested(visit, finding, checked.by_id, name, f"health-suggested-{key}")
        if len(case) > SHOWN_OF_CASE:
            blocks.note(f"And {len(case) - SHOWN_OF_CASE:,} more of this group.")
    rest = len(finding.examples) - SHOWN_CASES
    if rest > 0:
        blocks.note(f"And {rest:,} more. They come up here as you fix these.")


# -- accepting it ----------------------------------------------------------------------------------


def waiver_key(finding: Finding) -> str:
    """The key of the field in which a reason to accept this finding is typed."""
    return f"health-waive-{slug(finding)}"


def _accept(visit: Visit, finding: Finding) -> None:
    with st.popover("Accept it…", key=f"health-accept-{slug(finding)}", type="tertiary"):
        blocks.note(
            "Your reason is kept with your name, shown here, and frozen with the set; everybody who reads the result "
            "can read it. It holds for these cases, and no longer once there is another one."
        )
        draft_fields.line(visit, "Why is this all right?", waiver_key(finding), max_chars=waivers.LONGEST)
        st.button("Accept it as it is", key=f"health-accept-do-{slug(finding)}", type="primary", on_click=_accepting,
                  args=(visit, finding))  # fmt: skip


def _accepting(visit: Visit, finding: Finding) -> None:
    # The field is read here, not passed on: a click right after typing comes with it in one go.
    reason = draft_fields.value(visit, waiver_key(finding))

    def do() -> bool:
        waivers.accept(visit.store, visit.person.id, visit.project_id, finding, reason)
        return True

    if frame.attempt(
        do, "Accepted. The reason stands on the score card and is frozen with the set. Undo takes it back."
    ):
        draft_fields.forget(visit, waiver_key(finding))


def _accepted(visit: Visit, checked: Checked, finding: Finding, waiver: Waiver) -> None:
    who = people.names(visit.store).get(waiver.person, "somebody")
    with st.container(border=True, key=f"health-finding-{slug(finding)}"):
        blocks.item(finding.sentence, f"{waiver.reason} Accepted by {who}, {wording.day(waiver.at)}, for "
                    f"{blocks.several(waiver.cases, 'case')}.")  # fmt: skip
        _examples(visit, checked, finding)
        if visit.may_edit:
            st.button("No longer accept it", key=f"health-revoke-{slug(finding)}", type="tertiary", on_click=_revoke,
                      args=(visit, finding))  # fmt: skip


def _revoke(visit: Visit, finding: Finding) -> None:
    def do() -> bool:
        waivers.revoke(visit.store, visit.person.id, visit.project_id, finding.key)
        return True

    frame.attempt(do, "It counts again. Undo accepts it again.")
