"""The examples' page: the list with its filters, and what can be done with a selection."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from math import ceil

import streamlit as st

from studio.examples import step
from studio.examples.export import export_examples
from studio.health.checks import MINIMUM
from studio.records import Example, Role, Status, canonical, sha256
from studio.store import briefs
from studio.store import examples as rows
from studio.ui import blocks, example_parts, form_fields, frame, import_parts, keys, labelling_parts, prose
from studio.ui.access import Visit

PAGE = 20
VIEWS = {
    "list": "All examples", "label": "Label", "import": "Import", "batches": "Imports so far", "trash": "Trash",
}  # fmt: skip


@dataclass(frozen=True)
class Filter:
    """What of the list is shown; every field empty: all."""

    text: str = ""
    status: str = ""
    slice: str = ""


def show(visit: Visit) -> None:
    if visit.person.role is Role.reviewer:  # they label what they are asked about and see nothing else here
        labelling_parts.show(visit)
        return
    wanted = st.query_params.get("example", "")
    if wanted:
        example_parts.show(visit, wanted, asdict(current_filter()))
        return
    counts = rows.counts(visit.store, visit.project_id)
    view = _chosen_view(visit)
    if view == "import" and visit.may_edit:
        import_parts.show(visit)
    elif view == "label":
        labelling_parts.show(visit)
    elif view == "batches":
        import_parts.batches(visit)
    elif view == "trash":
        _trash(visit)
    elif not sum(counts.values()):
        _empty(visit)
    else:
        _stale(visit)
        _balance(visit, sum(counts.values()))
        _list(visit, counts)


def _chosen_view(visit: Visit) -> str:
    trashed = rows.count(visit.store, visit.project_id, trashed=True)
    words = VIEWS | {"trash": f"Trash ({trashed:,})" if trashed else "Trash"}
    views = {view: said for view, said in words.items() if view != "import" or visit.may_edit}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        chosen = form_fields.view(keys.EXAMPLES_VIEW, views, "Which part of the examples")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            if visit.may_edit:
                st.button(
                    "Write one",
                    icon=":material/edit:",
                    key="example-write",
                    on_click=example_parts.open_one,
                    args=("new",),
                )
            frame.undo_bar(visit)
    return chosen


def _empty(visit: Visit) -> None:
    if not visit.may_edit:
        frame.empty("No examples yet", "Designers collect here what the model should say to real inputs.")
        return
    frame.empty(
        "Collect what it should say",
        "An example is one input as it really comes in, and the answer you would be glad to have written yourself. "
        "Bring a file (CSV, Excel, JSON and others), paste rows, or write the first one by hand. Some "
        f"{MINIMUM} approved ones are enough to try; a few hundred teach a habit.",
        "Import a file or paste rows",
        on_click=lambda: st.session_state.update({keys.EXAMPLES_VIEW: "import"}),
    )


def _stale(visit: Visit) -> None:
    """Approvals given before the brief changed its meaning, and a way to look at exactly those."""
    meaning = briefs.meaning_since(visit.store, visit.project_id)
    ids = rows.approved_before_ids(visit.store, visit.project_id, meaning)
    if not ids:
        return
    were = f"{blocks.several(len(ids), 'example')} {'was' if len(ids) == 1 else 'were'}"
    frame.stale([f"{were} approved before version {meaning} of the brief, which changed what good means."])
    if visit.may_edit:
        label = f"Select {'it' if len(ids) == 1 else f'these {len(ids):,}'}, to approve again or to send back to review"
        st.button(label, key="examples-pick-stale", type="tertiary", on_click=_pick_all, args=(ids,))


# -- what there is against what the brief asks for -------------------------------------------------


def _balance(visit: Visit, total: int) -> None:
    """Counts by slice and status beside the shares that the brief aims at."""
    brief = briefs.latest(visit.store, visit.project_id)
    tally = rows.tally(visit.store, visit.project_id)
    targets = {s.name: s.target_share for s in brief.slices} if brief else {}
    names = [*targets, *sorted({name for name, _ in tally} - set(targets))]
    if not targets or not names:
        return
    sums = {name: sum(tally.get((name, s.value), 0) for s in Status) for name in names}
    with st.expander(_furthest(sums, targets, total), key="examples-balance"):
        body = [
            (
                name or "no kind given",
                *(f"{tally.get((name, s.value), 0):,}" for s in Status),
                f"{sums[name]:,}",
                blocks.percent(sums[name] / total),
                blocks.percent(targets[name]) if targets.get(name) else "–" if name in targets else "not in the brief",
            )
            for name in names
        ]
        heads = ["Kind of input (slice)", *prose.STATUS_WORDS.values(), "All", "Share", "Aimed at"]
        blocks.table(heads, body, f"{total:,} examples by kind of input and status; shares are of all of them")


def _furthest(sums: dict[str, int], targets: dict[str, float], total: int) -> str:
    """The one sentence about balance: the slice that lacks most of what the brief aims at."""
    aimed = {name: share for name, share in targets.items() if share}
    if not aimed:
        return f"{total:,} examples by kind of input and status"
    name = max(aimed, key=lambda n: aimed[n] - sums[n] / total)
    if aimed[name] - sums[name] / total < 0.02:
        return "Every kind of input has about the share that the brief aims at"
    here, there = blocks.percent(sums[name] / total), blocks.percent(aimed[name])
    return f"{form_fields.plain(name)} has {here} of the examples where the brief aims at {there}"


# -- the list --------------------------------------------------------------------------------------


def current_filter() -> Filter:
    text, status, slice = (
        str(st.session_state.get(f"examples-{name}") or "") for name in ("search", "status", "slice")
    )
    return Filter(text, status, slice)


def _filters(visit: Visit, counts: dict[str, int]) -> Filter:
    names = sorted({name for name, _ in rows.tally(visit.store, visit.project_id) if name})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Search in inputs and ideal outputs", key="examples-search", type="search", live=True,
            persist_state="session", width=340,
        )  # fmt: skip
        st.selectbox(
            "Kind of input", ["", *names], key="examples-slice", format_func=lambda s: s or "Any", width=200,
            persist_state="session",
        )  # fmt: skip
    every = {"": f"All {sum(counts.values()):,}"}
    words = every | {s.value: f"{prose.STATUS_WORDS[s]} {counts[s.value]:,}" for s in Status}
    st.segmented_control(
        "Status", list(words), key="examples-status", format_func=words.__getitem__, default="", required=True,
        persist_state="session",
    )  # fmt: skip
    return current_filter()


def _list(visit: Visit, counts: dict[str, int]) -> None:
    wanted = _filters(visit, counts)
    found = rows.count(visit.store, visit.project_id, **asdict(wanted))
    pages = max(1, ceil(found / PAGE))
    pager = f"examples-page-{sha256(canonical(asdict(wanted)))[:8]}"  # another filter starts on its own first page
    at = min(int(st.session_state.get(pager) or 1), pages)
    shown = rows.page(visit.store, visit.project_id, **asdict(wanted), limit=PAGE, offset=(at - 1) * PAGE)
    if not shown:
        blocks.note("No example matches. Take a word out of the search, or choose another status.")
        return
    if visit.may_edit:
        _selection(visit, [e.id for e in shown], found, wanted)
    for example in shown:
        _row(visit, example)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="examples-pages"
    ):
        if pages > 1:
            st.pagination(pages, key=pager, width=420)
        blocks.note(f"{(at - 1) * PAGE + 1:,} to {(at - 1) * PAGE + len(shown):,} of {found:,}")
    _export(visit, wanted, found)


def _picked() -> list[str]:
    return list(st.session_state.get(keys.PICKED, []))


def _pick(example: str, key: str) -> None:
    others = [e for e in _picked() if e != example]
    st.session_state[keys.PICKED] = [*others, example] if st.session_state[key] else others


def _pick_all(found: list[str]) -> None:
    st.session_state[keys.PICKED] = found


def _row(visit: Visit, example: Example, *, trashed: bool = False) -> None:
    with st.container(key=f"example-row-{example.id}", horizontal=True, gap="small", wrap=False):
        if visit.may_edit:
            key = f"{keys.PICK}-{example.id}"
            st.session_state[key] = example.id in _picked()
            label = f"Select: {form_fields.plain(example.input[:60])}"
            st.checkbox(
                label, key=key, label_visibility="collapsed", on_change=_pick, args=(example.id, key), width="content"
            )
        with st.container(width="stretch"):
            prose.entry(example)
        if not trashed:
            st.button(
                "Open",
                key=f"example-open-{example.id}",
                type="tertiary",
                on_click=example_parts.open_one,
                args=(example.id,),
            )


def _selection(visit: Visit, here: list[str], found: int, wanted: Filter) -> None:
    """The bar above the list: select, and what to do with what is selected."""
    picked = _picked()
    with st.container(key="examples-selected", horizontal=True, vertical_alignment="center"):
        if not picked:
            st.button(
                f"Select these {len(here)}", key="examples-pick-page", type="tertiary", on_click=_pick_all, args=(here,)
            )
            if found > len(here):
                everything = rows.ids(visit.store, visit.project_id, **asdict(wanted))
                label = f"Select all {found:,} that match"
                st.button(label, key="examples-pick-all", type="tertiary", on_click=_pick_all, args=(everything,))
            return
        st.markdown(f"**{len(picked):,} selected**", width="content")
        for status, label in _ACTIONS.items():
            st.button(label, key=f"examples-mark-{status.value}", on_click=_mark, args=(visit, status))
        st.button("Move to trash", key="examples-to-trash", on_click=_trashed, args=(visit, True))
        st.button("Select none", key="examples-pick-none", type="tertiary", on_click=_pick_all, args=([],))


_ACTIONS = {Status.approved: "Approve", Status.in_review: "Back to review", Status.rejected: "Reject"}
_SAID = {Status.approved: "approved", Status.in_review: "back in review", Status.rejected: "rejected"}


def _mark(visit: Visit, status: Status) -> None:
    picked = len(_picked())
    count = frame.attempt(lambda: step.mark(visit.store, visit.person.id, visit.project_id, _picked(), status))
    if count is not None:
        _pick_all([])
        now = f"{blocks.several(count, 'example')} {'is' if count == 1 else 'are'} {_SAID[status]}. Undo takes it back."
        if waiting := picked - count:
            now += f" {blocks.several(waiting, 'example')} needs a second approval first."
        st.session_state[keys.NOTICE] = ["said", now]


def _trashed(visit: Visit, into: bool) -> None:
    picked = _picked()

    def move() -> bool:
        step.trash(visit.store, visit.person.id, visit.project_id, picked, trashed=into)
        return True

    where = "in the trash; you can bring them back from there" if into else "back in the list"
    if frame.attempt(move, f"{blocks.several(len(picked), 'example')} now {where}."):
        _pick_all([])


def _trash(visit: Visit) -> None:
    found = rows.count(visit.store, visit.project_id, trashed=True)
    shown = rows.page(visit.store, visit.project_id, trashed=True, limit=100)
    if not shown:
        frame.empty(
            "The trash is empty", "What you move here leaves the list and every new dataset. It can always come back."
        )
        return
    blocks.note(f"{blocks.several(found, 'example')} here, in no new dataset."
                + (f" The first {len(shown)} are shown." if found > len(shown) else ""))  # fmt: skip
    if visit.may_edit:
        with st.container(key="examples-selected", horizontal=True, vertical_alignment="center"):
            here = [e.id for e in shown]
            st.button(
                f"Select these {len(here)}", key="examples-pick-page", type="tertiary", on_click=_pick_all, args=(here,)
            )
            count = len(set(here) & set(_picked()))
            label = f"Bring {count} back" if count else "Bring back"
            st.button(label, key="examples-restore", disabled=not count, on_click=_trashed, args=(visit, False))
    for example in shown:
        _row(visit, example, trashed=True)


# -- export ----------------------------------------------------------------------------------------


_FILES = {
    "csv": ("CSV for spreadsheets", "examples.csv", "text/csv"),
    "jsonl": ("JSON Lines", "examples.jsonl", "application/jsonl"),
    "trl": ("JSON Lines for training (chat)", "examples-chat.jsonl", "application/jsonl"),
}


def _export(visit: Visit, wanted: Filter, found: int) -> None:
    blocks.section("Take them with you", f"The {found:,} that match, in files that import back the same.")
    with st.container(horizontal=True):
        for name, (label, ending, mime) in _FILES.items():
            st.download_button(
                label, partial(_file, visit, wanted, found, name), key=f"examples-export-{name}",
                file_name=f"{visit.project_id}-{ending}", mime=mime, icon=":material/download:", on_click="ignore",
            )  # fmt: skip


def _file(visit: Visit, wanted: Filter, found: int, name: str) -> bytes:
    return export_examples(rows.page(visit.store, visit.project_id, **asdict(wanted), limit=found), name).data
