"""What is half typed when somebody reloads the page by the keys is there again, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from benchmarks import dashboard, voting_client

pytestmark = pytest.mark.browser

TEXT = "Two of the refunds read too stiff"


def test_a_comment_half_typed_outlives_a_reload(browser: Browser, tmp_path: Path) -> None:
    team = dashboard.prepared(tmp_path / "workspace", prompts=60, slices=1)
    with voting_client.serving(team.workspace) as served:
        page = dashboard.fresh_page(browser, served, team)
        page.goto(f"{served.url}/decision?project={team.project}")
        field = page.get_by_label("Comment (optional)")
        for text, keys in ((TEXT, "F5"), (", and one is too long", "Control+r")):
            page.wait_for_selector(dashboard.WHOLE, timeout=120_000)
            before = field.input_value()
            field.press("End")
            field.press_sequentially(text)
            with page.expect_event("load", timeout=30_000):
                page.keyboard.press(keys)
            expect(field).to_have_value(before + text, timeout=30_000)
        page.context.close()
