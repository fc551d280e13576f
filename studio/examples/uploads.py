"""Files on their way in: kept under an opaque name until they are imported or put aside, never under their own."""

from __future__ import annotations

import uuid
from pathlib import Path

from studio.examples.batch import LIMITS
from studio.records import Refusal
from studio.store import Store


def receive(store: Store, content: bytes) -> str:
    """Writes `content` under a new opaque name and returns the name. Raises Refusal when it is too big."""
    if len(content) > LIMITS.file_bytes:
        raise Refusal(
            f"This file is larger than the {LIMITS.file_bytes // 2**20} MB allowed, nothing was imported: "
            "split it into smaller files."
        )
    name = uuid.uuid4().hex
    path = where(store, name)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Refusal(f"The disk refused to take the file ({error.strerror}). Nothing was imported.") from error
    return name


def where(store: Store, name: str) -> Path:
    """The path of a received file. Raises ValueError for anything but a name that `receive` gave."""
    return store.workspace / "uploads" / uuid.UUID(hex=name).hex


def put_aside(store: Store, name: str) -> None:
    where(store, name).unlink(missing_ok=True)
