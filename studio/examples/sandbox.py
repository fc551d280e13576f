"""Parses a file nobody vouches for in its own short-lived process, so that it can harm nothing but itself.

The child (`python -m studio.examples.sandbox`) limits its own memory, CPU time and file size before it
touches the file, and hands the batch back as JSON. It opens no database of ours and gets no environment of ours.
It is a limit on resources and crashes, not a jail: the child can still read what this user can read.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import studio
from studio.examples.batch import LIMITS, Limits, ParsedBatch, Told, batch_from_json, batch_to_json, nobody
from studio.examples.shapes import ColumnsUnclear
from studio.records import Refusal, from_json, to_json

_LOOK_S = 0.2
_SAFE = "Nothing was imported and nothing else was affected"


def parse_untrusted(
    path: Path,
    *,
    name: str,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    limits: Limits = LIMITS,
    told: Told = nobody,
) -> ParsedBatch:
    """`studio.examples.parse.parse_file` in a process of its own. Any failure there is a Refusal here.

    `told` is called here about five times a second with the share that is done; what it raises stops the reading.
    """
    order = {"name": name, "format": format, "mapping": dict(mapping or {})}
    return batch_from_json(apart("examples", path, order, limits, told)["batch"])


def apart(
    what: str, path: Path, order: Mapping[str, Any], limits: Limits = LIMITS, told: Told = nobody
) -> dict[str, Any]:
    """What the child says of a file that is read as `what` ("examples", "document" or "project"), as `order` tells."""
    with tempfile.TemporaryDirectory(prefix="studio-import-") as folder:
        ask, answer, log, share = (Path(folder) / n for n in ("ask.json", "answer.json", "log.txt", "share"))
        asked = {**order, "what": what, "path": str(path.resolve()), "limits": to_json(limits)}
        ask.write_text(json.dumps(asked))
        _run([ask, answer, share], log, limits, told)
        return _answer(answer)


def _run(files: list[Path], log: Path, limits: Limits, told: Told) -> None:
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "studio.examples.sandbox", *map(str, files)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=_environment(),
            cwd=log.parent,
            start_new_session=True,
        )
        try:
            code = _wait(child, files[-1], limits, told)
        finally:
            child.kill()
            child.wait()
    if code == -signal.SIGXCPU:
        raise Refusal(_too_slow(limits))
    if code != 0:
        raise Refusal(f"This file made its reader stop: it is damaged or needs too much memory. {_SAFE}.")


def _wait(child: subprocess.Popen[bytes], share: Path, limits: Limits, told: Told) -> int:
    """The exit code. Raises Refusal when the wall time is over."""
    until = time.monotonic() + limits.wall_seconds
    while (left := until - time.monotonic()) > 0:
        try:
            return child.wait(min(_LOOK_S, left))
        except subprocess.TimeoutExpired:
            told(_share(share))
    raise Refusal(_too_slow(limits))


def _share(file: Path) -> float:
    """What the child wrote last. A child that was taken over may write anything: that shows as nothing done."""
    try:
        share = float(file.read_text()[:20])
    except (OSError, ValueError):
        return 0.0
    return share if 0 <= share <= 1 else 0.0


def _too_slow(limits: Limits) -> str:
    return (
        f"Reading this file took longer than {min(limits.wall_seconds, limits.cpu_seconds):g} seconds and was stopped. "
        f"{_SAFE}: split it into smaller files."
    )


def _environment() -> dict[str, str]:
    """What the child needs to find the same code, and no more. One thread each: pools reserve address space."""
    root = str(Path(studio.__file__).resolve().parents[1])
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    return {"PYTHONPATH": root, "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"} | threads


def _answer(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError) as lost:
        raise Refusal(f"The result of reading this file was lost, perhaps the disk is full. {_SAFE}.") from lost
    if "columns" in said:
        raise ColumnsUnclear(said["refusal"], tuple(said["columns"]))
    if "refusal" in said:
        raise Refusal(said["refusal"])
    return dict(said)


def limit_memory(limits: Limits) -> None:
    """From here on this process gets no more memory than `limits` allow."""
    import resource

    if sys.platform == "linux":  # elsewhere the system does not keep to it; the other limits hold
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))


def _limit_self(limits: Limits) -> None:
    import resource

    limit_memory(limits)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (8 * limits.unpacked_bytes, 8 * limits.unpacked_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(ask: Path, answer: Path, share: Path) -> None:
    """The child: reads the order, limits itself, parses, writes {"batch": ...} or {"refusal": ...}.

    Meanwhile `share` holds how much is done.
    """
    order = json.loads(ask.read_text())
    limits = from_json(Limits, order["limits"])
    _limit_self(limits)
    gc.disable()  # everything read is kept until the end, which is near
    try:
        text = json.dumps(_READS[order["what"]](order, limits, lambda done: _tell(share, done)))
    except ColumnsUnclear as unclear:
        text = json.dumps({"refusal": str(unclear), "columns": unclear.columns})
    except Refusal as refusal:
        text = json.dumps({"refusal": str(refusal)})
    except MemoryError:
        text = json.dumps(
            {"refusal": f"This file needs more memory than an import may take. {_SAFE}: split it into smaller files."}
        )
    answer.write_text(text)


def _examples(order: Mapping[str, Any], limits: Limits, told: Told) -> dict[str, Any]:
    from studio.examples.parse import parse_file

    batch = parse_file(
        Path(order["path"]), name=order["name"], format=order["format"], mapping=order["mapping"] or None,
        limits=limits, told=told,
    )  # fmt: skip
    return {"batch": batch_to_json(batch)}


def _document(order: Mapping[str, Any], limits: Limits, told: Told) -> dict[str, Any]:
    from studio.documents import reading

    return reading.told(Path(order["path"]), order["name"])


def _project(order: Mapping[str, Any], limits: Limits, told: Told) -> dict[str, Any]:
    from studio.project_file import reading

    return reading.told(Path(order["path"]), Path(order["folder"]), limits)


_READS: dict[str, Callable[[Mapping[str, Any], Limits, Told], dict[str, Any]]] = {
    "examples": _examples, "document": _document, "project": _project,
}  # fmt: skip


def _tell(file: Path, done: float) -> None:
    part = file.with_suffix(".part")
    part.write_text(f"{done:.4f}")
    part.replace(file)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
