"""The resident model from the studio's side: asks it, starts it on first need, and again when it died.

The process itself is `studio.resident`. Here no model library is loaded and nothing waits for a model: while it wakes,
the answer is `waking`, and the same question is asked again later. Every question may be repeated.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from studio.jobs.local import is_running, worker_environment
from studio.jobs.vectors import WIDTH, Floats
from studio.records import Prompt, Refusal, to_json

NOTE, OWNER, LOG = "resident.json", "owner.json", "log.txt"
"""In its folder: who it is (pid, started, port, token), whose it is (pid, started), and what went wrong."""

WAKING = "waking"
_STARTS, _WITHIN_SECONDS = 3, 60.0
_TO_LISTEN_SECONDS, _SILENT_SECONDS = 60.0, 60.0
_ANSWER_SECONDS, _END_SECONDS = 5.0, 3.0
_TOO_OFTEN = (
    "The model's process stopped three times within a minute; most often memory is short. Your examples and what you "
    "typed are safe. Close other programs, then try again in a minute."
)
Reference = Mapping[str, str]


@dataclass(frozen=True)
class Reading:
    """How far it is with reading texts (making their vectors). `reason`: why it ended early, in a sentence."""

    running: bool = False
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class CheckingState:
    """How far it is with looking over a project (`name`: the state of the project that was asked about). `reason`: why
    it ended without an answer, in a sentence."""

    running: bool = False
    name: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class State:
    """`awake`: it listens. `models`: purpose (compares, writes) -> loading or ready. Memory in MB (2^20 bytes)."""

    awake: bool = False
    models: dict[str, str] = field(default_factory=dict)
    reading: Reading = Reading()
    checking: CheckingState = CheckingState()
    memory_mb: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What the model wrote to one prompt."""

    text: str
    tokens: int
    seconds: float


