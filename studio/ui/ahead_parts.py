"""The library that draws charts, loaded by the browser while somebody who decides still reads another page.

It is nearly 5 MB, and to make it ready takes half a second of the browser: without this the first to open a decision
would wait for it. Streamlit offers no way to load it ahead but to draw a chart, so one is drawn that nobody sees.
"""

from __future__ import annotations

import streamlit as st

from studio import signing
from studio.store import Store, projects
from studio.ui.access import Visit

_DOT = {"data": [{"type": "scatter", "x": [0], "y": [0]}], "layout": {"width": 10, "height": 10}}


def charts(visit: Visit, page: str) -> None:
    """For whoever may sign, once a round is closed (before a project is chosen: a round of any), on any page but the
    decision's own."""
    if page == "decision" or visit.person.role not in signing.MAY_SIGN:
        return
    store, chosen = visit.store, visit.project
    if store.once(("to decide", chosen), lambda: _to_decide(store, chosen), ("projects", "rounds")):
        with st.container(key="ys-ahead"):
            st.plotly_chart(_DOT, key="ys-ahead-chart", config={"staticPlot": True}, theme=None)


def _to_decide(store: Store, chosen: str | None) -> bool:
    names = [chosen] if chosen else [each.id for each in projects.every(store)]
    newest = (signing.latest_round(store, name) for name in names)
    return any(found is not None and found.state == "closed" for found in newest)
