"""Whether a page can be read and used by everybody: axe-core on what is on screen, its width, and the keyboard alone.

axe finds what a machine can find (contrast, names, roles, order of headings), which is some half of the rules of WCAG
2.2. It does not say that a page is pleasant to listen to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

NOT_OURS = {
    ("presentation-role-conflict", 'data-testid="stFileUploaderDropzone"'): "Streamlit's field for files is a section "
    "without a role that has a name all the same; its button inside is reached and named.",
    ("region", 'id="stFloatingOverlayPortal"'): "Streamlit hangs what floats (popovers, help) beside its landmarks.",
}
"""Violations in Streamlit's own markup: (rule of axe, part of the element's HTML) -> why it stands."""
FLEETING = {("region", 'id="stFloatingOverlayPortal"')}
"""Those that stand only while something floats over the page, which a walk meets by chance."""

_RUN = """async rules => {
  const only = rules.length ? {runOnly: {type: "rule", values: rules}} : {};
  const found = await axe.run(document, {resultTypes: ["violations"], ...only});
  return found.violations.flatMap(v => v.nodes.map(n => ({
    rule: v.id, impact: v.impact, html: n.html, said: n.failureSummary.split("\\n").slice(1).join(" ").trim()})));
}"""
_OPEN = """on => document.querySelectorAll("[data-testid=stMain] details")
  .forEach(each => { if (on ? !each.open : each.dataset.axe) {
    each.open = on; if (on) each.dataset.axe = "1"; else delete each.dataset.axe; } })"""
_WIDTH = """() => Math.max(document.documentElement.scrollWidth,
  document.querySelector("[data-testid=stMain]")?.scrollWidth ?? 0) - innerWidth"""
_FOCUS = """() => { const e = document.activeElement, s = getComputedStyle(e);
  return {text: ["BUTTON", "A"].includes(e.tagName) ? e.innerText : "",
    seen: (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1) || s.boxShadow !== "none"}; }"""
_WEARS = """dark => { const app = document.querySelector("[data-testid=stApp]");
  if (!app) return true;
  const words = [app, ...document.querySelectorAll("[data-testid=stSidebarNavLink] p")];
  const pale = e => getComputedStyle(e).color.match(/[0-9.]+/g).slice(0, 3).every(part => part > 127);
  return app.dataset.testScriptState === "notRunning" && words.every(each => pale(each) === dark); }"""

_STILL = """() => { const before = window.yardstickColours;
  const colours = e => { const s = getComputedStyle(e); return s.color + s.backgroundColor; };
  window.yardstickColours = [...document.body.querySelectorAll("*")].map(colours).join();
  return window.yardstickColours === before && !document.getAnimations().some(a => a instanceof CSSTransition); }"""
"""Asked twice: whether every colour is as it was the time before."""


@dataclass
class Eyes:
    """What axe said about every screen that a walk came to."""

    problems: list[str] = field(default_factory=list)
    stands: set[tuple[str, str]] = field(default_factory=set)

    def look(self, page: Page, screen: str, *rules: str) -> None:
        """Runs axe on what is on screen, closed parts included; `rules`: only these, and all of them for none."""
        if not page.evaluate("() => Boolean(window.axe)"):
            page.evaluate(AXE_SCRIPT)
        page.evaluate(_OPEN, True)
        found: list[dict[str, Any]] = page.evaluate(_RUN, list(rules))
        if (over := page.evaluate(_WIDTH)) > 0:
            self.problems.append(f"{screen}: {over} pixels wider than the window")
        page.evaluate(_OPEN, False)
        for each in found:
            stands = {(rule, part) for rule, part in NOT_OURS if rule == each["rule"] and part in each["html"]}
            self.stands |= stands
            if not stands:
                self.problems.append(f"{screen}: {each['impact']} {each['rule']}, {each['html'][:200]}: {each['said']}")

    def both(self, page: Page, screen: str) -> None:
        """All rules on the page as it is, and its contrast in the other of light and dark."""
        self.look(page, screen)
        dark = page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches")
        wear(page, not dark)
        self.look(page, f"{screen}, {'light' if dark else 'dark'}", "color-contrast")
        wear(page, dark)

    def unneeded(self) -> set[tuple[str, str]]:
        """Exceptions that no screen needed, but for those that come and go."""
        return set(NOT_OURS) - FLEETING - self.stands


def wear(page: Page, dark: bool) -> None:
    """Light or dark, and all of a page of the studio in it: its words change a moment after its ground."""
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.wait_for_function(_WEARS, arg=dark)
    page.wait_for_function(_STILL, polling=100)


def tab_to(page: Page, name: str, within: int = 150) -> str:
    """Presses Tab until the control `name` has the focus; what is wrong with that, or ""."""
    for _ in range(within):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUS)
        if name.casefold() in at["text"].casefold():
            return "" if at["seen"] else f"“{name}” has the focus, and nobody sees it"
    return f"Tab does not reach “{name}” in {within} steps"
