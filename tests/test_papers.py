"""The papers of a decision: they say what the record says, say what is missing, and fit their paper."""

from __future__ import annotations

import asyncio
import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from huggingface_hub import ModelCard
from huggingface_hub.utils import validate_repo_id
from playwright.sync_api import Browser
from pypdf import PdfReader
from round_seed import MAKER, Seeded, ready, vote_like_the_script
from round_seed import person as joined
from starlette.responses import Response
from starlette.routing import Router

from studio import export_command, papers, people, signing
from studio.decision import Gate, GateState
from studio.papers import About
from studio.records import Brief, Refusal, Role, Verdict, canonical
from studio.reports import drawing, model_card, print_page, written
from studio.review import rounds
from studio.review.assessment import SliceFinding, SliceState
from studio.review.evidence import Interval
from studio.store import Store, arms
from studio.store import papers as rows
from studio.store.decisions import Decision
from studio.store.papers import Notes
from studio.train import takeaway_readme
from studio.ui import paper_route
from studio.ui.guard import Guard

NOTES = Notes("Not for <b>legal</b> letters.", "Ada, ada@example.org", "Ben", "Ada first.\nThen switch it off.")


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Seeded]]:
    """A closed round about a tuned model; nobody has written anything for its papers."""
    store = Store.open(tmp_path_factory.mktemp("papers") / "workspace")
    seeded, rita = ready(store, tests=12), joined(store, "Rita", Role.reviewer)
    vote_like_the_script(store, rounds.open_round(store, MAKER, seeded.project, seeded.plan), rita)
    yield store, seeded
    store.close()


@pytest.fixture(scope="module")
def about(decided: tuple[Store, Seeded]) -> About:
    store, seeded = decided
    return papers.about(store, seeded.project)


def test_the_weakest_gate_is_told_with_its_figure(about: About) -> None:
    trial = about.trial
    assert trial is not None
    (assessed,) = trial.judged.assessments
    told = papers.rests_on(assessed, trial.names, f"Preferred to {trial.names[assessed.hardest.baseline]}")
    assert f" of {assessed.hardest.n} prompts, 95 % interval " in told
    told = papers.rests_on(assessed, trial.names, "Could ship")
    assert trial.ruling.weakest == "Could ship" and told.endswith("beside a floor of 60 %")
    assert told.replace(" %", "\u00a0%") in print_page.written(about)
    assert papers.rests_on(assessed, trial.names, "Sides sealed") == ""


def test_on_a_narrow_screen_each_row_of_a_drawing_is_a_line_of_its_own() -> None:
    rows = [drawing.Dot("over <A>", 0.6, 0.5, 0.7, "60 %, n = 9"), drawing.Dot("over B", None, 0, 1, "no prompts")]
    told = drawing.dots(rows, 0.5, "said").partition("</svg>")[2]
    assert "<li><b>over &lt;A&gt;</b>: 60\u00a0%, n = 9</li><li><b>over B</b>: no prompts</li>" in told


def test_the_word_on_paper_has_the_colour_of_its_verdict(about: About) -> None:
    assert about.trial and about.trial.ruling.verdict is Verdict.inconclusive
    told = print_page.written(about)
    assert '<p class="word inconclusive">Inconclusive' in told
    drawn = told.partition("Which do people prefer?")[2].partition("</svg>")[0]
    against = [each.baseline for each in about.trial.judged.subject[0].against]
    assert against and all(f">{about.trial.names[arm]}</text>" in drawn for arm in against), "no name is cut"


