"""A folder that Hugging Face's `datasets.load_dataset` reads: one Parquet file for each split, the card as README.md,
and SHA256SUMS, by which `sha256sum -c` checks the rest."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

from studio.exports.tables import for_training
from studio.records import Example, Split, sha256

SUMS = "SHA256SUMS"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive


def data_file(split: Split) -> str:
    return f"data/{split.value}.parquet"


def files(examples: Sequence[Example], card: str) -> dict[str, bytes]:
    """Path in the folder -> content. Where any example has a system text or earlier turns, all are written as chats:
    a trainer reads a set of texts or a set of chats, never a mixture."""
    chats = any(e.system or e.earlier for e in examples)
    parts = {split: [e for e in examples if e.split is split] for split in Split}
    made = {data_file(split): for_training(part, chats=chats) for split, part in parts.items() if part}
    made["README.md"] = card.encode()
    return made | {SUMS: "".join(f"{sha256(made[path])}  {path}\n" for path in sorted(made)).encode()}


def zipped(found: Mapping[str, bytes]) -> bytes:
    """The folder as one archive, to download."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(found):
            archive.writestr(zipfile.ZipInfo(path, _LONG_AGO), found[path])
    return out.getvalue()
