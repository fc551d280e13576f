"""What came of outputs that were written again at the end of the job that wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Rewritten:
    """Of `n` outputs of an arm written again, those that came out `otherwise` (their examples' ids). `jobs`: how many
    jobs did so; `n` 0: none did."""

    n: int = 0
    otherwise: tuple[str, ...] = ()
    jobs: int = 0


def of(store: Store, dataset: str, arm: str) -> Rewritten:
    """Over all jobs that wrote an output of this arm which is still kept."""
    sql = (
        "SELECT detail FROM jobs WHERE id IN (SELECT DISTINCT job FROM generations WHERE dataset = ? AND arm = ?) "
        'ORDER BY "at"'
    )
    details = [json.loads(row["detail"]) for row in store.rows(sql, dataset, arm)]
    told = [detail.get("result", {}).get("arms", {}).get(arm, {}).get("again") for detail in details]
    found = [each for each in told if each]
    otherwise = tuple(name for each in found for name in each["otherwise"])
    return Rewritten(sum(each["n"] for each in found), otherwise, len(found))