def test_the_model_card_has_a_head_that_the_hub_reads(decided: tuple[Store, Seeded], about: About) -> None:
    store, _ = decided
    card = ModelCard(model_card.written(store, about), ignore_metadata_errors=False)
    head = card.data
    assert (head.license, head.language, head.library_name) == ("apache-2.0", ["en"], "peft")
    assert head.base_model == "HuggingFaceTB/SmolLM2-135M-Instruct" and head.datasets
    for name in (head.base_model, *head.datasets):
        validate_repo_id(name)
    assert about.trial is not None
    told = {f"Preferred to {about.trial.names[a.baseline]} (theta)": a for a in about.trial.judged.subject[0].against}
    results = {each.metric_name: each for each in head.eval_results}
    assert len(told) == 2 and set(results) == {*told, "Rules of the brief kept"}
    for name, against in told.items():
        args = {"low": against.interval.low, "high": against.interval.high, "prompts": against.n}
        assert (results[name].metric_value, results[name].metric_args) == (against.theta, args)
    assert ModelCard(str(card)).data.to_dict() == head.to_dict()
    merged = ModelCard(model_card.written(store, about, "merged"))
    assert merged.data.library_name == "transformers" and "How to load it" in card.text
    assert "How to load it" not in merged.text


def test_every_paper_says_the_verdict_of_the_page_and_where_to_check_it(decided: tuple[Store, Seeded]) -> None:
    store, seeded = decided
    found = signing.latest_round(store, seeded.project)
    assert found is not None
    ruled, head = signing.ruling(store, found), store.head
    for name, form in (("card", "md"), ("brief", "md"), ("print", "html")):
        text = written.paper(store, seeded.project, name, form).text
        for part in (ruled.headline, found.sha256, head, signing.certificate_name(found, ruled), "Not written yet."):
            assert part in text, (name, part)
    brief = written.paper(store, seeded.project, "brief", "md").text
    assert all(gate.name in brief for gate in ruled.gates if not gate.sentence.startswith(("Slice", "Critical slice")))
    assert "vllm serve" in brief and "- Good: Thanks for writing about order LF-40731." in brief


def test_what_people_write_stands_in_the_papers_and_can_be_taken_back(store: Store) -> None:
    project = ready(store, tests=6).project
    ada, rita = joined(store, "Ada", Role.pm), joined(store, "Rita", Role.reviewer)
    with pytest.raises(Refusal, match="designers, PMs and admins"):
        papers.write_notes(store, rita, project, NOTES)
    with pytest.raises(Refusal, match="2,000 characters"):
        papers.write_notes(store, ada, project, dataclasses.replace(NOTES, limits="x" * 2001))
    assert rows.notes(store, project) == Notes()
    papers.write_notes(store, ada, project, NOTES)
    with pytest.raises(Refusal, match="already"):
        papers.write_notes(store, ada, project, NOTES)
    two = [dataclasses.replace(NOTES, owner="Otto"), dataclasses.replace(NOTES, engineer="Eve"),
           dataclasses.replace(NOTES, owner="Olga")]  # fmt: skip
    papers.write_notes(store, ada, project, two[0], NOTES)
    both = papers.write_notes(store, ada, project, two[1], NOTES)
    assert (both.owner, both.engineer) == ("Otto", "Eve"), "an older form takes nothing back that another one wrote"
    with pytest.raises(Refusal, match="Somebody wrote the same part meanwhile"):
        papers.write_notes(store, ada, project, two[2], NOTES)
    assert papers.write_notes(store, ada, project, two[2], both).owner == "Olga"
    papers.write_notes(store, ada, project, NOTES)
    card = written.paper(store, project, "card", "md").text
    assert "is not measured. Measure it under Compare." in card and "None of the 6 answers" in card
    assert "No blind round has closed on it" in card and "Then switch it off." in card
    assert "Not for \\<b\\>legal\\</b\\> letters." in card
    page = written.paper(store, project, "card", "html").text
    assert "&lt;b&gt;legal&lt;/b&gt;" in page and "<b>" not in page
    with pytest.raises(Refusal, match="no verdict to print"):
        written.paper(store, project, "print", "html")
    store.undo(store.version, ada.id)
    assert rows.notes(store, project).owner == "Olga" and store.audit() == []


