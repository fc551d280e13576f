"""An earlier round on the Decision page: chosen by its address, read and commented on, kept from who votes in an open
one, and with the rows behind each of its figures."""

from __future__ import annotations

import asyncio
import dataclasses
import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest
from round_seed import MAKER, Seeded, ready, vote_like_the_script
from signed_in import opened, person, press, words
from starlette.responses import Response
from starlette.routing import Router

from studio import discussion, export_command, figures, loop, outputs, people, signing
from studio.records import Refusal, Role, Round
from studio.reports import written
from studio.review import numbered, rounds
from studio.store import Store, arms
from studio.ui import answers, paper_route
from studio.ui.access import Visit
from studio.ui.guard import Guard

LINK = re.compile(r'<a class="ys-way" href="\?([^"]+)"[^>]*>([^<]+)</a>')


@dataclasses.dataclass
class Two:
    """A project with two closed rounds; Pia signed the first one, and votes nowhere."""

    store: Store
    seeded: Seeded
    first: Round
    second: Round
    session: str


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    store = Store.open(Path(tmp_path_factory.mktemp("earlier")))
    seeded = ready(store, tests=8)
    pia, session = person(store, "Pia", Role.pm)
    rita, _ = person(store, "Rita", Role.reviewer)
    first = vote_like_the_script(store, rounds.open_round(store, MAKER, seeded.project, seeded.plan), rita)
    signing.sign(store, pia, first, "As it says.")
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,))
    second = vote_like_the_script(store, rounds.open_round(store, MAKER, seeded.project, plan), rita)
    yield Two(store, seeded, first, second, session)
    store.close()


def shown(two: Two, session: str = "", **query: str) -> str:
    return words(opened(two.store, session or two.session, "decision", project=two.seeded.project, **query))


def links(told: str) -> list[tuple[dict[str, list[str]], str]]:
    return [(parse_qs(html.unescape(query)), text) for query, text in LINK.findall(told)]


def test_rounds_keep_their_numbers(two: Two) -> None:
    told = numbered.every(two.store, two.seeded.project)
    assert [(each.round.id, each.name, each.newest) for each in told] == [
        (two.second.id, "Round 2", True), (two.first.id, "Round 1", False),
    ]  # fmt: skip
    assert numbered.asked(told, two.first.id) == told[1] and numbered.asked(told, "gone") == told[0]
    assert numbered.asked((), two.first.id) is None


def test_an_earlier_round_is_read_and_cannot_be_signed(two: Two) -> None:
    at = opened(two.store, two.session, "decision", project=two.seeded.project, round=two.first.id)
    told = words(at)
    for part in ("Round 1 is an earlier round</b>, signed on ", "What a GO needs",
                 "Preferred to House rules as a prompt", "As it says."):  # fmt: skip
        assert part in told, part
    assert ({"project": [two.seeded.project]}, "Round 2") in links(told), "the way to the newest names no round"
    for other in ("Gates over the rounds", "What would change it", "Sign the decision"):
        assert other not in told, other
    keys = {button.key for button in at.button}
    assert "decision-sign" not in keys and "share-make" not in keys and f"comment-{two.first.id}-do" in keys
    rows = [query for query, _ in links(told) if "rows" in query]
    assert len(rows) > 20 and all(query["round"] == [two.first.id] for query in rows), "each trace stays in its round"
    assert f"/papers/{two.seeded.project}/print.html?round={two.first.id}" in "".join(
        str(each.proto) for each in at.get("link_button")
    )
    ways, parts = re.findall(r'href="#(part-[^"]+)"', told), re.findall(r'id="(part-[^"]+)"', told)
    assert set(ways) <= set(parts)


def test_the_newest_round_leads_to_the_earlier_ones(two: Two) -> None:
    told = shown(two)
    assert "is an earlier round" not in told and "an earlier one" not in told
    nav = told.partition('class="yr-rounds"')[2].partition("</nav>")[0]
    assert "<b>Round 2</b> (newest)" in nav and "signed: inconclusive" in nav and "inconclusive, not signed" in nav
    signed, grid = told.partition("What was signed")[2], told.partition("yr-grid")[2]
    for part in (nav, signed, grid):
        assert any(query.get("round") == [two.first.id] for query, text in links(part) if text == "Round 1")
    assert all("round" not in query for query, _ in links(told) if "rows" in query)


