"""Where an arm is better or worse than another: slices and hard kinds, on the Compare page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import outputs
from studio.evaluate.parts import Part, Told
from studio.evaluation import Against, Report
from studio.records import ArmKind
from studio.ui import blocks, figure_parts
from studio.ui.access import Visit

_OF = {"slice": "", "kind": " (hard kind)", "turn": " (how far into a conversation)"}
_SAID = {
    Told.worse: "worse",
    Told.better: "better",
    Told.alike: "no change shown",
    Told.too_few: "not enough examples",
}


def show(
    visit: Visit, dataset: str, compared: Sequence[outputs.Compared], shown: Sequence[outputs.Compared]
) -> Report | None:
    """Part by part: both arms, their difference, and what can be said of it. All that is told of the arms."""
    with st.container():
        place = st.container()
        other = _beside(shown)
    told = figure_parts.report(visit, dataset, compared, other)
    names = {each.arm.id: each.arm.name for each in shown}
    found = _asked(told, shown) if told else []
    if told is None or not found:
        return told
    with place:
        blocks.section(
            "Where it is better or worse",
            f"Each kind of input by itself, by {told.score}. All are tested together (Holm), so that looking at many "
            "finds nothing by chance; with few examples the answer is that there are too few.",
        )
        blocks.plain(found[0].verdict)
    for each in found:
        if each is not found[0]:
            blocks.plain(each.verdict)
        headers = ["Part", "n", names[each.arm], names[each.other], "Difference", "Best guess (95 %)", "What it says"]
        caption = f"{names[each.arm]} beside {names[each.other]}, part by part"
        blocks.table(headers, [_row(part) for part in each.parts], caption)
    blocks.note(
        "The best guess is the difference drawn towards the other parts', the more so the fewer examples there are "
        "(a shrunken estimate): trust it more than the difference beside it where n is small. Its interval is no test "
        "of the part; the last column is."
    )
    return told


def _asked(told: Report, shown: Sequence[outputs.Compared]) -> list[Against]:
    """The tuned models among those shown, the newest first; without one, whatever is beside the other arm."""
    kinds = {each.arm.id: each.arm.kind for each in shown}
    found = [each for each in reversed(told.against) if {each.arm, each.other} <= kinds.keys() and each.parts]
    return [each for each in found if kinds[each.arm] is ArmKind.tuned] or found


def _beside(shown: Sequence[outputs.Compared]) -> str:
    """The arm beside which the others are set, as the reader chose; "" for the best prompt, or the base."""
    names = {each.arm.id: each.arm.name for each in shown}
    if len(names) < 3:
        return ""
    picked = st.selectbox(
        "Compared with", ["", *names], key="evaluate-beside", width=360, persist_state="session",
        format_func=lambda name: names.get(name, "The best prompt, or the base"),
    )  # fmt: skip
    return str(picked)


def _row(part: Part) -> list[str]:
    name = part.group.name.replace("_", " ")
    called = f"{name}{_OF[part.group.of]}"
    said = _SAID[part.told]
    if part.told in (Told.worse, Told.better):
        said = f"{said} (p = {part.p:.3f})" if part.p >= 0.001 else f"{said} (p < 0.001)"
    guess = f"{100 * part.drawn:+.0f} ({100 * part.low:+.0f} to {100 * part.high:+.0f})"
    both = [blocks.percent(part.one), blocks.percent(part.other)]
    return [called, f"{part.n:,}", *both, f"{100 * part.difference:+.0f} points", guess, said]
