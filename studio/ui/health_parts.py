"""The pieces of Check and freeze: the score card, what goes where, the freezing, and the frozen sets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import streamlit as st

from studio import checking, datasets, wording
from studio.examples import redacting
from studio.health import Finding, HealthReport, Severity
from studio.health.checks import MINIMUM
from studio.records import Dataset, Example, Refusal, Split
from studio.store import briefs, examples
from studio.store import datasets as rows
from studio.ui import blocks, dataset_parts, draft_fields, frame, holding_parts, meaning_parts
from studio.ui.access import Visit
from studio.ui.job_panel import duration

SHOWN_CASES = 5
PURPOSE = {
    Split.train: ("to learn from", "training", "The model sees these, again and again."),
    Split.validation: (
        "to watch while it learns", "validation", 
        "Kept aside. They show when it starts to learn by heart, and prompts are tried on them.",
    ),
    Split.test: ("to test at the end", "test", "Kept from the model and every prompt until the answers are compared."),
}  # fmt: skip
_HEADINGS = {
    Severity.must_fix: ("Must fix", "Each of these stops the freezing until it is fixed, or accepted with a reason."),
    Severity.should_look: ("Should look", "None of these stops you. Each can make the result worse, or less sure."),
    Severity.fine: ("Fine", ""),
}  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """The report, the examples it speaks of by id, and the set that would be frozen (None: `hindrance` says why).
    `fresh`: it is on the examples as they are now."""

    report: HealthReport
    by_id: dict[str, Example]
    set: datasets.Candidate | None
    fresh: bool = True
    hindrance: str = ""


def check(visit: Visit) -> Checked | None:
    """The newest report on the project's examples, and how far a newer one is; None when there is nothing to show."""
    if briefs.latest(visit.store, visit.project_id) is None or not examples.count(visit.store, visit.project_id):
        nothing_yet(visit)
        return None
    try:
        found = checking.look(visit.store, visit.project_id)
    except Refusal as refusal:
        frame.refused(refusal)
        st.button("Check again", key="health-again", on_click=_again, args=(visit,))
        return None
    if not found.fresh:
        _follow(visit, found.made is not None)
    if found.made is None:
        return None
    made = found.made
    hindrance = made.checkup.hindrance
    return Checked(
        made.checkup.report, made.by_id, None if hindrance else datasets.of(made, {}), found.fresh, hindrance
    )


def _again(visit: Visit) -> None:
    frame.attempt(lambda: checking.begin(visit.store, visit.project_id))


@st.fragment(run_every=1.0)
def _follow(visit: Visit, older: bool) -> None:
    """A large project is checked beside the pages: how far that is, each second; then the page runs again."""
    try:
        found = checking.look(visit.store, visit.project_id)
    except Refusal:
        st.rerun()
    if found.fresh:
        st.rerun()
    done = found.progress
    left = f"about {duration(done.seconds_left)} left" if done.seconds_left else "estimating the time left"
    below = " What stands below is from before the last changes." if older else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="health-checking"):
        blocks.item("Checking the examples", f"{done.done} of {done.total or 'all'} checks done, {left}.{below}")
        if done.running:
            st.button("Stop", key="health-stop", icon=":material/stop:", on_click=checking.stop, args=(visit.store,))
    st.progress(min(1.0, done.done / done.total) if done.total else 0.0)


def nothing_yet(visit: Visit) -> None:
    """Before there is a brief and an example."""
    frame.empty(
        "Nothing to check yet",
        "Here the approved examples are checked, divided into those to learn from and those to test with, and frozen "
        "under a name, so that every later result can be traced to exactly these words. It needs a brief and at least "
        f"{MINIMUM} approved examples.",
    )
    blocks.way(visit, "brief", "Write the brief", "health-to-brief")
    blocks.way(visit, "examples", "Collect examples", "health-to-examples")


