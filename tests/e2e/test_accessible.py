"""The eyes of the walk see what they are for: a button without a name, grey letters, a focus that nobody sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.accessible import FLEETING, NOT_OURS, Eyes, tab_to

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang=en><title>A page</title>
<main data-testid=stMain style="background: #fff"><h1>A page</h1>{}</main></html>"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ("<button></button>", "button-name"),
        ('<p style="color: #bbb">Grey letters</p>', "color-contrast"),
        ("<h3>Two levels down</h3>", "heading-order"),
        ('<p style="width: 3000px">A long way</p>', "wider than the window"),
        ("<details><summary>More</summary><img src=data:,></details>", "image-alt"),
    ],
)
def test_what_axe_finds_is_told_with_its_screen_and_rule(page: Page, html: str, rule: str) -> None:
    eyes = Eyes()
    page.set_content(PAGE.format("<button>Sign</button>"))
    eyes.look(page, "well made")
    assert eyes.problems == []
    page.set_content(PAGE.format(html))
    eyes.look(page, "ill made")
    assert [p.startswith("ill made: ") and rule in p for p in eyes.problems] == [True]
    assert eyes.unneeded() == set(NOT_OURS) - FLEETING != set()


def test_the_other_of_light_and_dark_is_looked_at_too(page: Page) -> None:
    eyes = Eyes()
    text = "<style>@media (prefers-color-scheme: dark) { p { color: #ddd } }</style><p>Read me</p>"
    page.set_content(PAGE.format(text))
    eyes.both(page, "page")
    assert [p.startswith("page, dark: serious color-contrast") for p in eyes.problems] == [True]


def test_tab_comes_to_a_button_or_it_is_told(page: Page) -> None:
    page.set_content(PAGE.format("<button>One</button><button style='outline: none'>Two</button>"))
    assert tab_to(page, "One") == ""
    assert "nobody sees it" in tab_to(page, "Two")
    assert "does not reach" in tab_to(page, "Three", within=5)