class Resident:
    """The one resident model of a workspace. Safe to share between threads; `of` gives it."""

    def __init__(self, workspace: Path) -> None:
        self._folder = workspace.resolve() / "resident"
        self._lock = threading.Lock()
        self._starts: deque[float] = deque(maxlen=_STARTS)
        self._process: subprocess.Popen[bytes] | None = None
        self._silent_since: float | None = None

    # -- what can be asked ---------------------------------------------------------------------

    def embed(self, model: Reference, texts: Sequence[str]) -> Floats | None:
        """One normalised vector a text, shape (texts, 384); None while it wakes. Raises Refusal when it cannot be
        had."""
        told = self._ask("embed", model=dict(model), texts=list(texts))
        if told["state"] == WAKING:
            return None
        return np.frombuffer(base64.b64decode(told["vectors"]), np.float32).reshape(-1, WIDTH)

    def answer(
        self, model: Reference, prompt: Prompt, arm: Mapping[str, str], decoding: Mapping[str, Any]
    ) -> Answer | None:
        """What the model writes to `prompt` as `arm` (the fields of `ArmSpec`) with `decoding`; None while it wakes or
        writes. Raises Refusal when it cannot be had."""
        told = self._ask("answer", model=dict(model), prompt=to_json(prompt), arm=dict(arm), decoding=dict(decoding))
        return None if told["state"] == WAKING else Answer(told["text"], told["tokens"], told["seconds"])

    def read(self, model: Reference, texts: Path, into: Path) -> bool:
        """Makes the vectors of a file of texts (JSON lines, one string each) in the background, into the cache in the
        folder `into`, and takes the file away. False while it wakes. Raises Refusal when it reads already."""
        return bool(self._ask("read", model=dict(model), texts=str(texts), into=str(into))["state"] != WAKING)

    def stop_reading(self) -> None:
        self._ask("stop_reading", wake=False)

    def check(self, name: str, look: Path, into: Path) -> bool:
        """Has a project looked over by `studio.checkup_background`. False while it wakes: ask again. Raises Refusal
        when one is looked over already."""
        told = self._ask("check", name=name, look=str(look), into=str(into))
        return bool(told["state"] != WAKING)

    def stop_checking(self) -> None:
        self._ask("stop_checking", wake=False)

    def state(self, *, wake: bool = False) -> State:
        """How it stands. `wake` starts the process when there is none; its models load when they are asked for."""
        told = self._ask("state", wake=wake)
        if told["state"] == WAKING:
            return State()
        return State(
            True, told["models"], Reading(**told["reading"]), CheckingState(**told["checking"]), told["memory_mb"]
        )

    def make_room(self) -> None:
        """Ends it: all of its memory is back when this returns. The next question starts it again."""
        with self._lock:
            self._end()
            self._starts.clear()

    # -- the process ---------------------------------------------------------------------------

    def _ask(self, kind: str, *, wake: bool = True, **fields: Any) -> dict[str, Any]:
        """The answer of the process, or {"state": "waking"} when there is none yet (`wake` starts it then)."""
        note = self._note()
        told = None if note is None else self._told(note, {"ask": kind, "token": note["token"], **fields})
        if told is None:
            if wake:
                with self._lock:
                    self._start_if_gone()
            return {"state": WAKING}
        if "refused" in told:
            raise Refusal(told["refused"])
        return told

    def _told(self, note: dict[str, Any], question: dict[str, Any]) -> dict[str, Any] | None:
        """One question, one answer, each a line of JSON. None when the process died of it or is too busy to say."""
        try:
            with socket.create_connection(("127.0.0.1", note["port"]), _ANSWER_SECONDS) as line:
                line.sendall(json.dumps(question).encode() + b"\n")
                with line.makefile("rb") as heard:
                    told = json.loads(heard.readline())
        except TimeoutError:
            self._silent(note)
            return None
        except (OSError, ValueError):
            return None
        self._silent_since = None
        return dict(told)

    def _silent(self, note: dict[str, Any]) -> None:
        """One that says nothing for a minute hangs: it is ended, and started again by whoever asks next."""
        now = time.monotonic()
        self._silent_since = self._silent_since or now
        if now - self._silent_since > _SILENT_SECONDS:
            with self._lock:
                _kill(note)
            self._silent_since = None

    def _note(self) -> dict[str, Any] | None:
        """What the living process wrote of itself, or None."""
        try:
            note = json.loads((self._folder / NOTE).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return dict(note) if is_running(note["pid"], note["started"]) else None

    def _start_if_gone(self) -> None:
        """Starts the process unless it lives. Raises Refusal when it died too often, or when the system gives none."""
        if self._note() is not None:
            self._own()
            return
        now = time.monotonic()
        if self._process is not None and self._process.poll() is None:
            if now - self._starts[-1] < _TO_LISTEN_SECONDS:
                return
            self._process.kill()
            self._process.wait()
        if len(self._starts) == _STARTS and now - self._starts[0] < _WITHIN_SECONDS:
            raise Refusal(_TOO_OFTEN)
        self._starts.append(now)
        try:
            self._launch()
        except OSError as error:
            raise Refusal(
                f"The model's process could not be started ({error.strerror or error}). Your examples and what you "
                "typed are safe. Close other programs or free some disk space, then try again."
            ) from error

    def _launch(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._own()
        with (self._folder / LOG).open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "studio.worker", "--serve", str(self._folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=worker_environment(),
            )  # fmt: skip

    def _own(self) -> None:
        """Says that this studio is the one it works for: it ends some time after its owner has."""
        owner = {"pid": os.getpid(), "started": psutil.Process().create_time()}
        path = self._folder / OWNER
        with contextlib.suppress(FileNotFoundError, ValueError):
            if json.loads(path.read_bytes()) == owner:
                return
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(owner), encoding="utf-8")
        fresh.replace(path)

    def _end(self) -> None:
        note = self._note()
        if note is not None:
            self._told(note, {"ask": "stop", "token": note["token"]})
            until = time.monotonic() + _END_SECONDS
            while is_running(note["pid"], note["started"]) and time.monotonic() < until:
                time.sleep(0.02)
            _kill(note)
        if self._process is not None:
            if note is None:
                self._process.kill()
            self._process.wait()
            self._process = None


def _kill(note: dict[str, Any]) -> None:
    """Ends the process of a note and waits for it, if it is still that one. It keeps nothing that could be lost."""
    if is_running(note["pid"], note["started"]):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            process = psutil.Process(note["pid"])
            process.kill()
            process.wait(_END_SECONDS)


_ALL: dict[Path, Resident] = {}
_ALL_LOCK = threading.Lock()


def of(workspace: Path) -> Resident:
    """The resident model of a workspace: one for all threads of this process."""
    with _ALL_LOCK:
        return _ALL.setdefault(workspace.resolve(), Resident(workspace))