def test_nothing_of_an_open_round_is_told(store: Store) -> None:
    seeded = ready(store, tests=12)
    rita = joined(store, "Rita", Role.reviewer)
    found = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    vote_like_the_script(store, found, rita, 20)
    open_now = papers.about(store, seeded.project)
    assert open_now.trial is None and open_now.compared == () and open_now.besides == ()
    brief = written.paper(store, seeded.project, "brief", "md").text
    card = written.paper(store, seeded.project, "card", "md").text
    assert "its verdict is told when it has closed" in card and "theta" not in card and found.sha256 not in card
    assert "12 answers" not in card + brief and "no set is frozen" not in card, "nor what one arm recites or gives away"


def test_what_is_signed_stands_in_the_papers_until_it_is_void(store: Store) -> None:
    seeded, rita = ready(store, tests=6), joined(store, "Rita", Role.reviewer)
    found = vote_like_the_script(store, rounds.open_round(store, MAKER, seeded.project, seeded.plan), rita)
    pia = joined(store, "Pia", Role.pm)
    signing.sign(store, pia, found, "Read twice.", override="Legal read it on 26 Nov.")
    brief = written.paper(store, seeded.project, "brief", "md").text
    assert "signed by Pia on" in brief and "Void:" not in brief
    assert "because: Legal read it on 26 Nov. Comment: Read twice." in brief
    rewritten = [dataclasses.asdict(g) for g in arms.generations(store, seeded.dataset, seeded.base)]
    rewritten[0]["output"] = "Something else."
    payload = {"dataset": seeded.dataset, "job": "", "rows_blob": store.put_blob(canonical(rewritten))}
    store.act("generations.stored", MAKER, payload, seeded.project)
    for name, form in (("brief", "md"), ("print", "html")):
        assert "Void: " in written.paper(store, seeded.project, name, form).text
    assert "Nothing: what was signed is void" in written.paper(store, seeded.project, "print", "html").text


def test_scripted_votes_are_labelled_on_every_paper(store: Store) -> None:
    seeded = ready(store, tests=6)
    found = rounds.open_round(store, MAKER, seeded.project, seeded.plan)
    rounds.vote_by_script(store, found, people.scripted_reviewer(store))
    for name, form in (("card", "md"), ("brief", "html"), ("print", "html")):
        made = written.paper(store, seeded.project, name, form)
        assert "Scripted votes" in made.text and "Practice round" in made.text and "-scripted-practice-" in made.file
    results = ModelCard(written.paper(store, seeded.project, "card", "md").text).data.eval_results
    assert all("[scripted votes, practice round]" in r.metric_name for r in results if r.metric_type == "win_rate")


def test_the_command_writes_papers_and_names_what_there_is(decided: tuple[Store, Seeded], tmp_path: Path) -> None:
    store, seeded = decided
    args = {"project": seeded.project, "what": "brief", "format": "md", "out": str(tmp_path / "brief.md")}
    told = export_command.export(store, args)
    assert told["rows"] == 1 and (tmp_path / "brief.md").read_text().startswith("# For the engineers: Tuned on")
    with pytest.raises(Refusal, match="print cannot be exported as md; it can as html"):
        export_command.export(store, {**args, "what": "print"})
    with pytest.raises(Refusal, match="no model here"):
        export_command.export(store, {**args, "run": "nobody"})


def test_the_folder_that_is_taken_away_begins_with_the_card(decided: tuple[Store, Seeded], about: About) -> None:
    store, _ = decided
    facts = {
        "title": about.arm.name, "base": "b", "base_sha256": "s", "source": "x", "licence": "l", "rank": 8,
        "passport_sha256": "p", "files": {}, "card": model_card.written(store, about, "merged"),
        "check": {"prompts": 8, "words": 90, "float32": 8, "bfloat16": 7},
    }  # fmt: skip
    readme = takeaway_readme.text("merged", "t-merged", facts)
    assert ModelCard(readme).data.base_model == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert readme.count(f"# {about.arm.name}\n") == 1 and "## Known limits" in readme.partition("## Serve it")[0]


