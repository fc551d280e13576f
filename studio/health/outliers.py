"""Inputs that stand far from all others, and texts that were damaged on their way. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from studio.health.checks import Checked, finding
from studio.health.findings import Finding, Severity
from studio.health.known import Floats
from studio.health.record_checks import texts

_NEIGHBOURS = 5
_COMPARED = 5000  # drawn to compare with, so that 100,000 examples take seconds
_BLOCK = 2000
_FAR = 4.0  # robust standard deviations above the median distance
_LEAST = 50


def outliers(on: Checked) -> Finding:
    """Inputs whose meaning is far from that of all others: four robust deviations above the median distance to the five
    nearest (of 5,000 drawn, in a larger set).

    Only worth a look: the one rare question may be the best example. Finds nothing in a set in which every input is
    about something else, and no group of five or more that strayed in together.
    """
    read = {e.id: on.known.meaning[e.id] for e in on.examples if e.id in on.known.meaning}
    if len(read) < _LEAST:
        sentence = (
            f"Inputs unlike all others are looked for once the meaning of {_LEAST} has been read ({len(read)} so far)."
        )
        return Finding("outliers", Severity.fine, 0, (), sentence)
    far = far_ones(read)
    return finding(
        "outliers", Severity.should_look, [(name,) for name in far],
        f"Inputs about something else than all others: {{n}} of {len(read):,}. Do they belong here?",
        f"None of {len(read):,} inputs is far from all others in meaning.",
        notes=[f"Nearest others: closeness {near:.2f}, where {usual:.2f} is usual." for near, usual in far.values()],
    )  # fmt: skip


def far_ones(vectors: Mapping[str, Floats]) -> dict[str, tuple[float, float]]:
    """Example id -> its mean cosine to the nearest and the usual one, for those that are far; the farthest first."""
    ids = sorted(vectors)
    distance = _distances(np.stack([vectors[i] for i in ids]))
    usual = float(np.median(distance))
    spread = 1.4826 * float(np.median(np.abs(distance - usual)))
    found = [i for i in np.argsort(-distance, kind="stable") if distance[i] - usual > _FAR * max(spread, 0.01)]
    return {ids[i]: (1 - float(distance[i]), 1 - usual) for i in found}


def _distances(vectors: Floats) -> NDArray[np.float32]:
    """(n,): 1 - the mean cosine of each vector to its nearest among those drawn, itself left out."""
    count = len(vectors)
    drawn = np.sort(np.random.default_rng(0).choice(count, min(count, _COMPARED), replace=False))
    place = np.full(count, -1)
    place[drawn] = np.arange(len(drawn))
    found = np.empty(count, dtype=np.float32)
    for start in range(0, count, _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors[drawn].T
        own = place[start : start + _BLOCK]
        among = np.flatnonzero(own >= 0)
        cosines[among, own[among]] = -1.0
        found[start : start + _BLOCK] = 1 - np.partition(cosines, -_NEIGHBOURS, axis=1)[:, -_NEIGHBOURS:].mean(axis=1)
    return found


# Lost characters, control characters, direction overrides, characters without a meaning outside one company's font.
_SIGNS = re.compile("[\ufffd\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ufeff\u200b\ue000-\uf8ff]")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|nbsp|apos|#\d{2,5}|#x[0-9a-fA-F]{2,5});")
_RUN = re.compile(r"[^\x00-\x7f]{2,}")


@functools.lru_cache(maxsize=100_000)
def damage(text: str) -> str:
    """The first place where `text` was damaged by a wrong reading (mojibake), a lost or an invisible character or a
    leftover of a web page, with some letters around it; "" for none.

    Does not promise to see damage that gives ordinary letters, or question marks in place of letters.
    """
    found = None if text.isascii() else _misread(text) or _SIGNS.search(text)
    found = found or (_SIGNS.search(text) if text.isascii() and not text.isprintable() else None)
    if found is None and (found := _ENTITY.search(text)) is None:
        return ""
    return text[max(0, found.start() - 12) : found.end() + 12].strip()


def _misread(text: str) -> re.Match[str] | None:
    """Where UTF-8 was read as Windows-1252: a run of signs that are the bytes of an ordinary letter."""
    return next((run for run in _RUN.finditer(text) if _repaired(run.group())), None)


def _repaired(run: str) -> str:
    try:
        meant = b"".join(_byte(c) for c in run).decode("utf-8")
    except UnicodeError:
        return ""
    ordinary = all(c < "\u0250" or "\u2010" <= c <= "\u20cf" for c in meant)
    return meant if ordinary or len(meant) > 1 else ""


def _byte(character: str) -> bytes:
    """Windows-1252 leaves five bytes without a letter; programs read them as control characters."""
    return character.encode("latin-1" if "\x80" <= character <= "\x9f" else "cp1252")


def damaged_texts(on: Checked) -> Finding:
    """Examples with a text that was damaged on its way here; see `damage`. The model would learn to write so."""
    found = {e.id: place for e in on.examples if (place := next(filter(None, map(damage, texts(e))), ""))}
    return finding(
        "damaged_texts", Severity.should_look, [(name,) for name in found],
        "Texts with damaged or invisible characters: {n}. Import the file in its own encoding, or correct them.",
        "No text has damaged or invisible characters.",
        notes=[f'Look at: "{place}"' for place in found.values()],
    )  # fmt: skip
