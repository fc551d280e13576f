"""The papers by name: what each is, for whom, and how it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio import papers
from studio.papers import About
from studio.records import Refusal, Round
from studio.reports import dataset_card, engineers, model_card, print_page, reading
from studio.store import Store, rounds


@dataclass(frozen=True)
class Kind:
    """One paper: its title, a line on what it is and for whom, and the forms it can be had in."""

    title: str
    what: str
    forms: tuple[str, ...]
    write: Callable[[Store, About], str]


@dataclass(frozen=True)
class Paper:
    """A paper as it is handed out: what its file is called, and its text."""

    file: str
    text: str


def _dataset(store: Store, about: About) -> str:
    if about.dataset is None:
        raise Refusal("No set is frozen here, so there is no card of one. Nothing was written.")
    return dataset_card.written(store, about.dataset)


def _round(store: Store, project: str, name: str) -> Round:
    found = rounds.get(store, name)
    if found is None or found.project != project or found.state != "closed":
        raise Refusal("There is no such closed round in this project. Nothing was written.")
    return found


KINDS: dict[str, Kind] = {
    "print": Kind(
        "Two pages for a meeting",
        "For those who decide: the verdict, why, the gates, what people preferred, limits and signatures, to print.",
        ("html",), lambda store, about: print_page.written(about),
    ),
    "brief": Kind(
        "Brief for the engineers",
        "For those who serve it: what good looks like, how to run it as it was judged, and what to watch.",
        ("html", "md"), lambda store, about: engineers.brief(about),
    ),
    "card": Kind(
        "Model card",
        "For whoever gets the model: what it is for, from what it was made, how it did, its limits; the README of a "
        "Hugging Face model folder.",
        ("html", "md"), model_card.written,
    ),
    "dataset-card": Kind(
        "Dataset card",
        "For whoever gets the examples: where they come from, by what right, and what the checks found.",
        ("html", "md"), _dataset,
    ),
}  # fmt: skip
"""Paper -> what it is. The first form of each is the one to read."""
OF_NO_ARM = ("dataset-card",)
"""Papers that tell nothing of what an arm did."""


def paper(store: Store, project: str, name: str, form: str, run: str = "", on: str = "") -> Paper:
    """A paper as it stands now. `form`: html, a page to read or print, or md; `run`: of which training (what the
    decision is about); `on`: the id of the closed round that it is to be about, rather than the newest. Raises Refusal
    for a paper, form or round that is not there, and where there is nothing to write on."""
    kind = KINDS.get(name)
    if kind is None or form not in kind.forms:
        known = ", ".join(kind.forms if kind else KINDS)
        raise Refusal(f"There is no such paper: {name} as {form}. There is {known}. Nothing was written.")
    about = papers.about(store, project, f"tuned-{run}" if run else "", _round(store, project, on) if on else None)
    text = kind.write(store, about)
    marks = [label.split()[0].lower() for label in about.labels]
    file = "-".join([name, *marks, about.arm.id]) + f".{form}"
    return Paper(file, reading.page(text) if form == "html" and "md" in kind.forms else text)