def score_card(visit: Visit, checked: Checked) -> None:
    """What must be fixed, what deserves a look, what is fine; each finding with its examples to open."""
    found = checked.report.findings
    by_severity = {s: [f for f in found if f.severity is s] for s in Severity}
    blocks.lead(checked.report.sentence)
    counts = {Severity.must_fix: "must be fixed", Severity.should_look: "deserve a look", Severity.fine: "are fine"}
    blocks.tally([(len(by_severity[s]), words) for s, words in counts.items()])
    for severity in (Severity.must_fix, Severity.should_look):
        if by_severity[severity]:
            blocks.section(*_HEADINGS[severity])
            for finding in by_severity[severity]:
                _finding(visit, checked, finding)
    if fine := by_severity[Severity.fine]:
        with st.expander(f"Fine: {blocks.several(len(fine), 'check')} found nothing", key="health-fine"):
            blocks.bullets([f.sentence for f in fine])


def _slug(finding: Finding) -> str:
    return "".join(c if c.isalnum() else "-" for c in finding.key.lower())


def waiver_key(finding: Finding) -> str:
    """The key of the field in which a reason to accept this finding is typed."""
    return f"health-waive-{_slug(finding)}"


def _finding(visit: Visit, checked: Checked, finding: Finding) -> None:
    with st.container(border=True, key=f"health-finding-{_slug(finding)}"):
        blocks.item(finding.sentence)
        if finding.examples:
            title = f"Show {'it' if finding.count == 1 else 'them'}"
            with st.expander(title, key=f"health-cases-{_slug(finding)}"):
                _cases(visit, checked, finding)
        if finding.check == "unread":
            meaning_parts.reading(visit)
        if finding.check == "no_right" and finding.count:
            holding_parts.ended(visit, [name for case in finding.examples for name in case])
        if finding.check == "personal_data" and visit.may_edit and finding.count:
            label = f"Replace it by marks such as [email 1] in {blocks.several(finding.count, 'example')}"
            st.button(label, key="health-redact", on_click=_redact, args=(visit, finding))
        if finding.severity is Severity.must_fix and visit.may_edit:
            draft_fields.line(
                visit, "Or accept it: why is this all right?", waiver_key(finding),
                help="Your reason is frozen with the set; everybody who reads the result can read it.",
            )  # fmt: skip


def _redact(visit: Visit, finding: Finding) -> None:
    ids = [name for case in finding.examples for name in case]
    count = frame.attempt(lambda: redacting.redact_examples(visit.store, visit.person.id, visit.project_id, ids))
    if count is not None:
        said = f"{blocks.several(count, 'example')} redacted; those that were approved are back in review."
        frame.attempt(lambda: None, f"{said} Undo takes it back. Older revisions still hold the texts.")


def _cases(visit: Visit, checked: Checked, finding: Finding) -> None:
    for number, case in enumerate(finding.examples[:SHOWN_CASES]):
        if number:
            st.divider()
        for place, name in enumerate(case):
            example = checked.by_id.get(name)
            if example is not None:
                blocks.excerpt(example.input)
                blocks.note(f"Ideal output: {_start_of(example.ideal)}")
                key = f"health-open-{_slug(finding)}-{number}-{place}"
                blocks.way(visit, "examples", "Open this example", key, example=name)
    rest = len(finding.examples) - SHOWN_CASES
    if rest > 0:
        blocks.note(f"And {rest:,} more. They come up here as you fix these.")


def _start_of(text: str, limit: int = 140) -> str:
    flat = " ".join(text.split())
    return (flat if len(flat) <= limit else f"{flat[: limit - 1].rstrip()}…") or "still to be written"


def splits(made: datasets.Candidate) -> None:
    """How the set would be divided, and what each part is for."""
    blocks.section("What goes where", "Drawn once and kept: an example to test with never becomes one to learn from.")
    blocks.bullets([
        f"{made.splits[s.value]:,} {words} ({term} set). {why}" for s, (words, term, why) in PURPOSE.items()
    ])  # fmt: skip
    counts = Counter((e.slice, e.split) for e in made.examples)
    names = sorted({e.slice for e in made.examples})
    table = [
        [(n or "in no slice").replace("_", " "), *(f"{count:,}" for count in (*split, sum(split)))]
        for n in names
        for split in [[counts[n, s] for s in PURPOSE]]
    ]
    table.append(["All", *(f"{made.splits[s.value]:,}" for s in PURPOSE), f"{len(made.examples):,}"])
    blocks.table(["Slice", "To learn from", "To watch", "To test", "All"], table, "Approved examples by slice")


