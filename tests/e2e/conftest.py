"""A real studio as its own process, and a real browser that walks through it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.accessible import Eyes, tab_to, wear

REPO = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(os.environ.get("YARDSTICK_SCREENSHOTS") or REPO / "test-output" / "screenshots")
READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@dataclass
class Studio:
    """A running `studio serve`: its address and the one-time link it printed."""

    process: subprocess.Popen[str]
    url: str
    link: str

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)


def start(workspace: Path, cwd: Path) -> Studio:
    """Starts the studio on `workspace` as a person would, on a free port, and reads the address it prints."""
    command = [sys.executable, "-m", "studio.cli", "serve", "--workspace", str(workspace), "--port", "0"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"(http://[^\s/]+)(/\S*)?", line):
            return Studio(process, found[1], found[0])
    raise AssertionError("the studio ended without printing its address")


@pytest.fixture
def studio(tmp_path: Path, models_cache: Path) -> Iterator[Studio]:
    started = start(tmp_path / "workspace", tmp_path)
    yield started
    if started.process.poll() is None:
        started.stop()


class Walker:
    """One person's browser. Finds things as a person does: by their words."""

    def __init__(self, page: Page, studio: Studio, eyes: Eyes) -> None:
        self.page, self.studio, self.eyes = page, studio, eyes
        page.set_default_timeout(20_000)

    def settle(self) -> None:
        """Waits until the page has finished running, and sees that it met no fault."""
        self.page.wait_for_timeout(250)
        self.page.wait_for_selector(READY, timeout=60_000)
        assert not self.page.get_by_text("met a fault of ours").count()

    def sign_in(self, link: str, name: str) -> None:
        self.page.goto(link)
        self.eyes.both(self.page, f"the link of {name}")
        self.page.get_by_role("textbox").fill(name)
        self.page.get_by_role("button").click()
        self.settle()

    def go(self, name: str) -> None:
        """Opens a page by its entry in the navigation."""
        self.page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name=name, exact=True).click()
        self.settle()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(name)

    def press(self, name: str, *, exact: bool = False) -> None:
        self.page.get_by_role("button", name=name, exact=exact).first.click()
        self.settle()

    def by_keyboard(self, name: str) -> None:
        """Presses a button as somebody without a mouse does: Tab until it has the focus, and Enter."""
        assert tab_to(self.page, name) == ""
        self.page.keyboard.press("Enter")
        self.settle()

    def side(self, key: str, words: str) -> None:
        """Chooses one of the sides or options of a group by its words."""
        self.key(key).get_by_text(words, exact=True).click()
        self.settle()

    def type(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label).first
        field.fill(text)
        field.press("Tab")
        self.settle()

    def key(self, name: str) -> Locator:
        return self.page.locator(f".st-key-{name}")

    def sees(self, text: str | re.Pattern[str], timeout: float = 20_000) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=timeout)

    def undo(self) -> None:
        """Takes back the last act by the undo list."""
        self.key("ys-undo-bar").get_by_role("button").first.click()
        listed = self.page.locator('[data-testid="stPopoverBody"]').last
        listed.get_by_role("button", name="Undo").first.wait_for()
        self.eyes.look(self.page, "what can be undone")
        listed.get_by_role("button", name="Undo").first.click()
        self.settle()

    def at(self, width: int, height: int, scheme: str) -> None:
        """Changes the window and the light or dark preference of this browser."""
        self.page.set_viewport_size({"width": width, "height": height})
        wear(self.page, scheme == "dark")
        self.settle()

    def picture(self, name: str, *, both: bool = False) -> None:
        """Leaves what is on screen as a picture, and lets axe look at it; `both`: in light and dark."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.settle()
        self.page.mouse.move(0, 0)
        self.page.evaluate("() => document.activeElement.blur()")
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=False)
        self.eyes.both(self.page, name) if both else self.eyes.look(self.page, name)


@pytest.fixture
def eyes() -> Eyes:
    """What axe says about the screens of one test."""
    return Eyes()


@pytest.fixture
def open_browser(browser: Browser, studio: Studio, eyes: Eyes) -> Iterator[object]:
    """A function that opens a new person's browser: (width, scheme) -> Walker."""
    contexts = []

    def opened(width: int = 1440, scheme: str = "light", height: int = 900) -> Walker:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
        )  # type: ignore[arg-type]
        contexts.append(context)
        return Walker(context.new_page(), studio, eyes)

    yield opened
    for context in contexts:
        context.close()