def test_papers_are_for_the_team_that_decides(decided: tuple[Store, Seeded]) -> None:
    store, seeded = decided
    app = Guard(Router([paper_route.route(lambda: store)]), lambda: store, "c", Response)
    address = paper_route.address(seeded.project, "print", "html")
    sessions = {
        role: people.join(store, people.make_invitation(store, people.SYSTEM, "Somebody", role), "").session
        for role in (Role.pm, Role.reviewer)
    }

    async def get(role: Role, path: str) -> httpx.Response:
        transport, cookies = httpx.ASGITransport(app=app), {"c": sessions[role]}
        async with httpx.AsyncClient(transport=transport, base_url="http://studio", cookies=cookies) as client:
            return await client.get(path)

    assert asyncio.run(get(Role.reviewer, address)).status_code == 403
    assert asyncio.run(get(Role.pm, address.replace("print", "secret"))).status_code == 404
    page = asyncio.run(get(Role.pm, address))
    assert page.headers["content-type"].startswith("text/html") and "script-src 'self'" in str(page.headers)
    given = asyncio.run(get(Role.pm, paper_route.address(seeded.project, "card", "md")))
    assert given.headers["content-disposition"].startswith('attachment; filename="card-tuned-')
    about = paper_route.address(seeded.project, "print", "html", "gone")
    assert asyncio.run(get(Role.pm, about)).status_code == 404


def crowded(about: About, times: int) -> About:
    """Many baselines, slices, gates and signatures, and everywhere texts of so many times 56 letters."""
    assert about.trial is not None and about.assessed is not None
    long = "Considerations about Donaudampfschifffahrtsgesellschaft " * times
    slices = tuple(
        SliceFinding(f"kind_{n}_{'w' * 40}", 3, 0.4, Interval(0.1, 0.9), None, 0.1, True, 1, 1, 20, state)
        for n, state in enumerate([*SliceState] * 7)
    )
    against = tuple(dataclasses.replace(about.assessed.against[0], slices=slices) for _ in range(6))
    names = dict.fromkeys(about.trial.names, long)
    gates = tuple(Gate(f"{n} {long}", state, long) for n, state in enumerate([*GateState] * 8))
    ruled = dataclasses.replace(
        about.trial.ruling, headline=long, because=(long,) * 9, would_change=(long,) * 5, gates=gates, scripted=True,
        practice=True, weakest=gates[0].name,
    )  # fmt: skip
    assessed = dataclasses.replace(about.assessed, against=against)
    judged = dataclasses.replace(about.trial.judged, ruling=ruled, assessments=(assessed,))
    decision = Decision(
        "d", "p", "r", {"verdict": "GO", "override": long}, long, long, "h" * 64, "", "2026-11-27T10:00"
    )
    earlier = "Round 10, an earlier one: round 12 has closed since"
    trial = dataclasses.replace(about.trial, judged=judged, names=names, decision=decision, earlier=earlier)
    notes = Notes(long, long, long, long)
    return dataclasses.replace(about, name=long, notes=notes, brief=Brief(), trial=trial, cost=(long,) * 5)


@pytest.mark.browser
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_a_printed_page_fits_its_paper(browser: Browser, about: About, paper: str) -> None:
    """Two sheets, the plain one and the fullest; nothing is wider than the paper, and every text is on one of them."""
    for each in (about, crowded(about, 1), crowded(about, 20)):
        page = browser.new_page()
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 680, "height": 900})  # 180 mm, what Letter and A4 leave between the margins
        page.set_content(print_page.written(each))
        assert page.evaluate("document.documentElement.scrollWidth") <= 680
        read = PdfReader(io.BytesIO(page.pdf(format=paper)))
        assert len(read.pages) == 2
        first, second = (" ".join(sheet.extract_text().split()) for sheet in read.pages)
        assert "page 1 of 2" in first and "Signed" in first
        assert "page 2 of 2" in second and each.head in second.replace(" ", "")
        page.close()