def test_an_address_that_names_no_round_of_the_project_shows_the_newest(two: Two) -> None:
    at = opened(two.store, two.session, "decision", project=two.seeded.project, round="gone")
    assert "The round in this address is not one of this project" in words(at) and "round" not in at.query_params
    assert "<b>Round 2</b> (newest)" in words(at)


def test_each_figure_of_an_earlier_round_leads_to_its_own_rows(two: Two) -> None:
    made = figures.material(two.store, two.first)
    figure = next(each for each in figures.listed(made) if each.id.endswith(f"/{two.seeded.prompted}/theta"))
    told = shown(two, round=two.first.id, rows=figure.id)
    rows = figures.rows_of(made, figure)
    assert "Round 1, an earlier one" in told and html.escape(figure.sentence) in told and len(rows) == 8
    found = [query for query, _ in links(told) if "pair" in query]
    assert [query["pair"][0] for query in found] == [row.pair.id for row in rows]
    assert all(query["round"] == [two.first.id] and query["rows"] == [figure.id] for query in found)
    assert "There is no such figure" in shown(two, rows=figure.id), "the newest did not ask about the prompt"
    assert f"{len(figures.listed(made))} figures" in shown(two, round=two.first.id, rows="all")
    votes = [len(export_command.votes_csv(two.store, two.seeded.project, on).splitlines()) - 1
             for on in (two.first, None)]  # fmt: skip
    assert votes == [16, 8]


def test_the_command_exports_an_earlier_round_by_its_number(two: Two, tmp_path: Path) -> None:
    def rows(what: str, form: str, number: str) -> int:
        asked = {"what": what, "project": two.seeded.project, "format": form, "out": str(tmp_path / f"of-{number}")}
        return int(export_command.export(two.store, {**asked, "round": number})["rows"])

    assert [rows("votes", "csv", number) for number in ("", "1", "2", two.first.id)] == [8, 16, 8, 16]
    assert rows("figures", "csv", "1") == len(figures.of_round(two.store, two.first))
    assert rows("certificate", "json", "1") == 16 and rows("print", "html", "1") == 1
    assert "House rules as a prompt" in (tmp_path / "of-1").read_text("utf-8")
    with pytest.raises(Refusal, match="There is no round 7 here; there are 2"):
        rows("votes", "csv", "7")


def test_a_paper_can_be_about_an_earlier_round(two: Two) -> None:
    def printed(on: str) -> str:
        return written.paper(two.store, two.seeded.project, "print", "html", on=on).text

    assert "As it says." in printed(two.first.id) and "House rules as a prompt" in printed(two.first.id)
    assert "<b>Round 1, an earlier one</b>" in printed(two.first.id)
    assert "As it says." not in printed("") and "an earlier one" not in printed("")
    card = written.paper(two.store, two.seeded.project, "card", "md", on=two.first.id).text
    assert "**Round 1, an earlier one: round 2 has closed since.**" in card
    with pytest.raises(Refusal, match="no such closed round"):
        printed("gone")


def test_a_decision_is_about_the_newest_round(two: Two) -> None:
    admin, _ = person(two.store, "Ada", Role.admin)
    signed = signing.rows.on(two.store, two.first.id)
    assert signed is not None
    with pytest.raises(Refusal, match="A newer round was opened since"):
        signing.sign(two.store, admin, two.first, "")
    last = loop.stand(two.store, two.seeded.project)[-1]
    assert (last.name, last.state, last.note) == ("decision", "current", "not signed"), "the newest is not signed"
    with pytest.raises(Refusal, match="The verdict has changed since this page showed it"):
        signing.sign(two.store, admin, two.second, "", read="What a tab showed an hour ago.")
    seq = two.store.version
    signing.sign(two.store, admin, two.second, "", read=signing.ruling(two.store, two.second).headline)
    assert loop.stand(two.store, two.seeded.project)[-1].note == "Inconclusive"
    made = signing.rows.every(two.store, two.seeded.project)[0]
    signing.withdraw(two.store, admin, two.seeded.project, made.id, "A try.")
    assert two.store.version == seq + 2 and loop.stand(two.store, two.seeded.project)[-1].note == "not signed"


def test_a_comment_stays_with_its_round(two: Two) -> None:
    at = opened(two.store, two.session, "decision", project=two.seeded.project, round=two.first.id)
    at.text_area(key=f"comment-{two.first.id}").input("Why so few?").run()
    press(at, f"comment-{two.first.id}-do")
    assert "Why so few?" in words(at).partition("What was signed")[2]
    assert [each.first.body for each in discussion.threads(two.store, two.first)] == ["Why so few?"]
    before, _, told = shown(two).partition('<p class="ys-note">On ')
    assert links(told)[0][1] == "Round 1" and "Why so few?" in told and "Why so few?" not in before


