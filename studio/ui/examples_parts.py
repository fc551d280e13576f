"""The examples' page: its parts, what there is against what the brief asks for, the list, the trash, the export."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil

import streamlit as st

from studio import exports
from studio.health.checks import MINIMUM
from studio.records import Example, Role, Status, canonical, sha256
from studio.store import Store, briefs, finding
from studio.store import examples as rows
from studio.store.finding import Filter
from studio.ui import (
    acting_parts,
    blocks,
    coverage_parts,
    example_parts,
    finding_parts,
    form_fields,
    frame,
    import_parts,
    keys,
    labelling_parts,
    meaning_parts,
    prose,
    recheck_parts,
)
from studio.ui.access import Visit

PAGE = 20
TRASH_PAGE = 100
VIEWS = {
    "list": "All examples", "label": "Label", "meaning": "Find by meaning", "recheck": "Look again",
    "coverage": "Coverage", "import": "Import", "batches": "Imports so far", "trash": "Trash",
}  # fmt: skip


def show(visit: Visit) -> None:
    if visit.person.role is Role.reviewer:  # they label what they are asked about and see nothing else here
        labelling_parts.show(visit)
        return
    wanted = st.query_params.get("example", "")
    if wanted:
        example_parts.show(visit, wanted, finding_parts.wanted())
        return
    counts = rows.counts(visit.store, visit.project_id)
    view = _chosen_view(visit)
    if view in _SHOWN and (view != "import" or visit.may_edit):
        _SHOWN[view](visit)
    elif not sum(counts.values()):
        _empty(visit)
    else:
        _stale(visit)
        _balance(visit, sum(counts.values()))
        _list(visit, counts)


def _chosen_view(visit: Visit) -> str:
    trashed = finding.count(visit.store, visit.project_id, Filter(trashed=True))
    counted = {"trash": trashed, "recheck": recheck_parts.waiting(visit)}
    words = {view: f"{said} ({n:,})" if (n := counted.get(view)) else said for view, said in VIEWS.items()}
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
    count = rows.approved_before(visit.store, visit.project_id, meaning)
    if not count:
        return
    were = f"{blocks.several(count, 'example')} {'was' if count == 1 else 'were'}"
    frame.stale([f"{were} approved before version {meaning} of the brief, which changed what good means."])
    if visit.may_edit:
        label = f"Select {'it' if count == 1 else f'these {count:,}'}, to approve again or to send back to review"
        st.button(
            label, key="examples-pick-stale", type="tertiary", on_click=acting_parts.pick_view,
            args=(visit, Filter(stale=True)),
        )  # fmt: skip


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


def _list(visit: Visit, counts: dict[str, int]) -> None:
    wanted = finding_parts.filters(visit, counts)
    at = _page_number()
    on = _found(visit, wanted, at)
    found, pages = on.total, max(1, ceil(on.total / PAGE))
    if at > pages:
        at, on = pages, _found(visit, wanted, pages)
    shown = on.examples
    if not shown:
        blocks.note("No example matches. Take a word out of the search, or show all of them.")
        return
    if visit.may_edit:
        acting_parts.bar(visit, [e.id for e in shown], found, wanted)
    for example in shown:
        _row(visit, example)
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="examples-pages"
    ):
        if pages > 1:
            key = f"examples-page-{sha256(canonical(wanted.given()))[:8]}"  # another filter, another pager
            if st.session_state.get(key, at) != at:
                st.session_state[key] = at
            st.pagination(pages, default=at, key=key, width=420, on_change=_turned, args=(key,))
        blocks.note(f"{(at - 1) * PAGE + 1:,} to {(at - 1) * PAGE + len(shown):,} of {found:,}")
    _export(visit, wanted, found)


def _found(visit: Visit, wanted: Filter, at: int) -> finding.Page:
    store = visit.store
    return _page(store, str(store.workspace), store.version, finding.today(), visit.project_id, wanted, at)


@st.cache_data(max_entries=64, show_spinner=False)
def _page(
    _store: Store, workspace: str, version: int, today: str, project: str, wanted: Filter, at: int
) -> finding.Page:
    """One page of the list, looked for once for each state of the store: ticking a box is no search."""
    return finding.page(_store, project, wanted, limit=PAGE, offset=(at - 1) * PAGE)


def _page_number() -> int:
    """The page in the address, from 1; the first one for anything that is no page."""
    asked = st.query_params.get(finding_parts.PAGE_NUMBER, "")
    return max(1, int(asked)) if asked.isdecimal() and len(asked) < 10 else 1


def _turned(key: str) -> None:
    st.query_params[finding_parts.PAGE_NUMBER] = str(st.session_state[key])


def _row(visit: Visit, example: Example, *, trashed: bool = False) -> None:
    with st.container(key=f"example-row-{example.id}", horizontal=True, gap="small", wrap=False):
        if visit.may_edit:
            acting_parts.check_box(visit, example)
        with st.container(width="stretch"):
            prose.entry(example)
            recheck_parts.why(example)
        if not trashed:
            st.button(
                "Open",
                key=f"example-open-{example.id}",
                type="tertiary",
                on_click=example_parts.open_one,
                args=(example.id,),
            )


def _trash(visit: Visit) -> None:
    on = _trash_page(visit, st.session_state.get(keys.TRASH_PAGE) or 1)
    found, pages = on.total, max(1, ceil(on.total / TRASH_PAGE))
    if on.total and not on.examples:
        st.session_state[keys.TRASH_PAGE] = pages
        on = _trash_page(visit, pages)
    shown = on.examples
    if not shown:
        frame.empty(
            "The trash is empty", "What you move here leaves the list and every new dataset. It can always come back."
        )
        return
    blocks.note(f"{blocks.several(found, 'example')} here, in no new dataset.")
    if visit.may_edit:
        acting_parts.trash_bar(visit, [e.id for e in shown])
    for example in shown:
        _row(visit, example, trashed=True)
    if pages > 1:
        st.pagination(pages, key=keys.TRASH_PAGE, width=420)


def _trash_page(visit: Visit, at: int) -> finding.Page:
    offset = (at - 1) * TRASH_PAGE
    return finding.page(visit.store, visit.project_id, Filter(trashed=True), limit=TRASH_PAGE, offset=offset)


_SHOWN: dict[str, Callable[[Visit], None]] = {
    "import": import_parts.show, "label": labelling_parts.show, "batches": import_parts.batches,
    "trash": _trash, "recheck": recheck_parts.show, "coverage": coverage_parts.show,
    "meaning": meaning_parts.show,
}  # fmt: skip


# -- export ----------------------------------------------------------------------------------------


_FILES = ("csv", "jsonl", "parquet", "trl")


def _export(visit: Visit, wanted: Filter, found: int) -> None:
    chosen = acting_parts.picked_listed(visit)
    which = f"The {len(chosen):,} selected" if chosen else f"The {found:,} that match"
    blocks.section(
        "Take them with you",
        f"{which}, in files that import back the same. Who approved an example and who it is assigned to stay here.",
    )
    with st.container(horizontal=True):
        for format in (exports.FORMATS[name] for name in _FILES):
            st.download_button(
                format.label, partial(_file, visit, wanted, chosen, format.name), key=f"examples-export-{format.name}",
                file_name=f"{visit.project_id}-examples{format.ending}", mime=format.mime, icon=":material/download:",
                on_click="ignore",
            )  # fmt: skip


def _file(visit: Visit, wanted: Filter, chosen: list[str], name: str) -> bytes:
    ids = chosen or finding.ids(visit.store, visit.project_id, wanted)
    return exports.export(rows.some(visit.store, ids), name).data
