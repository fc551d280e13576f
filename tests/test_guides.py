"""The guides stay true: the browser walk takes each picture, each command parses, each quoted word is on screen."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from studio.cli import command_parser
from studio.records import Role
from studio.review import preference
from studio.ui import guide_route

REPO = Path(__file__).resolve().parents[1]
OTHERS = {"command", "datasets", "formats", "should-we-tune", "plan"}
"""Pages of `docs/` that the guides lead to, beside each other."""
GUIDES = sorted([*(REPO / "docs" / "guides").glob("*.md"), REPO / "docs" / "numbers.md"])


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def without_code(page: Path) -> str:
    return re.sub(r"```.*?```", "", text(page), flags=re.DOTALL)


def named(page: Path) -> str:
    return page.stem


def test_there_is_a_guide_for_each_role_and_the_readme_leads_to_them() -> None:
    assert {page.stem for page in GUIDES} >= {"designer", "reviewer", "pm", "engineer", "numbers"}
    readme = text(REPO / "README.md")
    assert [page.stem for page in GUIDES if str(page.relative_to(REPO)) not in readme] == []


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_picture_is_there_described_and_taken_by_the_walk(page: Path) -> None:
    walk = text(REPO / "tests" / "e2e" / "test_walk.py")
    taken = set(re.findall(r'\.picture\("([a-z-]+)"', walk))
    assert "phone-dark-{" in walk
    for said, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text(page)):
        picture = (page.parent / target).resolve()
        assert picture.is_file() and picture.parent == REPO / "docs" / "screenshots", target
        assert picture.stem in taken or picture.stem.startswith("phone-dark-"), target
        assert len(said.split()) >= 3, f"{target} needs words for whoever cannot see it"


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text(page)):
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if heading:
            heads = re.findall(r"^#+ (.+)$", text(found), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, target


def commands(page: Path) -> list[str]:
    in_blocks = re.findall(r"^(?:ExecStart=\S*/)?(studio [a-z][^\n]*)$", text(page), re.MULTILINE)
    return [c.split("  #")[0].strip() for c in [*in_blocks, *re.findall(r"`(studio [a-z][^`]*)`", text(page))]]


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_command_parses_as_it_is_written(page: Path) -> None:
    for command in commands(page):
        try:
            command_parser().parse_args(shlex.split(command)[1:])
        except SystemExit:
            # In a sentence a command may stand for itself, without what it needs.
            assert re.fullmatch(r"studio [a-z-]+( --json)?", command), command
            with pytest.raises(SystemExit) as ended:
                command_parser().parse_args([command.split()[1], "--help"])
            assert ended.value.code == 0


@cache
def source() -> str:
    files = [*(REPO / "studio").rglob("*.py"), *(REPO / "pages").glob("*.py")]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@cache
def templates() -> list[tuple[int, re.Pattern[str]]]:
    """Texts with something to fill in: how many letters of their own they have, and what they may become."""
    found = []
    for each in set(re.findall(r'f"([^"\n]*\{[^"\n]*)"', source())):
        own = re.split(r"\{[^{}]*\}", each)
        found.append((letters("".join(own)), re.compile(".+".join(re.escape(part) for part in own))))
    return found


def letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def on_screen(words: str) -> bool:
    """Whether the code holds these words as a text, or as a template that gives most of them."""
    if f'"{words}"' in source() or f"'{words}'" in source():
        return True
    return any(2 * own > letters(words) and made.fullmatch(words) for own, made in templates())


def test_words_that_no_page_has_are_found_out() -> None:
    assert on_screen("Register and open the round") and on_screen("Freeze these 30 examples")
    assert not on_screen("Register and open a round") and not on_screen("Freeze those 30 examples")


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_word_quoted_from_a_page_is_in_the_code(page: Path) -> None:
    quoted = {" ".join(each.split()) for each in re.findall(r"\*\*(.+?)\*\*", without_code(page), re.DOTALL)}
    assert quoted and sorted(words for words in quoted if not on_screen(words)) == []


# -- in the studio ---------------------------------------------------------------------------------


def test_every_role_has_a_guide_and_all_pages_lead_on_within_the_studio() -> None:
    for role in Role:
        assert re.fullmatch(r"/guide/(.+)\?back=%2F", guide_route.address(role))[1] in guide_route.GUIDES  # type: ignore[index]
    for name in guide_route.GUIDES:
        shown = guide_route.page(name)
        assert f'href="/guide/{name}" aria-current="page"' in shown
        assert set(re.findall(r'href="/guide/([a-z-]+)["#]', shown)) <= {*guide_route.GUIDES, *OTHERS}
        assert set(re.findall(r'href="([^/#h][^"]*)"', shown)) <= {"data:,"}
        said = re.sub(r"<(pre|code)[^>]*>.*?</\1>", "", shown, flags=re.DOTALL)
        assert not re.search(r'\*\*|\]\(|<a href="">', said)


def test_pages_outside_wear_the_colours_of_the_studio() -> None:
    inside, outside = (
        dict(re.findall(r"--(?:ys-)?(\w+): (light-dark\([^;]+\));", (REPO / "studio" / name).read_text("utf-8")))
        for name in ("ui/assets/studio.css", "reports/outside.css")
    )
    assert len(inside) > 5 and {name: inside.get(name, pair) for name, pair in outside.items()} == outside


def test_a_page_and_its_pictures_are_served_and_nothing_else() -> None:
    client = TestClient(Starlette(routes=guide_route.routes()))
    shown = client.get("/guide/designer")
    pictures = re.findall(r'src="([^"]+)"', shown.text)
    assert shown.status_code == 200 and "script" not in shown.headers["content-security-policy"] and pictures
    assert {client.get(each).headers["content-type"] for each in pictures} == {"image/png"}
    told = client.get("/guide/style.css").text
    assert "--accent:" in told and ".wide {" in told, "the colours that pages outside share, and its own"
    assert '<a href="/train?project=a">' in client.get("/guide/pm", params={"back": "/train?project=a"}).text
    assert '<a href="/">' in client.get("/guide/pm", params={"back": "https://elsewhere.example/"}).text
    for other in ("/guide/none", "/guide/none.png", "/guide/..%2f..%2fpyproject", "/guide/..%2f..%2fREADME"):
        assert client.get(other).status_code == 404


# -- the numbers -----------------------------------------------------------------------------------

NUMBERS = REPO / "docs" / "numbers.md"


def test_the_worked_figures_come_out_again() -> None:
    said = text(NUMBERS)
    won = preference.confidence_sequence([1.0] * 60 + [0.5] * 30 + [0.0] * 30)
    told = preference.agreement([("a", "a")] * 118 + [("a", "b")] * 5 + [("b", "a")] * 2)
    for figure in (
        f"60 wins and 30 losses give {preference.evidence_above([1.0] * 60 + [0.0] * 30):.4f}",
        f"60 and 40 give {preference.evidence_above([1.0] * 60 + [0.5] * 7 + [0.0] * 40):.4f}",
        f"60 wins, 30 ties, 30 losses give {won.low:.4f} to {won.high:.4f}".replace("0.", "."),
        f"(118 of 125 alike: alpha {told.alpha_nominal:.2f}, AC1 {told.ac1:.2f})".replace("0.", "."),
    ):
        assert figure in said


def test_every_measured_figure_is_one_of_the_results() -> None:
    measured = text(REPO / "benchmarks" / "RESULTS.md")
    quoted = set(re.findall(r"(?<![\d.])\.\d{3}(?!\d)", text(NUMBERS)))
    assert len(quoted) > 9 and sorted(each for each in quoted if each not in measured) == []


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_file_it_names_is_there(page: Path) -> None:
    assert [
        f for f in re.findall(r"`((?:studio|tests|benchmarks)/[\w/]+\.py)`", text(page)) if not (REPO / f).is_file()
    ] == []
