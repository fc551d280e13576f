"""What a person typed and has not saved: one small file each, so that neither a reload nor a restart loses it.

A draft is no fact: it is in no journal, no export and no backup, only its author sees it, and saving drops it.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from studio.records import Refusal, canonical, sha256
from studio.store import Store

Form = dict[str, Any]


def kept(store: Store, person: str, name: str) -> Form | None:
    """The draft called `name` of this person, or None. One that cannot be read counts as none."""
    try:
        found = json.loads(_path(store, person, name).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def keep(store: Store, person: str, name: str, form: Form) -> None:
    """Keeps `form` (plain JSON values) in place of the last one. Raises Refusal when the disk refuses."""
    path = _path(store, person, name)
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(canonical(form))
        os.replace(fresh, path)
    except OSError as error:
        raise Refusal(
            f"The disk refused to keep your draft ({error.strerror}). It is still on screen: copy it before you leave."
        ) from error


def drop(store: Store, person: str, name: str) -> None:
    _path(store, person, name).unlink(missing_ok=True)


def _path(store: Store, person: str, name: str) -> Path:
    return store.workspace / "drafts" / f"{sha256(f'{person}/{name}')[:32]}.json"
