"""A newcomer takes their own thirty rows round the whole loop in a browser: real weights, real training, real keys.

It starts from an empty workspace; each page's record is made, changed and undone, and handed to the next page.
The pictures it leaves are those of the documentation (YARDSTICK_SCREENSHOTS names another folder).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests.e2e.accessible import Eyes
from tests.e2e.conftest import SCREENSHOTS, Walker

pytestmark = [pytest.mark.browser, pytest.mark.model, pytest.mark.timeout(900)]

TASK = "Answer questions about our public library in one friendly sentence that ends with our name."
BOOKS = ("atlases", "comics", "cookbooks", "scores", "novels", "maps", "audio books", "zines", "films", "journals")
QUESTIONS = (
    ("can i take home {} for the weekend, or are they for reading there only", "Yes, take {} home for three weeks"),
    ("My card expired in March. Do I need a new one before I borrow {}?", "Renew it at the desk, then {} are yours"),
    ("Where do you keep the {} now that the second floor is shut?", "The {} have moved to the hall by the garden"),
)  # fmt: skip
LOOP = ("Brief", "Examples", "Check and freeze", "Prompts", "Train", "Compare", "Blind round", "Decision")
LONG = 240_000
"""Milliseconds for a real fine-tune or real outputs on two busy cores."""


def thirty_rows(folder: Path) -> Path:
    file = folder / "library.csv"
    lines = [f'"{q.format(book)}","{a.format(book)}. Your Linden Library"' for q, a in QUESTIONS for book in BOOKS]
    file.write_text("question,answer\n" + "\n".join(lines) + "\n,an answer to nothing\n", encoding="utf-8")
    return file


def write_the_brief(ada: Walker) -> None:
    ada.press("Start with a blank page")
    ada.type("The task, in a sentence", TASK)
    ada.type("Name", "Says who we are")
    ada.press("Let a machine check it")
    ada.press("contains one of these phrases")
    ada.type("Phrases", "Your Linden Library")
    ada.picture("brief-writing")
    ada.by_keyboard("Save as version 1")
    ada.sees(re.compile("Version 1"))


def change_the_brief_and_take_it_back(ada: Walker) -> None:
    ada.side("brief-view", "Write")
    ada.type("Who it is for", "Everybody who holds a card")
    ada.side("brief-meaning", "A smaller change: what was approved stays good")
    ada.press("Save as version 2")
    ada.sees("Version 2, saved by Ada")
    ada.undo()
    ada.sees("Version 1, saved by Ada")


def bring_the_rows(ada: Walker, file: Path) -> None:
    ada.go("Examples")
    ada.picture("examples-empty")
    ada.by_keyboard("Import a file or paste rows")
    ada.page.locator('input[type="file"]').set_input_files(file)
    ada.sees("library.csv")
    ada.picture("examples-import")
    ada.page.get_by_text("These are already approved").click()
    ada.settle()
    ada.press("Import 30 examples")
    ada.sees("30 examples imported")


def change_an_example_and_take_it_back(ada: Walker) -> None:
    ada.page.locator('[class*="st-key-example-open-"]').get_by_role("button").first.click()
    ada.settle()
    ada.type("Ideal output", "Yes. Your Linden Library")
    ada.picture("example")
    ada.press("Save")
    ada.sees("Revision 2")
    ada.press("All examples")
    ada.sees("29 of 30 approved")
    ada.undo()
    ada.sees("30 of 30 approved")


def freeze_rename_discard_and_take_it_back(ada: Walker) -> None:
    ada.go("Check and freeze")
    ada.picture("health")
    ada.side("health-view", "Freeze")
    ada.picture("freeze")
    ada.by_keyboard("Freeze these 30 examples")
    ada.sees("Dataset 1")
    ada.page.locator('[class*="st-key-health-rename-"]').get_by_role("button", name="Rename").first.click()
    ada.type("New name", "First set")
    ada.page.locator('[class*="st-key-health-rename-do-"]').get_by_role("button").click()
    ada.sees("First set")
    ada.press("Discard")
    ada.sees("Discarded")
    ada.undo()
    ada.sees("Frozen sets")


def write_a_prompt_and_change_it(ada: Walker) -> None:
    ada.go("Prompts")
    ada.key("ys-empty-start").get_by_role("button").click()
    ada.settle()
    ada.type("House prompt, version 1", "You answer for the Linden Library. End with: Your Linden Library")
    ada.by_keyboard("Save as version 2")
    ada.sees("House prompt, version 2")
    ada.undo()
    ada.sees("House prompt, version 1")
    ada.picture("baselines")


def train(ada: Walker) -> None:
    ada.go("Train")
    ada.page.get_by_text("Quick trial").first.click()
    ada.settle()
    ada.press("Measure first")
    ada.sees("Measured, ready to start", timeout=LONG)
    ada.sees("Every example is read whole")
    ada.picture("train-measured")
    ada.by_keyboard("Start training")
    ada.sees("Learning now")
    ada.page.wait_for_timeout(15_000)
    ada.picture("train-running")
    ada.sees("Trainings", timeout=LONG)
    ada.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    ada.picture("train")


def let_all_arms_answer(ada: Walker) -> None:
    ada.go("Compare")
    ada.by_keyboard("Write the answers")
    ada.sees("Rule by rule", timeout=LONG)
    ada.picture("evaluate")


def open_a_round_undo_it_and_open_it_again(ada: Walker) -> None:
    ada.go("Blind round")
    ada.picture("review-setup", both=True)
    ada.by_keyboard("Open the round")
    expect(ada.page.get_by_role("button", name="Left is better")).to_be_visible()
    ada.undo()
    ada.press("Open the round")
    ada.go("Decision")
    ada.picture("decision-open", both=True)
    ada.go("Blind round")
    expect(ada.page.get_by_role("button", name="Left is better")).to_be_visible()


def vote_by_keyboard(ada: Walker) -> int:
    """Votes until the round closes by itself; the first vote is taken back once. How many keys counted."""
    ada.page.wait_for_timeout(500)
    ada.page.keyboard.press("3")
    ada.sees(re.compile(r"^1 of \d+"))
    ada.picture("review", both=True)
    ada.page.keyboard.press("z")
    ada.sees(re.compile(r"^0 of \d+"))
    votes = 0
    while ada.page.get_by_role("button", name="Left is better").count() and votes < 40:
        ada.page.wait_for_timeout(500)
        ada.page.keyboard.press("1" if votes % 2 else "2")
        votes += 1
        closed = ada.page.get_by_text(re.compile("closed", re.I))
        expect(ada.page.get_by_text(re.compile(rf"^{votes} of \d+")).or_(closed).first).to_be_visible()
        ada.settle()
    return votes


def on_paper(ada: Walker) -> None:
    """The printed page is the whole page, without what only a screen can do."""
    sheets = PdfReader(io.BytesIO(ada.page.pdf(format="A4"))).pages
    told = " ".join(" ".join(sheet.extract_text() for sheet in sheets).split())
    assert len(sheets) > 2 and "What a GO needs" in told and "Every pair with its votes" in told
    assert "Sign out" not in told and "People and records" not in told


def read_the_verdict_sign_and_withdraw(ada: Walker) -> None:
    ada.go("Decision")
    ada.sees(re.compile("practice", re.I))
    ada.picture("decision")
    on_paper(ada)
    ada.by_keyboard("Sign: inconclusive")
    ada.sees("What was signed")
    ada.press("Withdraw")
    ada.type("Why is it withdrawn?", "It was practice")
    ada.press("Withdraw it")
    ada.sees("Withdrawn, because")
    ada.undo()
    expect(ada.page.get_by_text("Withdrawn, because")).to_have_count(0)
    ada.sees("stands")


def follow_a_figure_to_its_votes_and_read_the_papers(ada: Walker) -> None:
    ada.page.get_by_role("link", name="See the votes").first.click()
    ada.settle()
    ada.picture("decision-votes")
    ada.page.get_by_role("link", name="Back to the decision").first.click()
    ada.settle()
    papers = ada.page.locator('[class*="st-key-decision-paper-"] a[href$=".html"]')
    expect(papers.first).to_be_visible()
    for address in [each.get_attribute("href") for each in papers.all()]:
        paper = ada.page.context.new_page()
        paper.goto(f"{ada.studio.url}{address}")
        ada.eyes.both(paper, str(address).rsplit("/", 1)[-1])
        paper.close()


def show_it_to_somebody_outside(ada: Walker, open_browser: Callable[..., Walker]) -> None:
    ada.type("For whom", "Steering committee")
    ada.key("share-make").get_by_role("button").click()
    ada.settle()
    link = re.search(r"http://\S+", ada.key("share-fresh").inner_text())
    outsider = open_browser(1000, "light")
    outsider.page.goto(link[0])  # type: ignore[index]
    outsider.sees("Read only")
    outsider.eyes.both(outsider.page, "a shared decision")
    outsider.page.screenshot(path=SCREENSHOTS / "shared.png")


def invite_a_reviewer_who_sees_nothing_else(ada: Walker, open_browser: Callable[..., Walker]) -> None:
    ada.go("People and records")
    ada.type("Their name", "Rita")
    ada.by_keyboard("Make a link")
    expect(ada.key("admin-link")).to_contain_text("/join/")
    link = ada.key("admin-link").inner_text()
    ada.picture("admin", both=True)
    rita = open_browser(390, "dark", 844)
    rita.sign_in(re.search(r"http://\S+", link)[0], "Rita")  # type: ignore[index]
    rita.picture("reviewer-home-phone-dark")
    rita.page.goto(f"{rita.studio.url}/train")
    rita.settle()
    expect(rita.page.get_by_text("Measure first")).to_have_count(0)
    expect(rita.page.get_by_role("link", name="Decision")).to_have_count(0)


def discuss_it_and_show_it_to_somebody_outside(ada: Walker, open_browser: Callable[..., Walker]) -> None:
    ada.type("A comment on the verdict", "Practice only, @nobody.")
    ada.press("Add the comment")
    ada.sees("Nobody who reads this is called nobody")
    ada.type("For whom", "The board")
    ada.page.get_by_text("Show a few answers, too").click()
    ada.press("Make a link")
    ada.eyes.both(ada.page, "a comment, and a link just made")
    link = re.search(r"http://\S+/share/\S+", ada.key("share-fresh").inner_text())[0]  # type: ignore[index]
    board = open_browser(390, "light", 844)
    board.page.goto(link)
    board.sees("Read only")
    board.sees("A few answers")
    board.eyes.both(board.page, "a decision, by its link")
    ada.page.locator('[class*="st-key-share-withdraw-"] button').first.click()
    ada.settle()
    board.page.goto(link)
    expect(board.page.get_by_role("heading", level=1)).to_have_text("This link does not work any more")


def read_the_guide(ada: Walker) -> None:
    ada.page.get_by_role("link", name="Guide", exact=True).click()
    expect(ada.page.get_by_role("heading", level=1)).to_contain_text("For the engineer")
    for words in ("For designers", "For reviewers", "For PMs", "The numbers explained"):
        ada.page.get_by_role("link", name=words, exact=True).click()
        ada.eyes.both(ada.page, words)
    ada.page.get_by_role("link", name="Back to the studio").click()
    ada.settle()
    expect(ada.page.get_by_role("heading", level=1)).to_contain_text("Decision")


def every_part_of_every_page_in_the_dark(ada: Walker) -> None:
    """On a phone, and part by part on a desk: what the pictures in the light did not show."""
    ada.at(1440, 900, "dark")
    for name in ("Home", *LOOP):
        ada.page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name=name, exact=True).click()
        ada.settle()
        expect(ada.page.get_by_text("Library answers").first).to_be_visible()
        parts = ada.page.locator('[class*="-view"] [data-testid="stButtonGroup"] button')
        for part in range(parts.count()):
            parts.nth(part).click()
            ada.settle()
            ada.eyes.look(ada.page, f"{name}, part {part + 1}, dark")
        ada.at(390, 844, "dark")
        ada.picture(f"phone-dark-{name.lower().replace(' ', '-')}")
        ada.page.set_viewport_size({"width": 1440, "height": 900})


def test_a_newcomer_takes_thirty_rows_round_the_loop(
    open_browser: Callable[..., Walker], eyes: Eyes, tmp_path: Path
) -> None:
    ada = open_browser()
    ada.page.goto(ada.studio.url)
    expect(ada.page.get_by_role("heading", name="Sign in")).to_be_visible()
    ada.eyes.both(ada.page, "signed out")
    ada.sign_in(ada.studio.link, "Ada")
    ada.picture("home-empty", both=True)
    ada.type("Name of the project", "Library answers")
    ada.by_keyboard("Start a new project")
    expect(ada.page.get_by_role("heading", level=1)).to_contain_text("Brief")
    ada.picture("brief-empty")
    write_the_brief(ada)
    ada.picture("brief")
    change_the_brief_and_take_it_back(ada)
    bring_the_rows(ada, thirty_rows(tmp_path))
    ada.picture("examples")
    change_an_example_and_take_it_back(ada)
    freeze_rename_discard_and_take_it_back(ada)
    write_a_prompt_and_change_it(ada)
    train(ada)
    let_all_arms_answer(ada)
    open_a_round_undo_it_and_open_it_again(ada)
    invite_a_reviewer_who_sees_nothing_else(ada, open_browser)
    ada.go("Blind round")
    assert vote_by_keyboard(ada) >= 10
    read_the_verdict_sign_and_withdraw(ada)
    discuss_it_and_show_it_to_somebody_outside(ada, open_browser)
    follow_a_figure_to_its_votes_and_read_the_papers(ada)
    show_it_to_somebody_outside(ada, open_browser)
    read_the_guide(ada)
    every_part_of_every_page_in_the_dark(ada)
    assert eyes.problems == [] and eyes.unneeded() == set()
