"""Start-up: how soon the first page is there, and how light the process that serves it is.

    python benchmarks/startup.py [--runs N]

Starts `studio serve` on a fresh workspace N times (default 3), signs in with the printed address in a real
Chromium and prints the slowest of the runs beside each promise. Exits with 1 when one is not kept. The times
start when the command starts; the first page counts as there when Streamlit has finished running it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, fields
from pathlib import Path

import psutil
from playwright.sync_api import Browser, sync_playwright

PROMISES = {"answers": 2.0, "first_page": 4.0, "memory_mb": 350.0, "torch_libraries": 0.0}
WORDS = {
    "answers": "first health answer, s",
    "first_page": "first page in a browser, s",
    "memory_mb": "server memory after it, MB",
    "torch_libraries": "torch libraries in the server",
}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
READY = "[data-testid=stApp][data-test-script-state=notRunning]"
LIMIT_SECONDS = 60


@dataclass(frozen=True)
class Measured:
    """One start: seconds to the first answer and to the first page, MB resident, libtorch files mapped."""

    answers: float
    first_page: float
    memory_mb: float
    torch_libraries: float


def printed_address(log: Path, process: subprocess.Popen[bytes], until: float) -> str:
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"http://\S+token=\S+", log.read_text(encoding="utf-8")):
            return found.group()
        time.sleep(0.02)
    raise SystemExit(f"studio serve printed no address:\n{log.read_text(encoding='utf-8')}")


def wait_until_healthy(origin: str, until: float) -> None:
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{origin}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except urllib.error.URLError:
            time.sleep(0.02)
    raise SystemExit("studio serve gave no health answer.")


def open_first_page(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.fill("#name", "Bench")
    page.click("button")
    page.wait_for_selector("[data-testid=stMain] h1", timeout=LIMIT_SECONDS * 1000)
    page.wait_for_selector(READY, timeout=LIMIT_SECONDS * 1000)


def torch_libraries(pid: int) -> int:
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    return len({line.split()[-1] for line in maps.splitlines() if "libtorch" in line})


def measure(browser: Browser) -> Measured:
    with tempfile.TemporaryDirectory(prefix="yardstick-startup-") as folder:
        log = Path(folder) / "log.txt"
        started = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "studio.cli", "serve", "--workspace", f"{folder}/workspace", "--port", "0"],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            address = printed_address(log, process, started + LIMIT_SECONDS)
            wait_until_healthy(address.split("/sign-in")[0], started + LIMIT_SECONDS)
            answers = time.monotonic() - started
            open_first_page(browser, address)
            first_page = time.monotonic() - started
            memory = psutil.Process(process.pid).memory_info().rss / 2**20
            return Measured(answers, first_page, memory, torch_libraries(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=LIMIT_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description="How soon the first page is there, and how light the server is.")
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("Chromium is not installed, so the first page cannot be timed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        measured = [measure(browser) for _ in range(runs)]
        browser.close()
    print(f"{'':32}{'median':>10}{'slowest':>10}{'promised':>10}")
    kept = True
    for name in (field.name for field in fields(Measured)):
        values = sorted(getattr(run, name) for run in measured)
        kept = kept and values[-1] <= PROMISES[name]
        print(f"{WORDS[name]:32}{values[len(values) // 2]:10.2f}{values[-1]:10.2f}{PROMISES[name]:>10.0f}")
    print(f"{runs} starts; {'every promise kept' if kept else 'a promise was not kept'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
