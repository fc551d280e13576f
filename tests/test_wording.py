"""How a share is written, in a sentence and on a page."""

from __future__ import annotations

from studio.reports import reading
from studio.wording import between, in_html, percent


def test_a_share_and_its_interval_are_written_in_one_way() -> None:
    assert percent(0.678) == "68 %" and percent(0.0) == "0 %" and between((0.62, 1.0)) == "62 to 100 %"


def test_on_a_page_no_line_ends_before_the_sign_and_no_markup_comes_through() -> None:
    assert in_html("68 % (95 % interval) <b>") == "68\u00a0% (95\u00a0% interval) &lt;b&gt;"
    assert in_html("a % b") == "a % b", "which is no share"


def test_a_paper_keeps_its_shares_on_one_line() -> None:
    assert "<p>Both bad 2\u00a0%.</p>" in reading.page("# A\n\nBoth bad 2 %.\n")
