"""Wrong labels, found or not: `python -m benchmarks.label_noise [--seed 0]`. Needs the bundled MiniLM and BANKING77.

Flips 2 % and 5 % of BANKING77's 10,003 training labels, each to another of the 77, and prints how many of those are
found (recall), how many of the found are flipped (precision; a floor, since people suspect over 1,400 of the set's own
labels), and the seconds, beside `cleanlab` with its defaults (logistic regression as scikit-learn ships it, five folds,
`find_label_issues`). Promise: ours in 25 s.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from studio import models
from studio.evaluate.embed import Embedder
from studio.health.known import Floats
from studio.health.label_noise import suspects

ROWS = Path(__file__).resolve().parents[2] / "shared" / "data" / "support-intents" / "train.csv"
SECONDS = 25.0
Finder = Callable[[Mapping[str, Floats], Mapping[str, str]], set[str]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=Path, default=ROWS)
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    args = parser.parse_args()
    with args.rows.open(encoding="utf-8", newline="") as file:
        listed = list(csv.DictReader(file))
    found = Embedder(models.path("minilm", args.workspace)).vectors([row["text"] for row in listed])
    vectors = {str(i): vector for i, vector in enumerate(found)}
    right = {str(i): row["category"] for i, row in enumerate(listed)}
    print(f"{'flipped':>8}  {'by':<10}{'found':>7}{'recall':>9}{'precision':>11}{'seconds':>9}")
    slow = False
    for share in (0.0, 0.02, 0.05):
        of, flipped = with_flips(right, share, args.seed)
        finders: dict[str, Finder] = {"ours": ours, "cleanlab": plain}
        for name, finder in finders.items():
            began = time.perf_counter()
            named = finder(vectors, of)
            seconds = time.perf_counter() - began
            slow |= name == "ours" and seconds > SECONDS
            hit = len(named & flipped)
            recall = f"{hit / len(flipped):.1%}" if flipped else "-"
            precision = f"{hit / max(1, len(named)):.1%}" if flipped else "-"
            print(f"{share:>8.0%}  {name:<10}{len(named):>7}{recall:>9}{precision:>11}{seconds:>9.1f}", flush=True)
    return int(slow)


def with_flips(right: Mapping[str, str], share: float, seed: int) -> tuple[dict[str, str], set[str]]:
    """The labels with a share of them changed to another one, and whose they are."""
    draw, names = random.Random(seed), sorted(set(right.values()))
    flipped = set(draw.sample(sorted(right), round(share * len(right))))
    return {
        i: draw.choice([n for n in names if n != label]) if i in flipped else label for i, label in right.items()
    }, flipped


def ours(vectors: Mapping[str, Floats], of: Mapping[str, str]) -> set[str]:
    return {suspect.example for suspect in suspects(vectors, of)}


def plain(vectors: Mapping[str, Floats], of: Mapping[str, str]) -> set[str]:
    from cleanlab.filter import find_label_issues
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    ids, names = list(of), sorted(set(of.values()))
    given = np.array([names.index(of[i]) for i in ids])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = cross_val_predict(
            LogisticRegression(), np.stack([vectors[i] for i in ids]), given, cv=5, method="predict_proba"
        )
    return {ids[i] for i in find_label_issues(given, told, return_indices_ranked_by="self_confidence", n_jobs=1)}


if __name__ == "__main__":
    sys.exit(main())
