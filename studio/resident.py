"""The resident model process: keeps one base model and the embedder warm for what a person waits for.

`python -m studio.worker --serve FOLDER` listens on a loopback port of its own choice and writes it into the folder's
`resident.json` (mode 0600) with a token that every question must carry. A question is a line of JSON, so is its answer:
what was asked, {"state": "waking"} while that takes, or {"refused": sentence}. Whoever was told "waking" asks the same
again; so a process that was killed and started anew answers as if nothing had happened.

It ends when nobody asked for ten minutes, and when the studio that owns it has ended for good: only the end of a
process gives all of its memory back, and it is awake again for a search in a second.
"""

from __future__ import annotations

import base64
import fcntl
import hmac
import json
import os
import secrets
import socketserver
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from studio.checkup_background import Looking
from studio.jobs.local import is_running
from studio.jobs.resident import NOTE, OWNER, WAKING
from studio.records import Decoding, Prompt, Refusal, canonical, from_json, sha256
from studio.warm import ReadingTexts, Warm

IDLE_SECONDS = 600.0
_ORPHANED_SECONDS = 20.0
_LINE_BYTES = 16 * 2**20
_MOST_TEXTS, _MOST_ANSWERS, _MOST_WAITING = 256, 64, 8
_FAULT = (
    "The model's process met a fault of ours. Your examples and what you typed are safe. Try again; the details are in "
    "resident/log.txt of the workspace."
)
_WAIT = {"state": WAKING}
Told = dict[str, Any]


class Service:
    """What can be asked, each by a method that answers at once."""

    def __init__(self, warm: Warm) -> None:
        self._warm = warm
        self._reading = ReadingTexts()
        self._looking = Looking()
        self._answers: OrderedDict[str, Told] = OrderedDict()
        self._lock = threading.Lock()
        self.asked_at = time.monotonic()
        self.stop = threading.Event()
        self._kinds: dict[str, Callable[[Told], Told]] = {
            "state": self._state, "embed": self._embed, "answer": self._answer, "read": self._read,
            "stop_reading": self._stop_reading, "check": self._check, "stop_checking": self._stop_checking,
            "stop": self._stop,
        }  # fmt: skip

    def tell(self, question: Told) -> Told:
        """The answer to a question whose token was right. Never raises."""
        try:
            kind = self._kinds.get(question.get("ask", ""))
            if kind is None:
                raise Refusal(f"The model's process does not know the question {question.get('ask')!r}.")
            if question["ask"] in ("embed", "answer", "read", "check"):
                self.asked_at = time.monotonic()
            return kind(question)
        except Refusal as refusal:
            return {"refused": str(refusal)}
        except Exception:
            traceback.print_exc()
            return {"refused": _FAULT}

    def idle(self, seconds: float) -> bool:
        """Whether nobody needed a model for so long."""
        busy = self._reading.told()["running"] or self._looking.told()["running"]
        return not busy and time.monotonic() - self.asked_at > seconds

    def _state(self, question: Told) -> Told:
        memory = round(psutil.Process().memory_info().rss / 2**20, 1)
        return {
            "state": "ready",
            "models": self._warm.states(),
            "reading": self._reading.told(),
            "checking": self._looking.told(),
            "memory_mb": memory,
        }

    def _embed(self, question: Told) -> Told:
        texts = question["texts"]
        if len(texts) > _MOST_TEXTS:
            raise Refusal(f"At most {_MOST_TEXTS} texts can be compared at once. Nothing was done.")
        slot = self._warm.slot("compares", question["model"])
        if not slot.ready():
            return _WAIT
        with slot.lock:
            vectors = slot.model.vectors(texts)
        return {"state": "ready", "vectors": base64.b64encode(vectors.tobytes()).decode()}

    def _answer(self, question: Told) -> Told:
        """Begins to write, or says what was written. What went wrong is told once and then forgotten."""
        asked = {name: question[name] for name in ("model", "prompt", "arm", "decoding")}
        name = sha256(canonical(asked))
        with self._lock:
            known = self._answers.get(name)
            if known is None:
                if sum(told is _WAIT for told in self._answers.values()) >= _MOST_WAITING:
                    raise Refusal("The model is asked by too many at once. Nothing was lost. Try again in a minute.")
                self._answers[name] = _WAIT
                while len(self._answers) > _MOST_ANSWERS:
                    self._answers.popitem(last=False)
                threading.Thread(target=self._write, args=(name, asked), daemon=True).start()
                return _WAIT
            if "refused" in known:
                del self._answers[name]
            return known

    def _write(self, name: str, asked: Told) -> None:
        from studio.generation import ArmSpec
        from studio.models.checked import check_adapter

        try:
            arm, decoding = from_json(ArmSpec, asked["arm"]), from_json(Decoding, asked["decoding"])
            check_adapter(arm.adapter, arm.adapter_sha256)
            elsewhere = asked["model"]["path"].startswith(("http://", "https://"))
            slot = self._warm.slot("asks" if elsewhere else "writes", asked["model"])
            slot.wait()
            with slot.lock:
                slot.model.prepare([arm])
                (written,) = slot.model.write(arm, [from_json(Prompt, asked["prompt"])], decoding)
            told: Told = {"state": "ready", "text": written.text, "tokens": written.tokens_out,
                          "seconds": written.seconds}  # fmt: skip
        except Refusal as refusal:
            told = {"refused": str(refusal)}
        except Exception:
            traceback.print_exc()
            told = {"refused": _FAULT}
        self.asked_at = time.monotonic()
        with self._lock:
            self._answers[name] = told

    def _read(self, question: Told) -> Told:
        self._reading.begin(
            self._warm.slot("compares", question["model"]), Path(question["texts"]), Path(question["into"])
        )
        return {"state": "ready"}

    def _stop_reading(self, question: Told) -> Told:
        self._reading.stop()
        return {"state": "ready"}

    def _check(self, question: Told) -> Told:
        self._looking.begin(question["name"], Path(question["look"]), Path(question["into"]))
        return {"state": "ready"}

    def _stop_checking(self, question: Told) -> Told:
        self._looking.stop()
        return {"state": "ready"}

    def _stop(self, question: Told) -> Told:
        self.stop.set()
        return {"state": "ready"}


