"""The page frame and the components every page is set in. Words before numbers; outputs as reading text.

Everything a person or a model wrote is escaped here; pages never build HTML of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import TypeVar

import streamlit as st

from studio import loop, paths
from studio.records import Refusal
from studio.store import Store, projects, series
from studio.ui import access, act_words, keys, long_step
from studio.ui.access import PAGE_ROLES, Visit, spoken
from studio.wording import in_html

T = TypeVar("T")

_ASSETS = Path(__file__).parent / "assets"
MARK = _ASSETS / "mark.svg"
TITLES = {
    "home": "Home",
    "brief": "Brief",
    "examples": "Examples",
    "health": "Check and freeze",
    "baselines": "Prompts",
    "train": "Train",
    "evaluate": "Compare",
    "review": "Blind round",
    "decision": "Decision",
    "admin": "People and records",
}
_ARROW = ":material/arrow_forward:"
_SHORT = {"health": "Dataset", "train": "Training", "review": "Round"}
_TODO = {
    "brief": "Write down what good looks like, so that everything after it can be checked against it.",
    "examples": "Collect what it should say here, and approve it.",
    "health": "Check the set and freeze it, so that a result can always be traced to its data.",
    "baselines": "Try how far a good prompt gets you: often no training is needed.",
    "train": "Teach it from the frozen set.",
    "evaluate": "Let the base, the best prompt and the tuned model answer the same unseen inputs.",
    "review": "Let people choose between the answers, not knowing whose they are.",
    "decision": "Read the verdict and sign the decision.",
}
_MARKS = {"done": "done", "current": "now", "open": "not yet"}


def stylesheet() -> None:
    """Our stylesheet and that of conversations, which many pages show; sent with each run, before anything else."""
    st.html(_ASSETS / "studio.css")
    st.html(_ASSETS / "conversation.css")
    st.html(_ASSETS / "as_seen.css")
    # Popovers hang outside the app's own element, which alone knows the theme that `light-dark` is to follow.
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    # On paper a chart's letters, drawn for a dark page, are turned dark.
    drawn = '@media print { [data-testid="stPlotlyChart"] { filter: invert(1) hue-rotate(180deg); } }'
    st.html(f"<style>:root {{ color-scheme: {scheme}; }} {drawn if scheme == 'dark' else ''}</style>")


def page(visit: Visit, step: str, title: str, question: str, *, onward: bool = True) -> None:
    """The head of a page: its name and question, where the project stands, and the one next thing to do, unless the
    page says that itself (`onward` is false)."""
    project = projects.get(visit.store, visit.project) if visit.project else None
    over = f"<b>{escape(project.name)}</b>" if project else ""
    st.html(f'<header class="ys-head">{over}<h1>{escape(title)}</h1><p>{escape(question)}</p></header>')
    _notice()
    if project is None:
        return
    long_step.show(visit)
    steps = _stand(visit.store, str(visit.store.workspace), visit.store.version, project.id)
    st.html(_steps_html(steps, step))
    following = next((s for s in steps if s.state == "current"), None)
    if following is not None and onward:
        _next_thing(visit, step, following)


@st.cache_data(max_entries=64, show_spinner=False)
def _stand(_store: Store, workspace: str, version: int, project: str) -> list[loop.LoopStep]:
    return loop.stand(_store, project)


def short(step: str) -> str:
    """A step of the loop in one or two words."""
    return _SHORT.get(step, TITLES[step])


def _steps_html(steps: Sequence[loop.LoopStep], here: str) -> str:
    items = []
    for each in steps:
        label = short(each.name)
        at = ' aria-current="step"' if each.name == here else ""
        items.append(
            f'<li class="ys-{each.state}"{at}><b>{escape(label)}</b>'
            f"<span>{escape(each.note)}</span><i>{_MARKS[each.state]}</i></li>"
        )
    done = sum(s.state == "done" for s in steps)
    return f'<ol class="ys-steps" aria-label="{done} of {len(steps)} steps done">{"".join(items)}</ol>'


def _next_thing(visit: Visit, here: str, following: loop.LoopStep) -> None:
    rights = PAGE_ROLES[following.name]
    target = paths.pages_dir() / f"{following.name}.py"
    mine = visit.person.role in rights.edit
    with st.container(key="ys-next", horizontal=True, vertical_alignment="center", gap="medium"):
        whose = "Next" if mine else f"Next, for {spoken(rights.edit)}"
        st.html(f'<p class="ys-next"><span>{whose}</span> {escape(_TODO[following.name])}</p>', width="content")
        if following.name != here and mine and target.is_file():
            label, query = f"Open {TITLES[following.name]}", {"project": visit.project_id}
            st.page_link(target, label=label, icon=_ARROW, icon_position="right", query_params=query)


def heard(title: str) -> None:
    """The head of a part of a page for those who listen to it; the others see its name elsewhere."""
    st.html(f'<h2 class="ys-heard">{escape(title)}</h2>')


def empty(title: str, text: str, action: str = "", on_click: Callable[[], None] | None = None) -> bool:
    """An empty page: what goes here, and a button that starts it. True when the button was pressed."""
    with st.container(key="ys-empty", border=False):
        st.html(f'<div class="ys-empty"><h2>{escape(title)}</h2><p>{escape(text)}</p></div>')
        return bool(action) and st.button(action, type="primary", key="ys-empty-start", on_click=on_click)


def reading(text: str, label: str = "") -> None:
    """Something written, set to be read: at most 68 characters a line, line breaks kept, never as code."""
    head = f'<div class="ys-label">{escape(label)}</div>' if label else ""
    body = escape(text) if text.strip() else "<em>Nothing was written.</em>"
    st.html(f'<article class="ys-reading">{head}<p>{body}</p></article>')


def figure(value: str, interval: str, n: int, sentence: str) -> None:
    """A result: first the sentence a person can repeat, then the figure with its interval and its n."""
    between = f"<span>{in_html(interval)}</span>" if interval else "<span>no interval</span>"
    st.html(
        f'<figure class="ys-figure"><figcaption>{in_html(sentence)}</figcaption>'
        f"<p><b>{in_html(value)}</b>{between}<span>n = {n:,}</span></p></figure>"
    )


def stale(sentences: Sequence[str]) -> None:
    """What predates a change made earlier in the loop, one sentence each. Nothing is shown for none."""
    if sentences:
        items = "".join(f"<li>{in_html(each)}</li>" for each in sentences)
        label = '<div class="ys-label">Made before a later change</div>'
        st.html(f'<aside class="ys-stale" role="note">{label}<ul>{items}</ul></aside>')


def warnings(sentences: Sequence[str]) -> None:
    """Things to know that stop nothing, one sentence each."""
    for each in sentences:
        st.html(f'<aside class="ys-warning" role="note"><p>{in_html(each)}</p></aside>')


def refused(refusal: Refusal) -> None:
    """A refusal, in its own words."""
    st.html(f'<div class="ys-refused" role="alert"><p>{in_html(str(refusal))}</p></div>')


def attempt(do: Callable[[], T], said: str = "", *, seeing: bool = False) -> T | None:
    """Calls `do` in a button's callback, if this person may still change something on the page (`seeing`: may still
    open it). A refusal is kept and shown on the run that follows; so is `said`."""
    try:
        access.refuse_if_changed(seeing=seeing)
        result = do()
    except Refusal as refusal:
        st.session_state[keys.NOTICE] = ["refused", str(refusal)]
        return None
    if said:
        st.session_state[keys.NOTICE] = ["said", said]
    return result


def _notice() -> None:
    kind, text = st.session_state.pop(keys.NOTICE, None) or ("", "")
    if kind == "refused":
        refused(Refusal(text))
    elif kind == "said":
        st.html(f'<p class="ys-said" role="status">{in_html(text)}</p>')


def undo_bar(visit: Visit) -> None:
    """This person's last undoable acts in this project, each with a button that takes it back."""
    if not visit.may_edit:
        return
    acts = visit.store.recent(visit.project_id, visit.person.id, 10)
    if not acts:
        return
    with st.popover("Undo", icon=":material/undo:", type="tertiary", key="ys-undo-bar"):
        st.caption("Your last changes in this project. Undoing one is itself recorded.")
        for act in acts:
            with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                whole = series.of_act(visit.store, act.seq)
                said = escape(act_words.whole(visit.store, whole) if whole else act_words.told(visit.store, act))
                st.html(f'<p class="ys-act">{said}<span>{act.at[11:16]} UTC</span></p>', width="content")
                st.button("Undo", key=f"{keys.UNDO}-{act.seq}", on_click=_undo, args=(visit, act.seq), type="tertiary")


def _undo(visit: Visit, seq: int) -> None:
    whole = series.of_act(visit.store, seq)
    if whole is not None and whole.standing > 1:
        attempt(lambda: long_step.start(visit, whole.id, "Undone.", back=True))
    else:
        attempt(lambda: visit.store.undo(seq, visit.person.id), "Undone.")
