"""Twenty votes by keyboard alone in a real browser: each counts once, and the next pair is there at once."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser

from benchmarks import voting_client, voting_load

pytestmark = pytest.mark.browser

PATIENT_MS = 400
"""Four times what `benchmarks/voting_load.py` promises: other work may be on the cores here."""
PART = 1 / 10
"""Of the time in which the round's page opens, on a machine on which that takes long (here it is 1/40)."""


def test_twenty_votes_by_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    team = voting_load.prepared(tmp_path / "workspace", reviewers=1, prompts=24)
    with voting_client.serving(team.workspace) as served:
        began = time.monotonic()
        page = voting_load.at_the_round(browser, served, team)
        page.wait_for_selector('[class*="st-key-vote-left-"]', timeout=120_000)
        opening = time.monotonic() - began
        took = voting_load.by_keyboard(page, 20, pause_ms=400)
    assert len(took) == 20 and median(took) <= max(PATIENT_MS, 1000 * opening * PART)
    held, problems = voting_load.in_journal(team)
    assert (len(held), problems) == (20, 0)