class _Line(socketserver.StreamRequestHandler):
    """One connection: lines of questions until the other side closes."""

    timeout = 60.0
    server: _Server

    def handle(self) -> None:
        with suppress(OSError):  # the other side went away: there is nobody to tell
            while line := self.rfile.readline(_LINE_BYTES + 1):
                self.wfile.write(json.dumps(self._told(line)).encode() + b"\n")

    def _told(self, line: bytes) -> Told:
        try:
            question = json.loads(line)
            token = str(question["token"])
        except (ValueError, KeyError, TypeError):
            return {"refused": "This is no question. Nothing was done."}
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            return {"refused": "The token is wrong. Nothing was done."}
        return self.server.service.tell(question)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = False
    request_queue_size = 64

    def __init__(self, service: Service) -> None:
        super().__init__(("127.0.0.1", 0), _Line)
        self.service, self.token = service, secrets.token_urlsafe(32)


def serve(folder: Path, idle_seconds: float = IDLE_SECONDS) -> int:
    """Serves until stopped, idle for so long, or without an owner. Exit code 1 when another one serves this folder."""
    with open(folder / "lock", "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another resident model serves this workspace. It goes on.", file=sys.stderr)
            return 1
        service = Service(Warm())
        server = _Server(service)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _write_note(folder, server)
        owner = _Owner(folder)
        while not service.stop.wait(1.0):
            if owner.gone_for_good() or service.idle(idle_seconds):
                break
        (folder / NOTE).unlink(missing_ok=True)
        sys.stdout.flush()
        sys.stderr.flush()
        # Threads may still be inside a model; nothing of theirs needs to be kept, and nobody waits for them.
        os._exit(0)


def _write_note(folder: Path, server: _Server) -> None:
    me = psutil.Process()
    note = {"pid": me.pid, "started": me.create_time(), "port": server.server_address[1], "token": server.token}
    fresh = folder / f"{NOTE}.new"
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(note, file)
    fresh.replace(folder / NOTE)


class _Owner:
    """Whether the studio that owns this process is gone. One that starts again in time takes it over."""

    def __init__(self, folder: Path) -> None:
        self._path, self._missed_since = folder / OWNER, 0.0

    def gone_for_good(self) -> bool:
        now = time.monotonic()
        if self._lives():
            self._missed_since = 0.0
            return False
        self._missed_since = self._missed_since or now
        return now - self._missed_since > _ORPHANED_SECONDS

    def _lives(self) -> bool:
        try:
            owner = json.loads(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            return False
        return is_running(owner["pid"], owner["started"])