def _reasons(visit: Visit, report: HealthReport) -> dict[str, str]:
    """Finding -> written reason, of those that must be fixed and were accepted instead."""
    blocking = [f for f in report.findings if f.severity is Severity.must_fix]
    return {f.key: text for f in blocking if (text := draft_fields.value(visit, waiver_key(f)).strip())}


def freeze_form(visit: Visit, checked: Checked) -> None:
    """A name and the button. What hinders it is said before it is pressed."""
    assert checked.set is not None
    blocks.section(
        "Freeze it", "A frozen set never changes; later edits go into the next one. Training starts from a frozen set."
    )
    if not visit.may_edit:
        blocks.note("Designers and admins freeze a set.")
        return
    reasons = _reasons(visit, checked.report)
    left = [g for g in checked.report.gates if not g.passed and g.key not in reasons]
    if left:
        blocks.note(f"{blocks.several(len(left), 'finding')} above must still be fixed or accepted with a reason.")
    draft_fields.line(
        visit, "Name of the set", "health-name", placeholder="For example: First set", max_chars=80, width=560
    )
    st.button(
        f"Freeze these {blocks.several(len(checked.set.examples), 'example')}", key="health-freeze", type="primary",
        icon=":material/lock:", on_click=_freeze, args=(visit, checked.report),
    )  # fmt: skip


def _freeze(visit: Visit, report: HealthReport) -> None:
    # The fields are read here, not passed on: a click right after typing comes with them in one go.
    reasons, name = _reasons(visit, report), draft_fields.value(visit, "health-name")
    frozen = frame.attempt(
        lambda: datasets.freeze(visit.store, visit.person.id, visit.project_id, name=name, waivers=reasons)
    )
    if frozen is None:
        return
    draft_fields.forget(visit, "health-name")
    for finding in report.findings:
        if finding.key in reasons:
            draft_fields.forget(visit, waiver_key(finding))
    frame.attempt(lambda: None, f"“{frozen.name}” is frozen: {blocks.several(sum(frozen.splits.values()), 'example')}.")


def frozen_sets(visit: Visit) -> None:
    """Every frozen set in use, newest first."""
    found = rows.every(visit.store, visit.project_id)
    if found:
        blocks.section("Frozen sets", "The newest is the one that training and comparing offer first.")
    for place, dataset in enumerate(found):
        with st.container(border=True, key=f"health-set-{dataset.id}"):
            before = found[place + 1] if place + 1 < len(found) else None
            _frozen(visit, dataset, before, newest=place == 0)


def _frozen(visit: Visit, dataset: Dataset, before: Dataset | None, *, newest: bool) -> None:
    counts = ", ".join(f"{dataset.splits.get(s.value, 0):,} {words}" for s, (words, _, _) in PURPOSE.items())
    blocks.item(
        dataset.name,
        f"{counts}. Frozen {blocks.when(dataset.at)} under version {dataset.brief_version} of the brief.",
        "newest" if newest else "",
    )
    waived = dataset.health.get("waivers", {})
    if waived:
        blocks.bullets([f"Accepted: {wording.finding_name(name)}. Reason: {reason}" for name, reason in waived.items()])
    dataset_parts.what_became(visit, dataset, before)
    with st.container(horizontal=True, vertical_alignment="center"):
        blocks.fingerprint(dataset.sha256)
        if visit.may_edit:
            with st.popover("Rename", key=f"health-rename-{dataset.id}", type="tertiary"):
                key = f"health-newname-{dataset.id}"
                draft_fields.line(visit, "New name", key, dataset.name, max_chars=80)
                st.button("Rename", key=f"health-rename-do-{dataset.id}", on_click=_rename, args=(visit, dataset.id))
            st.button(
                "Discard", key=f"health-discard-{dataset.id}", type="tertiary", on_click=frame.attempt,
                args=(lambda: datasets.discard(visit.store, visit.person.id, visit.project_id, dataset.id),
                      "Discarded. Undo brings it back."),
            )  # fmt: skip


def _rename(visit: Visit, dataset: str) -> None:
    key = f"health-newname-{dataset}"
    name = str(st.session_state[key])

    def rename() -> bool:
        datasets.rename(visit.store, visit.person.id, visit.project_id, dataset, name)
        return True

    done = frame.attempt(rename, "Renamed.")
    if done:
        draft_fields.forget(visit, key, name.strip())
