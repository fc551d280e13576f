"""Labels that look wrong beside those of examples that mean nearly the same: confident learning. Pure.

A simple classifier (logistic regression on the meaning of the inputs) is asked for the label of each example that it
has not learned from; `cleanlab` counts from its answers how many labels are likely wrong, given how sure the classifier
usually is of each label (Northcutt and others 2021, "Confident learning: estimating uncertainty in dataset labels").
Kept of those are the ones for which the classifier finds another label far likelier.
"""

from __future__ import annotations

import functools
import hashlib
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from studio.health.checks import Checked, braced, finding
from studio.health.findings import Finding, Severity
from studio.health.known import Floats
from studio.health.labels import Labels, labels, relabelled
from studio.health.settled import own_key
from studio.wording import percent

_FOLDS = 3
_EACH = 6  # examples of a label, so that two thirds of them can teach what it looks like
_LEAST = 30  # examples in all
# Chosen on BANKING77 with flipped labels (RESULTS.md). Stopping early spares seconds and keeps it from learning the
# wrong labels by heart.
_STRENGTH, _STEPS = 10.0, 15
_LIKELY, _LIKELIER = 0.3, 10.0

Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Suspect:
    """An example whose `label` is likely wrong; those like it are labelled `likely`, of which the classifier is
    `sure` (0 to 1). That is what a classifier says of this set, not how often it is right."""

    example: str
    label: str
    likely: str
    sure: float


def suspects(vectors: Mapping[str, Floats], of: Mapping[str, str]) -> tuple[Suspect, ...]:
    """The examples with a likely wrong label, the least believable first. `vectors`: example id -> what its input
    means (one width, length 1); `of`: example id -> label. Looked at are the ids in both, of labels with at least 6.

    Empty below 30 examples or two labels. Does not promise that a suspect is wrong (a rare way to ask for the usual
    thing looks the same), nor to see a mistake that is made throughout.
    """
    ids, given, names = _looked_at(vectors, of)
    if len(ids) < _LEAST or len(names) < 2:
        return ()
    told = _unseen(_Task.of(np.stack([vectors[i] for i in ids]), given))
    own, best = told[np.arange(len(ids)), given], told.max(axis=1)
    clear = (best >= _LIKELY) & (best >= _LIKELIER * own)
    return tuple(
        Suspect(ids[i], names[given[i]], names[int(told[i].argmax())], float(best[i]))
        for i in _doubted(told, given)
        if clear[i]
    )


def label_noise(on: Checked) -> Finding:
    """Examples whose label is likely wrong, where the ideal outputs are labels (or JSON with one). Those of which the
    team said that it is right (`on.settled`) are left out as long as their texts stand.

    Only worth a look: see `suspects` for what it does not promise. Says so when it could not look.
    """
    found = labels(on.examples)
    if found is None:
        return Finding(
            "label_noise", Severity.fine, 0, (), "The ideal outputs are no labels, so none can be mislabelled."
        )
    ids, _, names = _looked_at(on.known.meaning, found.of)
    if len(ids) < _LEAST or len(names) < 2:
        return Finding("label_noise", Severity.fine, 0, (), _not_looked(on, found))
    told = suspects(on.known.meaning, found.of)
    right = {e.id for e in on.examples if own_key(e) in on.settled} if on.settled else set()
    wrong = [s for s in told if s.example not in right]
    left = len(found.of) - len(ids)
    aside = f" Not looked at, for want of examples with the same label or not read yet: {left:,}." if left else ""
    if len(wrong) < len(told):
        aside += f" Said to be right, and left out: {len(told) - len(wrong):,}."
    part = f' ("{found.field}")' if found.field else ""
    answer = finding(
        "label_noise", Severity.should_look, [(s.example,) for s in wrong],
        f"Labels{braced(part)} unlike those of examples that mean nearly the same: {{n}} of {len(ids):,}. "
        f"Relabel what is wrong; the model would learn it.{aside}",
        f"No label{part} of {len(ids):,} is unlike those of examples that mean nearly the same.{aside}",
        notes=[f'Labelled "{s.label}"; those like it are "{s.likely}" ({percent(s.sure)} sure).' for s in wrong],
    )  # fmt: skip
    written = {e.id: e.ideal for e in on.examples}
    ideals = relabelled(written, found, {s.example: s.likely for s in wrong})
    return replace(answer, suggested=tuple(ideals.items()))


def _not_looked(on: Checked, found: Labels) -> str:
    read = sum(i in on.known.meaning for i in found.of)
    if read < len(found.of):
        return (
            f"Wrong labels are not looked for yet: the meaning of {read:,} of {len(found.of):,} inputs has been read."
        )
    return f"Wrong labels are not looked for: that takes {_EACH} examples of each of two labels, and {_LEAST} in all."


def _looked_at(vectors: Mapping[str, Floats], of: Mapping[str, str]) -> tuple[list[str], NDArray[np.int64], list[str]]:
    """Ids in their order, the number of each one's label, and the labels."""
    read = [i for i in of if i in vectors]
    counts = Counter(of[i] for i in read)
    names = sorted(name for name, count in counts.items() if count >= _EACH)
    number = {name: n for n, name in enumerate(names)}
    ids = sorted(i for i in read if of[i] in number)
    return ids, np.array([number[of[i]] for i in ids], dtype=np.int64), names


@dataclass(frozen=True)
class _Task:
    """What a classifier is to learn and to be asked, told apart by its content."""

    digest: bytes
    vectors: Floats = field(compare=False)
    given: NDArray[np.int64] = field(compare=False)

    @classmethod
    def of(cls, vectors: Floats, given: NDArray[np.int64]) -> _Task:
        return cls(hashlib.sha256(vectors.tobytes() + given.tobytes()).digest(), vectors, given)


# A report asks again each time; only the classifier is slow (2 s for 10,000 examples of 77 labels).
@functools.lru_cache(maxsize=2)
def _unseen(task: _Task) -> Probabilities:
    """(examples, labels): how likely each label is to a classifier that has learned from the other folds only."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    # One thread: the products are small, and threads that wait for a busy core take ten times as long.
    with warnings.catch_warnings(), threadpool_limits(limits=1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early on purpose
        told = cross_val_predict(
            LogisticRegression(C=_STRENGTH, max_iter=_STEPS), task.vectors, task.given,
            cv=StratifiedKFold(_FOLDS, shuffle=True, random_state=0), method="predict_proba",
        )  # fmt: skip
    return np.asarray(told, dtype=np.float64)


def _doubted(told: Probabilities, given: NDArray[np.int64]) -> Sequence[int]:
    """As many as confident learning counts, those with the least likely labels, the worst first."""
    from cleanlab.filter import find_label_issues

    found = find_label_issues(
        given, told, filter_by="low_self_confidence", return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return [int(i) for i in found]
