"""The answers side by side on the Compare page: who was right, what differs word by word, and a candidate from one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from studio import outputs
from studio.evaluate.exploring import Cell, cell, right
from studio.evaluation import Report
from studio.outputs import Compared
from studio.records import ArmKind, Brief, Dataset, Example, Split
from studio.store import Store
from studio.ui import answers, blocks, like_parts, passages_parts, shots_parts, taught_parts
from studio.ui.access import Visit

PAGE_SIZE = 5
_EVERY = "every"
_ODD = "odd"


def show(visit: Visit, brief: Brief, dataset: Dataset, told: Report | None, shown: Sequence[Compared]) -> None:
    """Prompt by prompt, once the reader has chosen to vote outside the count."""
    blocks.section("The answers, side by side", "")
    if not answers.may_read(visit, dataset.id, "evaluate", tests=True):
        return
    every = answers.examples(visit, dataset, Split.test)
    examples = _asked_for(every)
    one, other = _pair(shown, told.other if told else "")
    left, right_side = st.columns(2)
    with left:
        rule = _rule(shown) if one and other else ""
    places = _cells(told, one, other, [e.id for e in examples], rule) if told and one and other else {}
    named = tuple(each.arm.id for each in shown)
    workspace, as_of = str(visit.store.workspace), answers.figures_as_of(visit)
    odd = _odd(visit.store, every, shown, workspace, as_of, dataset.id, named) & {e.id for e in examples}
    with right_side:
        wanted = _cell(one, other, places, odd, len(examples))
    found = [e for e in examples if wanted == _EVERY or (e.id in odd if wanted == _ODD else places.get(e.id) == wanted)]
    differs = bool(one and other) and st.toggle(
        f"Mark the words that differ from {other.arm.name if other else ''}", key="evaluate-differs",
        persist_state="session",
    )  # fmt: skip
    blocks.note(f"{blocks.several(len(found), 'prompt')} of {len(examples):,}.")
    pages = max(1, -(-len(found) // PAGE_SIZE))
    page = st.pagination(pages, key=f"evaluate-page-{wanted}-{len(found)}") if pages > 1 else 1
    beside = other.arm.id if differs and other else ""
    here = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    ids = [e.id for e in here]
    written = {each.arm.id: outputs.current(visit.store, dataset.id, each.arm, ids) for each in shown}
    for example in here:
        answers.side_by_side(brief, example, shown, written, f"evaluate-prompt-{example.id}", beside=beside)
        own = {name: each[example.id] for name, each in written.items() if example.id in each}
        shots_parts.given(visit, dataset, [each.arm for each in shown], own, f"evaluate-given-{example.id}")
        passages_parts.given(visit, [each.arm for each in shown], own, f"evaluate-passages-{example.id}")
        taught_parts.beside(visit, dataset, example, shown, written)
        like_parts.like_it(visit, "evaluate", example, example.ideal)


# -- what is shown ----------------------------------------------------------------------------------


@st.cache_data(max_entries=8, show_spinner=False)
def _odd(
    _store: Store, _examples: Sequence[Example], _shown: Sequence[Compared], workspace: str, version: int,
    dataset: str, arms: Sequence[str],
) -> set[str]:  # fmt: skip
    """The prompts to which one of these arms says nothing, or has no answer."""
    written = [outputs.current(_store, dataset, each.arm) for each in _shown]
    return {e.id for e in _examples if any(e.id not in own or not own[e.id].output.strip() for own in written)}


def _asked_for(examples: Sequence[Example]) -> list[Example]:
    """Of one slice and one hard kind, as the reader chose."""
    left, right_side = st.columns(2)
    slices = list(dict.fromkeys(e.slice for e in examples if e.slice))
    kinds = sorted({kind for e in examples for kind in e.kinds})
    wanted = left.selectbox("Slice", ["", *slices], key="evaluate-slice", format_func=_any, persist_state="session")
    kind = right_side.selectbox("Hard kind", ["", *kinds], key="evaluate-kind", format_func=_any,
                                persist_state="session")  # fmt: skip
    return [e for e in examples if wanted in ("", e.slice) and (not kind or kind in e.kinds)]


def _any(name: str) -> str:
    return name.replace("_", " ") or "Any"


def _rule(shown: Sequence[Compared]) -> str:
    """What an answer must keep to be right: one rule, or ("") all of it."""
    rules = list(dict.fromkeys(s.criterion for each in shown for s in each.scores))
    return str(
        st.selectbox("Right means", ["", *rules], key="evaluate-rule", persist_state="session",
                     format_func=lambda rule: rule or "Right in everything that can be checked")
    )  # fmt: skip


def _pair(shown: Sequence[Compared], beside: str) -> tuple[Compared | None, Compared | None]:
    """The two arms whose right and wrong make the four cells: the newest tuned one, and the one beside it."""
    names = {each.arm.id: each.arm.name for each in shown}
    if len(shown) < 2:
        return None, None
    tuned = [each.arm.id for each in shown if each.arm.kind is ArmKind.tuned and not each.arm.step]
    first = tuned[-1] if tuned else shown[0].arm.id
    base = next((each.arm.id for each in shown if each.arm.kind is ArmKind.base and each.arm.id != first), "")
    second = base or (beside if beside in names and beside != first else next(n for n in names if n != first))
    if len(shown) > 2:
        left, right_side = st.columns(2)
        listed = list(names)
        first = left.selectbox("This arm", listed, index=listed.index(first), format_func=names.__getitem__,
                               key="evaluate-one", persist_state="session")  # fmt: skip
        second = right_side.selectbox("beside", listed, index=listed.index(second), format_func=names.__getitem__,
                                      key="evaluate-other", persist_state="session")  # fmt: skip
    by_id = {each.arm.id: each for each in shown}
    return (by_id[first], by_id[second]) if first != second else (None, None)


def _cells(told: Report, one: Compared, other: Compared, prompts: Sequence[str], rule: str) -> dict[str, Cell]:
    both = [right(told.figures[each.arm.id].main, each.scores, rule, prompts) for each in (one, other)]
    return {name: cell(name, *both) for name in prompts}


def _cell(
    one: Compared | None, other: Compared | None, places: Mapping[str, Cell], odd: set[str], total: int
) -> str:  # fmt: skip
    """The cell that the reader looks at, each with its count."""
    names = {_EVERY: f"Every prompt ({total:,})"}
    if one and other:
        counts = Counter(places.values())
        words = {
            Cell.other_right: f"{other.arm.name} right, {one.arm.name} wrong",
            Cell.one_right: f"{one.arm.name} right, {other.arm.name} wrong",
            Cell.both_wrong: "Both wrong",
            Cell.both_right: "Both right",
            Cell.untold: "Cannot be told",
        }
        names |= {each.value: f"{said} ({counts[each]:,})" for each, said in words.items() if counts[each]}
    if odd:
        names[_ODD] = f"An answer empty or missing ({len(odd):,})"
    if st.session_state.get("evaluate-filter") not in names:
        st.session_state["evaluate-filter"] = _EVERY
    return str(st.selectbox("Show", list(names), key="evaluate-filter", format_func=names.__getitem__,
                            persist_state="session"))  # fmt: skip
