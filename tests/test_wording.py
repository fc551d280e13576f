"""How a share is written, in a sentence and on a page."""

from __future__ import annotations

import ast
import math
from pathlib import Path

from studio.reports import reading
from studio.ui import blocks
from studio.wording import between, in_html, percent, points


def test_a_share_and_its_interval_are_written_in_one_way() -> None:
    assert percent(0.678) == "68 %" and percent(0.0) == "0 %" and between((0.62, 1.0)) == "62 to 100 %"


def test_a_difference_has_its_sign_and_its_unit() -> None:
    assert [points(d) for d in (0.45, -0.2, 0.01, -0.004)] == ["+45 points", "−20 points", "+1 point", "0 points"]


def test_what_is_neither_none_nor_all_is_never_told_so() -> None:
    shares = (0.0, 0.0004, 0.004, 0.006, 0.625, 0.994, 0.996, 0.9996, 1.0, -0.004, -0.0004, 0.3 - 0.1 * 3, math.inf)
    assert [percent(share) for share in shares] == [
        "0 %", "under 0.1 %", "0.4 %", "1 %", "62 %", "99 %", "99.6 %", "over 99.9 %", "100 %", "-0.4 %", "0 %", "0 %",
        "inf %",
    ]  # fmt: skip
    assert between((0.0, 0.004)) == "0 to 0.4 %" and between((0.96, 0.9999)) == "96 to over 99.9 %"


def test_a_share_is_told_apart_from_what_it_is_held_against() -> None:
    told = [percent(share, 0.98) for share in (0.977, 0.9799, 0.98, 0.97)]
    assert told == ["97.7 %", "97.99 %", "98 %", "97 %"]


def test_on_a_page_no_line_ends_before_the_sign_and_no_markup_comes_through() -> None:
    assert in_html("68 % (95 % interval) <b>") == "68\u00a0% (95\u00a0% interval) &lt;b&gt;"
    assert in_html("a % b") == "a % b", "which is no share"


def test_a_paper_keeps_its_shares_on_one_line() -> None:
    assert "<p>Both bad 2\u00a0%.</p>" in reading.page("# A\n\nBoth bad 2 %.\n")


def test_what_streamlit_and_the_charts_draw_by_themselves_has_it_too() -> None:
    assert blocks.percent(0.977, 0.98) == "97.7\u00a0%" and blocks.between((0.62, 1.0)) == "62 to 100\u00a0%"
    for module in Path(blocks.__file__).parent.glob("*.py"):
        taken = {
            name.name for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.ImportFrom)
            for name in node.names if node.module == "studio.wording"
        }  # fmt: skip
        assert not taken & {"percent", "between"}, f"{module.name} writes a share whose line may end before its sign"
