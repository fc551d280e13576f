"""What `pip install` of the built wheel gives: the studio with its pages, demo data and configuration.

The install asks the package registry (uv is not Python, so the offline rule of the other tests does not
see it); everything before and after runs without a network.
"""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel

REPO = Path(__file__).resolve().parents[1]
READY_SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with the pinned hatchling of this environment, so that no build tool is fetched."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(REPO)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = out.glob("yardstick-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a new environment that holds the wheel, at the pinned versions."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    install = ["pip", "install", "--quiet", "--python", str(venv / "bin" / "python"), str(wheel)]
    subprocess.run([*uv, *install, "--constraints", str(REPO / "constraints.txt")], check=True)
    return venv / "bin"


@dataclass(frozen=True)
class Served:
    """A running studio: the address it printed, with its one-time token, and its process."""

    address: str
    process: subprocess.Popen[str]

    @property
    def origin(self) -> str:
        parts = urllib.parse.urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"


@pytest.fixture(scope="module")
def served(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`studio serve` from a folder outside the repository, ended by its process id."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    log = elsewhere / "log.txt"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [str(installed / "studio"), "serve", "--workspace", "workspace", "--port", "0"],
            cwd=elsewhere,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Served(_printed_address(process, log), process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _printed_address(process: subprocess.Popen[str], log: Path) -> str:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"http://\S+token=\S+", log.read_text(encoding="utf-8")):
            return found.group()
        time.sleep(0.1)
    pytest.fail(f"studio serve printed no address:\n{log.read_text(encoding='utf-8')}")


def _get(opener: urllib.request.OpenerDirector, url: str) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with opener.open(request, timeout=30) as answer:
        return answer.status, answer.read().decode()


def test_the_wheel_carries_pages_data_configuration_and_licences(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    pages = {f"studio/_pages/{page.name}" for page in (REPO / "pages").glob("*.py")}
    guides = {f"studio/_docs/guides/{page.name}" for page in (REPO / "docs" / "guides").glob("*.md")}
    demos = {f"studio/_data/{name}/examples.jsonl" for name in ("support-replies", "ticket-triage")}
    assert pages and pages <= names
    assert demos <= names
    assert guides and guides <= names and "studio/_docs/screenshots/review.png" in names
    assert "studio/_streamlit/config.toml" in names
    assert {name.rsplit("/", 1)[-1] for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert not [name for name in names if name.startswith(("tests/", "pages/", "data/")) or "/.cache/" in name]


def test_the_installed_command_names_itself_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    shown = subprocess.run([installed / "studio", "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert "serve" in shown.stdout


def test_an_anonymous_visitor_gets_the_sign_in_page(served: Served) -> None:
    status, page = _get(urllib.request.build_opener(), served.origin + "/sign-in")
    assert status == 200
    assert "Sign in" in page and "Yardstick" in page


def test_the_printed_address_opens_the_first_page(served: Served) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    status, form = _get(opener, served.address)
    assert (status, "Welcome to Yardstick" in form) == (200, True)
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(served.address).query)["token"][0]
    sent = urllib.parse.urlencode({"token": token, "name": "First Admin"}).encode()
    join = urllib.request.Request(served.origin + "/sign-in", data=sent, headers={"Origin": served.origin})
    with opener.open(join, timeout=30) as answer:
        assert (answer.status, answer.url) == (200, served.origin + "/")
        assert '<div id="root">' in answer.read().decode()
    assert "For the engineer" in _get(opener, served.origin + "/guide/engineer")[1]


def test_it_runs_the_installed_code_not_the_repository(installed: Path, tmp_path: Path) -> None:
    script = "import studio; from studio import paths; print(studio.__file__, paths.pages_dir(), paths.data_dir())"
    shown = subprocess.run(
        [installed / "python", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=True,
    )
    assert all(str(installed.parent) in place for place in shown.stdout.split())
