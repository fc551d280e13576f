"""The models of the resident process: kept in memory, and many texts read beside what a person waits for."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.background import Background, Words
from studio.jobs.vectors import Vectors, key
from studio.models.checked import checked_model
from studio.models.loading import quick_loading
from studio.records import Refusal

_BATCH = 64  # about 0.3 s of two cores: the longest that a search waits behind the reading
_LOADING = threading.Lock()
_FAULT = (
    "The model could not be loaded; most often memory is short. Your examples and what you typed are safe. Close other "
    "programs, then try again."
)

_WORDS = Words(
    busy="The texts are being read already. It goes on. Wait for it or stop it first.",
    stopped="",
    disk="The disk refused ({said}). What was read is kept and your examples are safe. Free some space, then go on.",
    fault="Reading stopped on a fault of ours. What was read is kept. Go on to try the rest.",
)


class Slot:
    """One model, loading or loaded. `lock` is held while it works: one question at a time."""

    def __init__(self, purpose: str, reference: Mapping[str, str]) -> None:
        self.reference, self.lock = dict(reference), threading.Lock()
        self.model: Any = None
        self.reason = ""
        self._done = threading.Event()
        threading.Thread(target=self._load, args=(purpose,), daemon=True).start()

    def ready(self) -> bool:
        """Whether it can be used. Raises Refusal when it could not be loaded."""
        if self.reason:
            raise Refusal(self.reason)
        return self._done.is_set()

    def wait(self) -> None:
        """Until it can be used. Raises Refusal when it could not be loaded."""
        self._done.wait()
        self.ready()

    def _load(self, purpose: str) -> None:
        try:
            with _LOADING:  # the libraries are not made to be imported by two threads at once
                self.model = _LOADED[purpose](self.reference)
        except Refusal as refusal:
            self.reason = str(refusal)
        except Exception:
            traceback.print_exc()
            self.reason = _FAULT
        self._done.set()


def _embedder(reference: Mapping[str, str]) -> Any:
    path = checked_model(dict(reference))
    with quick_loading(unused=()):  # other threads work here
        from studio.evaluate.embed import Embedder

    return Embedder(path)


def _writer(reference: Mapping[str, str]) -> Any:
    path = checked_model(dict(reference))
    with quick_loading(unused=()):
        from studio.generation.local import LocalModel

    return LocalModel(path, reference["sha256"])


def _asker(reference: Mapping[str, str]) -> Any:
    from studio.generation.endpoint import EndpointModel

    # Somebody waits for it: it is not tried again for minutes.
    return EndpointModel(reference["path"], reference["name"], waits=())


_LOADED = {"compares": _embedder, "writes": _writer, "asks": _asker}


class Warm:
    """At most one model that writes, one that compares and one elsewhere that is asked. Another of the same purpose
    takes its place."""

    def __init__(self) -> None:
        self._slots: dict[str, Slot] = {}
        self._lock = threading.Lock()

    def slot(self, purpose: str, reference: Mapping[str, str]) -> Slot:
        """The slot of a model, which begins to load when it is not there. One that failed is tried again."""
        with self._lock:
            found = self._slots.get(purpose)
            if found is None or found.reference != dict(reference):
                found = self._slots[purpose] = Slot(purpose, reference)
            elif found.reason:
                del self._slots[purpose]  # told once by this slot; whoever asks after that begins anew
            return found

    def states(self) -> dict[str, str]:
        """Purpose -> loading, ready or failed."""
        with self._lock:
            slots = dict(self._slots)
        return {p: "failed" if s.reason else "loading" if s.model is None else "ready" for p, s in slots.items()}


class ReadingTexts:
    """Makes the vectors of many texts in the background, one file at a time."""

    def __init__(self) -> None:
        self._work = Background(_WORDS)

    def begin(self, slot: Slot, texts: Path, into: Path) -> None:
        """Raises Refusal when it reads already."""
        self._work.begin(lambda: self._read(slot, texts, Vectors(into)))

    def stop(self) -> None:
        """After the batch at hand; what was read is kept."""
        self._work.stop()

    def told(self) -> dict[str, Any]:
        """The fields of `jobs.resident.Reading`."""
        work = self._work
        return {"running": work.running, "done": work.done, "total": work.total, "seconds_left": work.seconds_left(),
                "reason": work.reason}  # fmt: skip

    def _read(self, slot: Slot, texts: Path, into: Vectors) -> None:
        slot.wait()
        with texts.open(encoding="utf-8") as lines:
            wanted = {key(text): text for text in map(json.loads, lines)}
        texts.unlink(missing_ok=True)
        known = set(into.numbers().tolist())
        # Texts of a length side by side: little of a batch is then padding.
        left = sorted(
            ((k, t) for k, t in wanted.items() if int.from_bytes(k[:8], "big") not in known),
            key=lambda row: len(row[1]),
        )
        for start in range(0, len(left), _BATCH):
            self._work.went_on(start, len(left))
            batch = left[start : start + _BATCH]
            with slot.lock:
                vectors = slot.model.vectors([text for _, text in batch])
            into.append([k for k, _ in batch], vectors)
        self._work.done = len(left)
