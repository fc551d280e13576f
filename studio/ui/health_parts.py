"""The pieces of Check and freeze: what was checked, what goes where, the freezing, and the frozen sets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import streamlit as st

from studio import checking, datasets, health, waivers, wording
from studio.health import HealthReport
from studio.health.checks import MINIMUM
from studio.records import Dataset, Example, Refusal, Split
from studio.store import briefs, examples
from studio.store import datasets as rows
from studio.store.waivers import Waiver
from studio.ui import blocks, dataset_parts, draft_fields, frame
from studio.ui.access import Visit
from studio.wording import duration

PURPOSE = {
    Split.train: ("to learn from", "training", "The model sees these, again and again."),
    Split.validation: (
        "to watch while it learns", "validation", 
        "Kept aside. They show when it starts to learn by heart, and prompts are tried on them.",
    ),
    Split.test: ("to test at the end", "test", "Kept from the model and every prompt until the answers are compared."),
}  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """The report, the examples it speaks of by id, and the set that would be frozen (None: `hindrance` says why).
    `accepted` and `outgrown`: the waivers by finding that hold, and those there are more cases of by now. `fresh`: it
    is on the examples as they are now."""

    report: HealthReport
    by_id: dict[str, Example]
    set: datasets.Candidate | None
    accepted: dict[str, Waiver]
    outgrown: dict[str, Waiver]
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
    hindrance, report = made.checkup.hindrance, made.checkup.report
    accepted = waivers.standing(visit.store, visit.project_id, report)
    reasons = {key: waiver.reason for key, waiver in accepted.items()}
    return Checked(
        health.with_waivers(report, reasons), made.by_id, None if hindrance else datasets.of(made, reasons),
        accepted, waivers.outgrown(visit.store, visit.project_id, report), found.fresh, hindrance,
    )  # fmt: skip


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


def freeze_form(visit: Visit, checked: Checked) -> None:
    """A name and the button. What hinders it is said before it is pressed."""
    assert checked.set is not None
    blocks.section(
        "Freeze it", "A frozen set never changes; later edits go into the next one. Training starts from a frozen set."
    )
    if not visit.may_edit:
        blocks.note("Designers and admins freeze a set.")
        return
    left = [g for g in checked.report.gates if not g.passed]
    if left:
        blocks.note(f"{blocks.several(len(left), 'finding')} must still be fixed or accepted with a reason.")
    draft_fields.line(
        visit, "Name of the set", "health-name", placeholder="For example: First set", max_chars=80, width=560
    )
    st.button(
        f"Freeze these {blocks.several(len(checked.set.examples), 'example')}", key="health-freeze", type="primary",
        icon=":material/lock:", on_click=_freeze, args=(visit, checked.set),
    )  # fmt: skip


def _freeze(visit: Visit, seen: datasets.Candidate) -> None:
    # The field is read here, not passed on: a click right after typing comes with it in one go.
    name = draft_fields.value(visit, "health-name")
    frozen = frame.attempt(
        lambda: datasets.freeze(visit.store, visit.person.id, visit.project_id, name=name, seen=seen)
    )
    if frozen is None:
        return
    draft_fields.forget(visit, "health-name")
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