def test_who_votes_in_an_open_round_reads_no_earlier_one(two: Two) -> None:
    """It opens a third round, which the tests after it need."""
    rounds.open_round(two.store, MAKER, two.seeded.project, two.seeded.plan)
    at = opened(two.store, two.session, "decision", project=two.seeded.project)
    told, headline = words(at), signing.ruling(two.store, two.first).headline
    assert "Votes are coming in" in told and "votes are coming in</span></li>" in told
    assert "INCONCLUSIVE" in told, "what was signed stays, without what it says of an arm"
    assert "As it says." not in told and "What was written with it is shown to you when the open round" in told
    assert "Why so few?" not in told and "1 thread of comments on earlier rounds: shown to you again" in told
    assert html.escape(headline) not in told and "Gates over the rounds" not in told
    for more in ({}, {"rows": "all"}, {"rows": f"preference/{two.seeded.tuned}/{two.seeded.base}/theta"}):
        told = shown(two, round=two.first.id, **more)
        assert "your votes in it count" in told
        for secret in ("theta", "Tuned on", "What a GO needs", "yr-verdict", "Every figure"):
            assert secret not in told, secret
    reader, session = person(two.store, "Olga", Role.designer)
    outputs.saw(two.store, reader.id, two.seeded.project, two.seeded.dataset)
    told = shown(two, session, round=two.second.id)
    newest = shown(two, session)
    assert html.escape(headline) in newest and "Gates over the rounds" in newest
    assert "As it says." in newest and "Why so few?" in newest
    assert "Round 2 is an earlier round" in told and "no signature stands on it" in told and "What a GO needs" in told


def test_papers_that_tell_of_arms_are_kept_from_who_votes(two: Two) -> None:
    """While that round is open, whoever knows the address."""
    app = Guard(Router([paper_route.route(lambda: two.store)]), lambda: two.store, "c", Response)
    joined = people.join(two.store, people.make_invitation(two.store, people.SYSTEM, "Quinn", Role.pm), "")

    async def get(name: str, on: str) -> int:
        path, cookies = paper_route.address(two.seeded.project, name, "html", on), {"c": joined.session}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://studio", cookies=cookies) as client:
            return (await client.get(path)).status_code

    def every() -> list[int]:
        asked = [("print", two.first.id), ("print", ""), ("card", ""), ("dataset-card", "")]
        return [asyncio.run(get(*each)) for each in asked]

    visit = Visit(two.store, joined.person, two.seeded.project, "decision")
    file = answers.telling(visit, two.seeded.dataset, lambda: b"votes")
    assert every() == [403, 403, 403, 200]
    with pytest.raises(Refusal, match="A blind round was opened since"):
        file()
    outputs.saw(two.store, joined.person.id, two.seeded.project, two.seeded.dataset)
    assert every() == [200, 200, 200, 200]
    assert joined.person.id not in arms.saw_tests(two.store, two.seeded.project)
    assert file() == b"votes" and joined.person.id in arms.saw_tests(two.store, two.seeded.project)


def test_a_cancelled_round_has_no_number(two: Two) -> None:
    open_one = numbered.every(two.store, two.seeded.project)[0]
    assert (open_one.name, open_one.newest) == ("Round 3", True)
    rounds.cancel(two.store, MAKER, open_one.round, "It asked the wrong thing.")
    cancelled = two.store.version
    told = numbered.every(two.store, two.seeded.project)
    assert [(each.round.id, each.name, each.newest) for each in told][0] == (two.second.id, "Round 2", True)
    assert signing.latest_round(two.store, two.seeded.project) == told[0].round
    fourth = rounds.open_round(two.store, MAKER, two.seeded.project, two.seeded.plan)
    vote_like_the_script(two.store, fourth, person(two.store, "Rena", Role.reviewer)[0])
    assert "What a GO needs" in shown(two)
    two.store.undo(cancelled, MAKER)
    told = numbered.every(two.store, two.seeded.project)
    assert [(each.round.state, each.newest) for each in told][:2] == [("closed", True), ("open", False)]
    assert "your votes in it count" in shown(two) and "What a GO needs" not in shown(two), "open again, and older"
