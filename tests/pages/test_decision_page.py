"""Decision, as people meet it: nothing before the round closes, then the verdict, a signature, its withdrawal."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from round_seed import Seeded, ready, vote_like_the_script
from round_seed import person as joined
from signed_in import opened, person, press, words
from streamlit.testing.v1 import AppTest

from studio import discussion, drafts, export_command, people, projects, sharing, signing
from studio.certificate import sum_of, verify
from studio.records import Role
from studio.review import rounds
from studio.review.preference import Guardrail, parse_votes, read_votes, slice_finding
from studio.store import Store, prices, shares
from studio.store import decisions as rows
from studio.ui import evidence_parts, price_parts, signing_parts


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=12)


@pytest.fixture
def closed(store: Store, seeded: Seeded) -> rounds.Round:
    rita = joined(store, "Rita", Role.reviewer)
    found = rounds.open_round(store, "maker", seeded.project, seeded.plan)
    return vote_like_the_script(store, found, rita)


def test_charts_are_got_ready_on_other_pages_for_whoever_may_sign_and_nobody_else(
    store: Store, closed: rounds.Round
) -> None:
    for name, role, drawn in (("Pia", Role.pm, ["ys-ahead-chart"]), ("Rolf", Role.reviewer, [])):
        _, session = person(store, name, role)
        assert [str(chart.key) for chart in opened(store, session, "home").get("plotly_chart")] == drawn


_HALF_OF_ZERO = 11
"""Pixels that half of "0 %" takes."""


def _left_of_zero(chart: Any) -> float:
    """Pixels left of the middle of "0 %" where a chart has it, on a phone 390 pixels wide, whose plots are 310 wide."""
    layout = json.loads(chart.proto.spec)["layout"]
    if layout["xaxis"].get("ticksuffix") != " %" or layout["yaxis"]["automargin"]:
        return math.inf
    low, high = layout["xaxis"]["range"]
    return float(layout["margin"]["l"] - 310 * low / (high - low))


def test_an_empty_project_says_what_comes_before(store: Store) -> None:
    pia, session = person(store, "Pia", Role.pm)
    project = projects.create(store, pia.id, "Replies")
    assert "There is nothing to decide yet" in words(opened(store, session, "decision", project=project.id))


def test_an_open_round_shows_how_many_and_nothing_else(store: Store, seeded: Seeded) -> None:
    rita = joined(store, "Rita", Role.reviewer)
    found = rounds.open_round(store, "maker", seeded.project, seeded.plan)
    vote_like_the_script(store, found, rita, 20)
    _, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "decision", project=seeded.project)
    told = words(at)
    assert "Votes are coming in:" in told and "of at most 12 prompts" in told
    for secret in ("theta", "Tuned on", "preferred", "Passed", "yr-verdict"):
        assert secret not in told
    assert not at.get("plotly_chart") and not [b for b in at.button if b.key == "decision-sign"]


def test_a_closed_round_is_told_in_words_figures_and_gates(store: Store, seeded: Seeded, closed: rounds.Round) -> None:
    assert closed.state == "closed"
    _, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "decision", project=seeded.project)
    told = words(at)
    for part in (
        "Inconclusive", "What would change it", "Not checked", "Weakest gate", "95 % interval", "The left answer won",
        "How long the training took, and on what: that is not on the record",
    ):  # fmt: skip
        assert part in told, part
    assert "Sign it below (a PM or an admin), so that it stands. Then: a new round with more prompts" in told
    assert "gates are passed, " in told and " comparisons on kinds of input are cleared; " in told
    for line in ("Dealt by chance", "Reliable reviewers", "Length", "Who voted", "Without any one reviewer"):
        assert line in told.partition("How far can this be trusted?")[2], line
    assert "Two pages for a meeting" in told and "4 of 6 are not written yet" in told
    assert "Scripted" not in told and "Practice" not in told
    drawn = {str(chart.key) for chart in at.get("plotly_chart")}
    pictures = {
        "preference",
        "slices",
        "criteria",
        "holds",
        "growth",
        "tradeoff-cost",
    }  # with one voter there is nobody to agree with
    assert drawn == {f"decision-{name}" for name in pictures}
    assert min(map(_left_of_zero, at.get("plotly_chart"))) >= _HALF_OF_ZERO, "on a phone its label is cut off"
    for said in ("other ways of reading them", "kinds of input", "1 person cast 24 votes", "keeps more often",
                 "lower than it would be another time: drawn toward the others"):  # fmt: skip
        assert said in told, said
    assert [e.label for e in at.expander].count("The same as a table") == 4
    made = signing.certificate_of(store, closed)
    assert verify(made).ok and sum_of(made) not in told
    at.session_state["decision-certificate-sum"] = True
    assert sum_of(made) in words(at.run())
    ways, parts = re.findall(r'href="#(part-[^"]+)"', told), re.findall(r'id="(part-[^"]+)"', told)
    assert len(ways) == 11 and set(ways) <= set(parts) and len(parts) == len(set(parts))


def test_a_round_that_closed_before_any_prompt_was_done_is_told(store: Store, seeded: Seeded) -> None:
    found = rounds.open_round(store, "maker", seeded.project, seeded.plan)
    rounds.close(store, "maker", found, "Nobody had time.")
    _, session = person(store, "Pia", Role.pm)
    told = words(opened(store, session, "decision", project=seeded.project))
    assert "Inconclusive" in told and "No prompt is completed yet" in told
    assert "Sign it below" in told and "Read the verdict and sign" not in told, "the next thing is said once"
    told = words(opened(store, session, "decision", project=seeded.project, rows="all"))
    assert "in the order of the page" in told and "nan" not in told


def test_scripted_votes_are_labelled_everywhere(store: Store, seeded: Seeded) -> None:
    found = rounds.open_round(store, "maker", seeded.project, seeded.plan)
    rounds.vote_by_script(store, found, people.scripted_reviewer(store))
    _, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "decision", project=seeded.project)
    assert "Scripted votes" in words(at) and "Practice round" in words(at)
    assert re.search(
        r"Weakest gate</dt><dd>Preferred to Base \(not decided\): 100 % of 12 prompts, 95 % inter", words(at)
    )
    assert all("SCRIPTED VOTES" in str(chart.proto) for chart in at.get("plotly_chart"))
    assert not [c for c in at.checkbox if str(c.key).startswith("decision-override")]
    behind = words(opened(store, session, "decision", project=seeded.project, rows="gates/Sides sealed"))
    assert "<span>scripted votes</span><span>practice round</span>" in behind
    press(at, "decision-sign")
    assert "INCONCLUSIVE (scripted votes, practice)" in words(at)


def test_signing_withdrawing_and_signing_again(store: Store, seeded: Seeded, closed: rounds.Round) -> None:
    pia, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "decision", project=seeded.project)
    at.text_area(key=f"decision-comment-{closed.id}").input("Read <b>twice</b>.")
    at.checkbox(key=f"decision-override-{closed.id}").check().run()
    press(at, "decision-sign")
    assert "needs a written reason" in words(at) and rows.every(store, seeded.project) == []
    assert at.text_area(key=f"decision-comment-{closed.id}").value == "Read <b>twice</b>."
    at.checkbox(key=f"decision-override-{closed.id}").uncheck().run()
    head = store.head
    press(at, "decision-sign")
    signed = rows.every(store, seeded.project)[0]
    assert signed.signed_by == pia.id and signed.head == head
    assert "Read &lt;b&gt;twice&lt;/b&gt;." in words(at) and head in words(at)
    assert "<dt>Signed</dt><dd>Inconclusive, by Pia on " in words(at)
    assert not [b for b in at.button if b.key == "decision-sign"] and at.checkbox(key=f"share-answers-{closed.id}")
    press(at, "share-make")
    assert "needs the name of whom it is for" in words(at) and shares.of(store, seeded.project) == []
    at.text_input(key="share-name").input("The <i>board</i>").run()
    press(at, "share-make")
    token = next(code.value for code in at.code if "/share/" in code.value).rpartition("/")[2]
    link = sharing.find(store, token)
    assert link and link.name == "The <i>board</i>" and "not opened yet" in words(at) and not link.answers
    press(at, "share-copied")
    assert not [code for code in at.code if token in code.value] and "The <i>board</i>" not in words(at)
    press(at, f"share-withdraw-{link.id}")
    assert sharing.find(store, token) is None and "opens nothing any more" in words(at)
    press(at, f"decision-withdraw-do-{signed.id}")
    assert "needs a reason" in words(at)
    at.text_input(key=f"decision-withdraw-why-{signed.id}").input("Too early.").run()
    draft = f"{seeded.project}/decision-withdraw-why-{signed.id}"
    kept = drafts.kept(store, pia.id, draft)
    assert kept and kept["text"] == "Too early.", "a reload loses no reason"
    press(at, f"decision-withdraw-do-{signed.id}")
    assert drafts.kept(store, pia.id, draft) is None
    assert rows.every(store, seeded.project)[0].withdrawn == "Too early." and "Too early." in words(at)
    assert "Two decisions side by side" not in words(at)
    press(at, "decision-sign")
    told = words(at).partition("Two decisions side by side")[2]
    assert "The verdict stayed inconclusive. The same: the arm, the dataset, the training and the brief." in told
    assert "signed by: Pia (PM)" in told and "Read &lt;b&gt;twice&lt;/b&gt;." in told


def test_a_signed_override_is_what_ships(store: Store, seeded: Seeded, closed: rounds.Round) -> None:
    pia, session = person(store, "Pia", Role.pm)
    signing.sign(store, pia, closed, "", "A pilot of four weeks.")
    told = words(opened(store, session, "decision", project=seeded.project))
    assert "against the verdict, by a signed override" in told.partition("What would change it")[0]
    assert "Give the engineers their brief" in told and "Nothing yet" not in told


def test_only_an_override_is_called_one() -> None:
    def decision(verdict: str, override: str = "") -> rows.Decision:
        body = {"verdict": verdict, "override": override}
        return rows.Decision("d", "p", "r", body, "", "pia", "0", "", "2026-11-27T15:00:00+00:00")

    told = [signing_parts.stands(decision(*each)) for each in (("GO",), ("INCONCLUSIVE", "A pilot."), ("NO_GO",))]
    assert told == ["ships", "overridden: ships", "stands"]


def two_keep_a_price(at: AppTest, store: Store, other: str, own: str, draft: str, model: str) -> None:
    """`draft`: the name of what this person half wrote."""
    project, _, field = draft.partition("/")
    keep = field.removesuffix("-out") + "-keep"
    payload = {"model": model, "million_in": 0.5, "million_out": 2.0, "currency": "€"}
    store.act("token_price.set", other, payload, project)
    at.number_input(key=field).set_value(1.8)
    press(at, keep)
    assert "Somebody kept something else here meanwhile" in words(at) and "0.50 € read, 2.00 € written" in words(at)
    assert prices.of_tokens(store, model) == prices.TokenPrice(0.5, 2.0, "€"), "an older form takes nothing back"
    press(at, keep)
    assert prices.of_tokens(store, model) == prices.TokenPrice(0.5, 1.8, "€"), "what was typed, and no more"
    at.number_input(key=field).set_value(2.2).run()
    at.number_input(key=field).set_value(1.8).run()
    assert drafts.kept(store, own, draft) is None, "what is kept already is no draft"


def test_a_designer_reads_and_comments_and_does_not_sign(store: Store, seeded: Seeded, closed: rounds.Round) -> None:
    dora, session = person(store, "Dora", Role.designer)
    pia, field = joined(store, "Pia <i>", Role.pm), f"comment-{closed.id}"
    at = opened(store, session, "decision", project=seeded.project)
    assert "A PM or an admin signs" in words(at) and not [b for b in at.button if b.key == "decision-sign"]
    assert "The price of a million word pieces (tokens) of SmolLM2 135M, tuned" in words(at)
    at.number_input(key="return-expected-month").set_value(5000.0)
    at.text_input(key="return-expected-currency").set_value("USD")
    press(at, "return-expected-keep")
    assert prices.expected(store, seeded.project) == prices.Expected(5000.0, None, "USD")
    price = price_parts.key("return-tokens", prices.tuned("smollm2-135m"))
    at.number_input(key=f"{price}-in").set_value(0.4)
    press(at, f"{price}-keep")
    assert "A price is not written" in words(at), "what a million written cost is left empty"
    at.number_input(key=f"{price}-out").set_value(1.6)
    press(at, f"{price}-keep")
    model = prices.tuned("smollm2-135m")
    assert prices.of_tokens(store, model) == prices.TokenPrice(0.4, 1.6, "€")
    two_keep_a_price(at, store, pia.id, dora.id, f"{seeded.project}/{price}-out", model)
    at.text_area(key=field).input("Not yet,").run()
    at.selectbox(key=f"{field}-pick").select("Pia <i>").run()
    typed = "Not yet, @Pia <i> "
    assert at.text_area(key=field).value == typed
    assert drafts.kept(store, dora.id, f"{seeded.project}/{field}") == {"text": typed}
    at.text_area(key=field).input(typed + "& @Otto").run()
    press(at, f"{field}-do")
    assert "Not yet, <b>@Pia &lt;i&gt;</b> &amp; @Otto" in words(at)
    assert "Nobody who reads this is called Otto." in words(at) and at.text_area(key=field).value == ""
    (waits,) = discussion.waiting(store, pia)
    assert waits.text == "Not yet, @Pia <i> & @Otto"
    reworded = f"comment-edit-{waits.remark.id}"
    assert at.text_area(key=reworded).value == waits.text
    at.text_area(key=reworded).input("Soon, @Pia <i>").run()
    press(at, f"{reworded}-do")
    assert "Soon, <b>@Pia &lt;i&gt;</b></p>" in words(at) and "reworded since" in words(at)
    assert at.text_area(key=reworded).value == "Soon, @Pia <i>"


def test_the_pairs_are_shown_at_a_price_and_the_table_reads_back(
    store: Store, seeded: Seeded, closed: rounds.Round
) -> None:
    pia, session = person(store, "Pia", Role.pm)
    at = opened(store, session, "decision", project=seeded.project)
    assert "shown on the left" not in words(at)
    # The file of preferences holds the answers, the preferred one first: not before the price is known.
    assert "decision-preferences-take" not in {button.key for button in at.button}
    press(at, "decision-show-pairs")
    assert "decision-preferences-take" in {button.key for button in at.button}
    assert words(at).count("shown on the left") == 10
    assert rounds.conflict(store, seeded.project, pia) == "saw which arm wrote what"
    table = read_votes(parse_votes(export_command.votes_csv(store, seeded.project).decode()))
    assert {v.candidate for v in table} == {"Tuned on Dataset 1"} and len(table) == 24


def test_of_kinds_that_are_alike_none_is_said_to_be_low_by_luck() -> None:
    def told(shrunken: float) -> str:
        found = {name: slice_finding([1.0, 0.5], Guardrail(name), 2, shrunken) for name in ("refunds", "upset")}
        return evidence_parts._slices_sentence({"base": found}, {"base": "Base"})

    assert "another time" not in told(0.75)
    assert "drawn toward the others (a shrunken estimate) it is 80" in told(0.8)
