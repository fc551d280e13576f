"""What a Hugging Face hub calls licences and names, for the heads of cards that programs read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LICENCES = (
    "apache-2.0", "mit", "cc0-1.0", "cc-by-4.0", "cc-by-3.0", "cc-by-sa-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "odc-by", "odbl", "pddl", "bsd-3-clause", "bsd-2-clause", "gpl-3.0", "unlicense",
)  # fmt: skip


def licence(stated: Iterable[str]) -> dict[str, str]:
    """The fields of a card's head for the licences that are `stated`, as people wrote them ("": not stated)."""
    named = {name.strip() for name in stated}
    if named <= {""}:
        return {"license": "unknown"}
    known = {slug(name) for name in named}
    if len(known) == 1 and (only := known.pop()) in _LICENCES:
        return {"license": only}
    return {"license": "other", "license_name": "; ".join(sorted(name or "not stated" for name in named))[:200]}


def slug(name: str) -> str:
    """A name in small letters, figures, dots and hyphens, as the hub writes one."""
    return re.sub(r"[^a-z0-9.]+", "-", name.casefold()).strip("-.")
