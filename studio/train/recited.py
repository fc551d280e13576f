"""Whether a tuned model repeats its training examples word for word in what it answered to a set's prompts."""

from __future__ import annotations

from collections.abc import Sequence

from studio import datasets, outputs
from studio.evaluate.verbatim import Verbatim, verbatim
from studio.records import Arm, ArmKind, Run, Split
from studio.store import Store, arms
from studio.store import datasets as dataset_rows


def recited(store: Store, run: Run, tuned: Arm, dataset: str) -> Verbatim:
    """The answers of `tuned`, the arm of `run`, to the prompts of `dataset`, held against what it learned from and
    against what its base answered. Nothing without the set it learned from. Made once for all who ask before answers or
    sets change."""
    bases = tuple(arm for arm in arms.every(store, run.project) if arm.kind is ArmKind.base and arm.model == run.model)
    key = ("recited", run.dataset, tuned, bases, dataset)
    return store.once(key, lambda: _held(store, run.dataset, tuned, bases, dataset), ("datasets", "generations"))


def _held(store: Store, learned: str, tuned: Arm, bases: Sequence[Arm], dataset: str) -> Verbatim:
    found = dataset_rows.get(store, learned)
    if found is None:
        return verbatim({}, {}, {})
    texts = {e.id: e.ideal for e in datasets.rows_in(store, found, Split.train)}
    written = {name: g.output for name, g in outputs.current(store, dataset, tuned).items() if name not in texts}
    plain = {name: g.output for arm in bases for name, g in outputs.current(store, dataset, arm).items()}
    return verbatim(texts, written, plain)


def in_words(found: Verbatim) -> str:
    """What was found, with its n and what it was held against."""
    if not found.n:
        return "It has not answered anything yet, so nobody can say. Let it answer the test or the validation split."
    shares = f"at most {found.base_longest} words in a row" if found.base_longest else "no stretch of five words"
    against = (
        f"Its base, asked {found.base_n:,} of the same prompts, shares {shares} with an example."
        if found.base_n
        else "Its base has not answered these prompts, so nothing is known to hold it against."
    )
    if not found.repeated:
        return f"No: none of its {found.n:,} answers repeats twelve words in a row of one training example. {against}"
    most = max(run.words for run in found.repeated.values())
    return (
        f"{len(found.repeated):,} of its {found.n:,} answers hold a stretch of one or two training examples, word for "
        f"word, up to {most} words long. {against} Phrases that more than two examples share are not counted."
    )
