"""A/A sentinels: two answers of one arm to the same message, drawn with chance, that no reviewer should prefer. Pure.

How often people see a difference where there is none says how far their other preferences go. The messages are of the
validation split, as with gold. They decide nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.records import canonical, sha256


@dataclass(frozen=True)
class Sentinels:
    """Messages that `arm` answered twice in the `job`: (example, one answer, the other), which differ."""

    arm: str = ""
    job: str = ""
    answers: tuple[tuple[str, str, str], ...] = ()

    def first(self, wanted: int) -> Sentinels:
        """`wanted` of them, or as many as there are; the same each time."""
        order = sorted(self.answers, key=lambda each: sha256(f"sentinel/{each[0]}"))
        return Sentinels(self.arm, self.job, tuple(order[:wanted]))

    @property
    def registered(self) -> dict[str, Any]:
        """What a round registers of them: whose they are, and a hash of each two texts."""
        pairs = [{"example": name, "sha256": sha256(canonical([one, other]))} for name, one, other in self.answers]
        return {"arm": self.arm, "job": self.job, "pairs": pairs}


def told(registration: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The arm and the messages of a round's sentinels, as registered; rounds of the first version had none."""
    found = registration.get("sentinels") or {"arm": "", "pairs": []}
    return str(found["arm"]), [str(each["example"]) for each in found["pairs"]]
