"""The job folder: all that the studio and a worker share, on any machine that sees the same files.

spec.json      what to do, frozen before the start
inputs/        frozen copies of the rows
events.jsonl   appended by the worker: state, progress, loss, sample, warning
outputs.jsonl  appended by a generate job, one line an output
shown.json     what a pre-flight shows before the start, with examples' texts
checkpoints/   written beside, then renamed
cancel         its presence asks the worker to stop
worker.json    {pid, started} of the worker
ray.json       which cluster the job was handed to and its name there; absent for a job of this machine
waiting.json   what the job waits for, while it waits
device.json    which device of this machine the job has
log.txt        what the worker printed, tracebacks included
result.json    written last and at once; its presence means that the job ended
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio.records import Prompt, Refusal, Turn, from_json, to_json

_ELSEWHERE_SAFE = "Everything outside this job is safe. Start a new job."
EVENT_KINDS = ("state", "progress", "loss", "sample", "warning")
_NEAR_THE_END = 2**14  # bytes
RAY_NOTE, WAITING = "ray.json", "waiting.json"
"""Notes of a backend: where it sent the job, and {what} the job waits for."""
DEVICE = "device.json"
"""The note of which {device} of this machine the job has."""


@dataclass(frozen=True)
class Lines:
    """Complete lines of a JSONL file and the byte offset after the last of them: read on from there."""

    rows: tuple[dict[str, Any], ...]
    offset: int


def new_id() -> str:
    """An opaque job id: it says nothing of the project or the arm, and is safe as a file name."""
    return secrets.token_hex(8)


def jsonl(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as UTF-8 lines of JSON, for `inputs`."""
    return b"".join(_line(row) for row in rows)


def prompt_row(name: str, prompt: Prompt) -> dict[str, Any]:
    """A prompt as a row of a job: id and input, and earlier and system where there are any."""
    around = {"earlier": to_json(prompt.earlier), "system": prompt.system}
    return {"id": name, "input": prompt.input} | {key: value for key, value in around.items() if value}


def prompt(row: Mapping[str, Any]) -> Prompt:
    """The prompt of such a row."""
    earlier = tuple(from_json(Turn, turn) for turn in row.get("earlier", ()))
    return Prompt(row["input"], earlier, row.get("system", ""))


def create(folder: Path, spec: Mapping[str, Any], inputs: Mapping[str, bytes] | None = None) -> Path:
    """Make a job folder whole or not at all. `inputs`: file name -> content, laid under `inputs/`.

    Raises Refusal when the folder is there already, or when the disk is full (nothing is left behind then).
    """
    if folder.exists():
        raise Refusal(f"The job {folder.name} is there already. It was left as it is. Start a new one.")
    part = folder.with_name(f"{folder.name}.part")
    try:
        (part / "inputs").mkdir(parents=True)
        for name, content in (inputs or {}).items():
            if Path(name).name != name:
                raise ValueError(f"an input's name is a plain file name, not {name!r}")
            _write_synced(part / "inputs" / name, content)
        _write_synced(part / "spec.json", _pretty(spec))
        part.rename(folder)
    except OSError as error:
        _remove(part)
        raise Refusal(
            f"The job could not be prepared ({error.strerror}). Nothing was started and nothing is lost. "
            "Free some disk space, then start it again."
        ) from error
    sync_folder(folder.parent)
    return folder


def read_spec(folder: Path) -> dict[str, Any]:
    """The frozen spec. Raises Refusal when it is missing or damaged."""
    return _read_object(folder / "spec.json", f"The job {folder.name} has no readable spec.json.")


def read_rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """All rows of an input file that the spec names (relative to the folder). Raises Refusal."""
    path = folder / name
    if not path.is_file():
        raise Refusal(f"The job {folder.name} lacks its file {name}. Nothing else was changed. Start a new job.")
    return list(read_lines(path).rows)


def append(folder: Path, kind: str, **fields: Any) -> None:
    """Append one event, by one write that no reader can see half of within a line's length."""
    if kind not in EVENT_KINDS:
        raise ValueError(f"unknown kind of event {kind!r}")
    append_lines(folder / "events.jsonl", [{"at": datetime.now(UTC).isoformat(), "kind": kind, **fields}])


def read_events(folder: Path, after: int = 0) -> Lines:
    """Events from byte `after` on. A last line still being written waits for the next call."""
    return read_lines(folder / "events.jsonl", after)


def last_event(folder: Path, kind: str) -> dict[str, Any] | None:
    """The newest event of a kind, or None. Sought from the end of the file: those of a long run are many, and it is
    asked for each second. Raises Refusal for a damaged line on the way."""
    path, reach = folder / "events.jsonl", _NEAR_THE_END
    while path.exists():
        start = max(0, path.stat().st_size - reach)
        # From the first line that begins there.
        with path.open("rb") as file:
            file.seek(start)
            after = start + len(file.readline()) if start else 0
        rows = read_lines(path, after).rows
        if found := next((row for row in reversed(rows) if row.get("kind") == kind), None):
            return found
        if not start:
            return None
        reach *= 16
    return None


