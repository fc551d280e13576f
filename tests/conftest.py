"""What every test stands on: no network, a workspace of its own, the real weights, a real browser."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chat_server import Provider
    from playwright.sync_api import Browser

    from studio.jobs.vectors import Vectors
    from studio.store import Store

REPO = Path(__file__).resolve().parents[1]
MODELS_VARIABLE = "YARDSTICK_MODELS"
MODELS_FOLDER = Path(os.environ.get(MODELS_VARIABLE) or REPO / ".cache" / "models")
OFFLINE = REPO / "tests" / "_offline"
BROWSERS = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def _go_offline() -> Path:
    """Refuse outbound connections here and in every Python started from here; returns the log of attempts."""
    sys.path.insert(0, str(OFFLINE))
    from refuse_outbound import LOG, refuse_outbound

    handle, log = tempfile.mkstemp(prefix="yardstick-outbound-", suffix=".log")
    os.close(handle)
    inherited = os.environ.get("PYTHONPATH")
    os.environ.update(
        {
            LOG: log,
            "PYTHONPATH": os.pathsep.join([str(OFFLINE), *([inherited] if inherited else [])]),
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
        }
    )
    refuse_outbound()
    return Path(log)


OUTBOUND_LOG = _go_offline()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """GPU tests are chosen by `make test` everywhere and skipped, in words, where there is none."""
    if shutil.which("nvidia-smi"):
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU on this machine"))


def pytest_unconfigure() -> None:
    OUTBOUND_LOG.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _no_outbound_attempt() -> Iterator[None]:
    """Fails a test that tried to leave the machine, also when the refusal was swallowed on the way."""
    before = OUTBOUND_LOG.stat().st_size
    yield
    with OUTBOUND_LOG.open(encoding="utf-8") as log:
        log.seek(before)
        if attempts := log.read().strip():
            pytest.fail(attempts, pytrace=False)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty folder for one studio."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which nothing was done: every store that is opened anew would make the same tables."""
    from studio.store import Store

    folder = tmp_path_factory.mktemp("blank") / "workspace"
    Store.open(folder).close()
    return folder


@pytest.fixture(scope="session")
def voted_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the closed round of `voted_round`, not to be written to: whoever writes makes a copy."""
    from voted_round import voted

    from studio.store import Store

    folder = tmp_path_factory.mktemp("voted") / "workspace"
    folder.mkdir()
    opened = Store.open(folder)
    voted(opened)
    opened.close()
    return folder


@pytest.fixture(scope="module")
def kept(voted_workspace: Path) -> Iterator[Store]:
    """The store on that workspace, to read."""
    from studio.store import Store

    opened = Store.open(voted_workspace)
    yield opened
    opened.close()


@pytest.fixture
def store(workspace: Path, blank: Path) -> Iterator[Store]:
    """The real store on an empty workspace."""
    from studio.store import Store

    shutil.copytree(blank, workspace, dirs_exist_ok=True)
    opened = Store.open(workspace)
    yield opened
    opened.close()


@pytest.fixture
def embedder(store: Store) -> Vectors:
    """A folder that stands for the embedder, and the cache of its vectors. No weights: nothing here loads it."""
    from studio.jobs.vectors import Vectors
    from studio.models.files import seal

    folder = store.workspace / "models" / "minilm"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    return Vectors.of(store.workspace, seal(folder, "minilm", "", "none").sha256)


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A server on this machine that speaks chat completions."""
    from chat_server import serving

    with serving() as found:
        yield found


@pytest.fixture(scope="session")
def models_cache() -> Iterator[Path]:
    """The bundled models, converted once on this machine; every workspace of the session finds them there."""
    from studio import models

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(MODELS_VARIABLE, str(MODELS_FOLDER))
        for bundled in models.bundled():
            models.fetch(bundled.name, REPO / "workspace")
        yield MODELS_FOLDER


@pytest.fixture(autouse=True)
def _models_only_where_asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test without `models_cache` starts on a machine without models, whichever test ran before it."""
    if "models_cache" not in request.fixturenames:
        monkeypatch.delenv(MODELS_VARIABLE, raising=False)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true")


def missing(reason: str) -> None:
    """A part this machine lacks: a skip that says so, and a failure in CI, where nothing may be lacking."""
    if in_ci():
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium from the system, with an empty profile and nothing but this machine to reach."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        missing("Chromium is not installed, so the browser tests did not run (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield opened
        opened.close()
