"""Reading a file that somebody brought: kept while they look at it, with a bar and the time left for a big one."""

from __future__ import annotations

import collections
import threading
import time

import streamlit as st

from studio.examples import uploads
from studio.examples.batch import ParsedBatch
from studio.examples.sandbox import parse_untrusted
from studio.examples.shapes import ColumnsUnclear
from studio.records import Refusal
from studio.store import Store
from studio.ui import blocks
from studio.wording import duration

Read = ParsedBatch | tuple[str, tuple[str, ...]]
"""What a file holds; or, when its columns are unclear or it cannot be read, the sentence and the columns."""

Key = tuple[str, str, str, tuple[tuple[str, str], ...]]
_MOST = 4
_SHOWN_AFTER_S = 0.6
# Streamlit's own cache cannot hold a function that shows how far it is.
_kept: collections.OrderedDict[Key, Read] = collections.OrderedDict()
_lock = threading.Lock()


def read(store: Store, file: str, name: str, mapping: dict[str, str]) -> Read:
    """The file under this mapping, read once; the same file is asked for at every run of the page."""
    key = (str(store.workspace), file, name, tuple(sorted(mapping.items())))
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
            return found
    found = _read(store, file, name, mapping)
    with _lock:
        _kept[key] = found
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return found


def _read(store: Store, file: str, name: str, mapping: dict[str, str]) -> Read:
    place, began = st.empty(), time.monotonic()

    def told(share: float) -> None:
        spent = time.monotonic() - began
        if spent < _SHOWN_AFTER_S:
            return
        left = f", about {duration(spent * (1 - share) / share)} left" if share > 0.03 else ""
        place.progress(min(share, 1.0), f"Reading the file: {blocks.percent(share)}{left}")

    try:
        return parse_untrusted(uploads.where(store, file), name=name, mapping=mapping, told=told)
    except ColumnsUnclear as unclear:
        return str(unclear), unclear.columns
    except Refusal as refusal:
        return str(refusal), ()
    finally:
        place.empty()