def append_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append rows by a single write. Raises OSError when the disk takes only a part of them."""
    content = jsonl(rows)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        written = os.write(handle, content)
        if written != len(content):
            os.write(handle, content[written:])
    finally:
        os.close(handle)


def read_lines(path: Path, after: int = 0) -> Lines:
    """Complete lines from byte `after` on; none when there is no such file yet.

    Raises Refusal for a damaged line before the last: only an incomplete last line is normal.
    """
    try:
        with path.open("rb") as file:
            file.seek(after)
            content = file.read()
    except FileNotFoundError:
        return Lines((), after)
    complete = content[: content.rfind(b"\n") + 1]
    try:
        rows = tuple(_object(line) for line in complete.splitlines())
    except ValueError as error:
        raise Refusal(
            f"The file {path.name} of job {path.parent.name} is damaged. The examples and votes are kept elsewhere "
            "and are safe. Start a new job."
        ) from error
    return Lines(rows, after + len(complete))


def drop_incomplete_line(path: Path) -> None:
    """Cut off a last line that a killed worker left unfinished, so that the next append starts a new one."""
    if path.exists():
        os.truncate(path, read_lines(path).offset)


def write_result(folder: Path, result: Mapping[str, Any]) -> None:
    """Write result.json at once: to a temporary file, fsync, rename."""
    part = folder / "result.json.part"
    _write_synced(part, _pretty(result))
    part.replace(folder / "result.json")
    sync_folder(folder)


def write_shown(folder: Path, shown: Mapping[str, Any]) -> None:
    """Write shown.json: what people look at before they accept; too much, and too personal, for the result."""
    _write_synced(folder / "shown.json", _pretty(shown))


def read_shown(folder: Path) -> dict[str, Any]:
    """What `write_shown` wrote. Raises Refusal when it is gone or damaged."""
    return _read_object(folder / "shown.json", f"What job {folder.name} has shown is gone or damaged.")


def read_result(folder: Path) -> dict[str, Any] | None:
    """The result, or None while the job has none. Raises Refusal when it is damaged."""
    if not (folder / "result.json").exists():
        return None
    sentence = f"The result of job {folder.name} is damaged."
    result = _read_object(folder / "result.json", sentence)
    if result.get("state") not in ("done", "failed", "cancelled"):
        raise Refusal(f"{sentence} {_ELSEWHERE_SAFE}")
    return result


def ask_cancel(folder: Path) -> None:
    """Ask the worker to stop at its next step; what it has finished stays."""
    (folder / "cancel").touch()


def cancel_asked(folder: Path) -> bool:
    return (folder / "cancel").exists()


def reopen(folder: Path) -> None:
    """Make an ended job startable again: its result and cancel request go, all that it had finished stays.

    Raises Refusal when the job is done: there is nothing left to do.
    """
    result = read_result(folder)
    if result is not None and result["state"] == "done":
        raise Refusal(f"The job {folder.name} is done already. Its result was left as it is. Start a new job.")
    for name in ("cancel", "result.json", "worker.json", RAY_NOTE, WAITING):
        (folder / name).unlink(missing_ok=True)


def write_worker(folder: Path, pid: int, started: float) -> None:
    """Note which process works on this job: its pid and start time (seconds since the epoch)."""
    write_note(folder, "worker.json", {"pid": pid, "started": started})


def read_worker(folder: Path) -> tuple[int, float] | None:
    """(pid, start time in seconds since the epoch) of the worker, or None before it started."""
    noted = read_note(folder, "worker.json", "pid", "started")
    try:
        return (int(noted["pid"]), float(noted["started"])) if noted else None
    except (TypeError, ValueError) as error:
        raise Refusal(f"The note worker.json of job {folder.name} is damaged. {_ELSEWHERE_SAFE}") from error


def write_note(folder: Path, name: str, note: Mapping[str, Any]) -> None:
    """Write a small file of JSON at once. Raises OSError when the disk refuses."""
    part = folder / f"{name}.{os.getpid()}"
    _write_synced(part, _pretty(note))
    part.replace(folder / name)


def read_note(folder: Path, name: str, *keys: str) -> dict[str, Any] | None:
    """Such a file, or None where there is none. Raises Refusal when it is damaged or lacks one of `keys`."""
    if not (folder / name).exists():
        return None
    sentence = f"The note {name} of job {folder.name} is damaged."
    note = _read_object(folder / name, sentence)
    if not note.keys() >= set(keys):
        raise Refusal(f"{sentence} {_ELSEWHERE_SAFE}")
    return note


def _object(line: bytes) -> dict[str, Any]:
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("a line is one JSON object")
    return value


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _pretty(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _read_object(path: Path, sentence: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Refusal(f"{sentence} {_ELSEWHERE_SAFE}") from error
    if not isinstance(value, dict):
        raise Refusal(f"{sentence} {_ELSEWHERE_SAFE}")
    return value


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """fsync a folder, so that a rename in it stays. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(part: Path) -> None:
    for name in sorted(part.rglob("*"), reverse=True):
        name.rmdir() if name.is_dir() else name.unlink()
    if part.exists():
        part.rmdir()
