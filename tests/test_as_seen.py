"""A text as it is seen: recognised by its look, set safely, and never made into something that loads or runs."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.ui.as_seen import common_form, form_of, html


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Thanks for writing. We sent it on Monday.", "text"),
        ("Thanks for *this*. - Larkfield", "text"),
        ("5 * 3 is 15, and 2 - 1 is 1", "text"),
        ('{"category": "billing", "needs_human": true}', "json"),
        ('{"category": "billing"', "text"),
        ("[1, 2]", "json"),
        ("Subject: Your lamp\nFrom: us@larkfield.test\n\nIt is on its way.", "email"),
        ("From: somebody\nwho never wrote a subject", "text"),
        ("Do this:\n\n- unplug it\n- wait a minute", "markdown"),
        ("It is **not** your fault.", "markdown"),
        ("", "text"),
    ],
)
def test_a_text_is_recognised_by_its_look(text: str, form: str) -> None:
    assert form_of(text) == form


def test_json_is_a_tree_with_every_value() -> None:
    found = html('{"category": "a<b", "tags": ["x", 2, null], "who": {"human": true}}')
    assert "<dt>category</dt><dd><span>a&lt;b</span></dd>" in found
    assert "<ol><li><span>x</span></li><li><span>2</span></li><li><span>null</span></li></ol>" in found
    assert "<dt>human</dt><dd><span>true</span></dd>" in found


def test_an_email_has_its_head_and_its_body() -> None:
    found = html("Subject: Your lamp\n\nIt is **here**.")
    assert "<dt>Subject</dt><dd>Your lamp</dd>" in found and "<strong>here</strong>" in found


@pytest.mark.parametrize(
    "text",
    [
        "**a** <script>alert(1)</script>",
        "**a** ![x](http://else.where/pixel.png)",
        "**a** [press](javascript:alert(1)) and [here](http://else.where)",
        "**a** <http://else.where>",
        "# a\n<img src=x onerror=alert(1)>",
        "Subject: <img src=x>\n\n- a\n- <iframe src=y>",
        '{"a": "<img src=x onerror=alert(1)>"}',
    ],
)
def test_nothing_in_a_text_can_load_or_run(text: str) -> None:
    found = html(text)
    assert form_of(text) != "text"
    for tag in ("<script", "<img", "<a ", "<iframe", "href=", "src=x>"):
        assert tag not in found.replace("&lt;", "")


@pytest.mark.parametrize(
    "text", ["\n" * 19_000 + "a", " " * 19_000 + "- a", "- " * 9_000, "1" * 19_000, "`" * 19_000, "*" * 19_000]
)
def test_a_strange_text_takes_no_time(text: str) -> None:
    began = time.perf_counter()
    html(text)
    assert time.perf_counter() - began < 2, "one text must not hold everybody else up"


@given(st.text(max_size=300) | st.from_regex(r"[#*>`\\[\\]()!<{}:, a\n-]{0,80}"))
def test_any_text_is_set(text: str) -> None:
    assert isinstance(html(text), str)


def test_two_answers_are_set_in_one_form_that_favours_neither() -> None:
    plain, marked, tree = "Just words.", "**Hello,**\n\n- one\n- two", '{"a": 1}'
    assert common_form((marked, marked)) == common_form((plain, marked)) == "markdown"
    assert common_form((tree, tree)) == "json" and common_form((tree, plain)) == "text"
    assert common_form((plain, plain)) == common_form(("", "")) == "text"
    assert common_form((marked, "x" * 30_000)) == "text"
    assert html(plain, "markdown") == html("**x**").replace("<strong>x</strong>", plain)
