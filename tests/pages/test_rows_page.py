"""The rows behind a figure: every link of the Decision page leads to as many as it says, and each row to its pair."""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from signed_in import opened, person, press, words
from voted_round import closed_round

from studio import figures
from studio.records import Role
from studio.store import Store
from studio.ui import blocks, rows_parts

LINK = re.compile(r'<a class="ys-way" href="\?([^"]+)" aria-label="([^"]+)">([^<]+)</a>')


@pytest.fixture(scope="module")
def kept(voted_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("rows") / "workspace"
    shutil.copytree(voted_workspace, folder)
    store = Store.open(folder)
    yield store
    store.close()


def test_every_figure_on_the_page_leads_to_its_own_rows(kept: Store) -> None:
    _, session = person(kept, "Pia", Role.pm)
    found = closed_round(kept)
    told = words(opened(kept, session, "decision", project=found.project))
    links = [(parse_qs(html.unescape(query)), label, text) for query, label, text in LINK.findall(told)]
    known = {each.id: each for each in figures.of_round(kept, found)}
    met = set()
    assert sum(query["rows"] == ["all"] for query, _, _ in links) == 1
    for query, label, text in links:
        if query["rows"] == ["all"]:
            continue
        figure = known[query["rows"][0]]
        assert query["project"] == [found.project] and label.startswith(text), "who hears it knows what it says"
        assert not text.isdigit() or int(text) == figure.n, figure.id
        assert figure.behind is not None
        met.add(figure.behind)
    subject = figures.material(kept, found).told.ruling.subject
    hidden = [
        each.id for each in known.values()
        if each.behind and each.n and each.behind not in met and each.id.split("/")[1] in (subject, "skips", "outside")
    ]  # fmt: skip
    # The page prints no other counts of these: for neither arm on a slice, votes whatever they say of why, and of the
    # reviewers one can be left out of only the lowest and the highest.
    unprinted = [name for name in hidden if name.endswith("/neither") or "/preferred/" in name or "without/" in name]
    assert hidden == unprinted


def test_rows_that_are_taken_away_do_not_tell_how_long_each_answer_was(kept: Store) -> None:
    """By that, whoever votes on these prompts in a later round could tell whose an answer is."""
    found = closed_round(kept)
    theta = next(each for each in figures.of_round(kept, found) if each.id.endswith("/theta"))
    shown = rows_parts._behind(kept, found, theta.id)
    assert shown is not None
    rows = list(csv.DictReader(io.StringIO(shown.csv.decode("utf-8-sig"))))
    assert len(rows) > 10 and {row["length_a"] + row["length_b"] for row in rows} == {""}


def test_the_rows_are_shown_counted_taken_away_and_lead_to_the_pair(kept: Store) -> None:
    _, session = person(kept, "Paul", Role.pm)
    found = closed_round(kept)
    listed = figures.of_round(kept, found)
    figure = next(each for each in listed if each.id.startswith("preference/") and each.id.endswith("/theta"))
    rows = figures.rows_of(figures.material(kept, found), figure)
    at = opened(kept, session, "decision", project=found.project, rows=figure.id)
    told = words(at)
    assert "The rows behind it" in told and html.escape(figure.sentence) in told
    assert figures.summed_up(figure, rows) in told and "What a GO needs" not in told
    assert len(LINK.findall(told)) == min(len(rows), 50)
    one = {name: values[0] for name, values in parse_qs(html.unescape(LINK.findall(told)[0][0])).items()}
    assert one["pair"] == rows[0].pair.id
    at = opened(kept, session, "decision", **one)
    assert "no longer blind" in words(at) and rows[0].pair.left not in words(at)
    press(at, "decision-show-pairs")
    assert html.escape(rows[0].pair.left.split(". ")[0]) in words(at)


def test_what_a_gate_looked_at_is_shown_answer_by_answer(kept: Store) -> None:
    _, session = person(kept, "Pola", Role.pm)
    found = closed_round(kept)
    told = words(opened(kept, session, "decision", project=found.project, rows="gates/Personal data"))
    n = len(found.registration["prompts"])
    assert f"{n} answers, what speaks against it first" in told and len(LINK.findall(told)) == n


def test_a_figure_that_is_not_there_is_told(kept: Store) -> None:
    _, session = person(kept, "Petra", Role.pm)
    at = opened(kept, session, "decision", project=closed_round(kept).project, rows="preference/of/nobody")
    assert "There is no such figure" in words(at)


def test_a_link_says_as_much_to_those_who_only_hear_it() -> None:
    made = blocks.Link("12", "?rows=a&b", "the <rows>").html
    assert 'href="?rows=a&amp;b"' in made and 'aria-label="12: the &lt;rows&gt;"' in made and ">12</a>" in made
