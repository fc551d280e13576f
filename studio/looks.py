"""How often the test set of a frozen dataset was looked at: each look makes the next result on it a little too good."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist

from studio.records import Dataset, Job, JobState, Refusal, Split
from studio.store import Store, arms, rounds, runs
from studio.store import datasets as rows
from studio.wording import several

ENOUGH = 10
"""Looks after which fresh test examples are due: the best of ten equally good arms then stands 1.5 standard errors too
high, three quarters of the way to the end of its own 95 % interval."""


@dataclass(frozen=True)
class Spent:
    """How a test set was used, in this dataset and in others that share test examples with it.

    `comparisons`: times that arms answered and were scored; `scored`: arms answering in all of them together; `arms`
    whose outputs are kept, for `prompts` of `of` test examples. `rounds`: blind rounds. `choices`: prompts saved,
    checkpoints chosen and trainings started after the first comparison, when whoever chose could know the scores.
    `taught`: of the test examples, those whose prompts a model is taught by votes on; with one it is no test any more.
    `readers`: people who read what the arms wrote, to this dataset or one that shares test examples; no look by itself.

    Does not count looks outside the studio, nor know whether somebody who could look did.
    """

    comparisons: int
    scored: int
    arms: int
    rounds: int
    choices: int
    prompts: int
    of: int
    taught: int = 0
    readers: int = 0

    @property
    def looks(self) -> int:
        return self.comparisons + self.rounds + self.choices

    @property
    def flatters(self) -> float:
        """By how many points, at most about, the best of the arms scored so far stands too high for being picked: the
        expected largest of so many standard normals (Blom 1958), for a share near one half of so many prompts.

        It takes the arms to be equally good and their errors independent; alike arms are flattered less.
        """
        k = max(1, self.scored)
        return 100 * NormalDist().inv_cdf((k - 0.375) / (k + 0.25)) * 0.5 / math.sqrt(max(1, self.of))

    @property
    def sentence(self) -> str:
        """What was done with it, and what to do."""
        if self.taught:
            return f"{_spent_said(self.taught, self.of)} {_FREEZE_ANEW}"
        if not self.looks:
            return f"The {self.of:,} test examples are untouched: no arm has answered them and no round has used them."
        used = "once" if self.looks == 1 else f"{self.looks:,} times"
        return f"The test set was used {used}: {'; '.join(self._parts())}. {self._warning()}{self.advice}"

    def _parts(self) -> list[str]:
        answered = f" ({several(self.arms, 'arm')} answered {self.prompts:,} of the {self.of:,} test examples)"
        counted = (
            (self.comparisons, several(self.comparisons, "comparison") + answered * bool(self.arms)),
            (self.rounds, f"{several(self.rounds, 'blind round')}"),
            (self.choices, several(self.choices, "choice of a prompt, a checkpoint or a training",
                                   "choices of a prompt, a checkpoint or a training") + " after the first scores "
                           "were there"),
        )  # fmt: skip
        said = [words for count, words in counted if count]
        if self.readers:
            said.append(f"{several(self.readers, 'person has', 'people have')} read what was answered")
        return said

    def _warning(self) -> str:
        if self.scored < 2:
            return ""
        return (
            f"Of {self.scored:,} equally good arms the best would look up to about {self.flatters:.0f} points "
            "better than it is, only for being picked. "
        )

    @property
    def advice(self) -> str:
        """What to do next, in a sentence."""
        fresh = "write fresh test examples, mark them for testing, reject the old ones, and freeze again"
        if self.looks >= ENOUGH:
            return f"That is enough: {fresh}."
        return f"After {ENOUGH - self.looks:,} more, {fresh}."


def spent(store: Store, dataset: Dataset) -> Spent:
    """How often the test examples of `dataset` were answered and scored, voted on, and could be chosen by."""
    tests = rows.ids_in(store, dataset, Split.test)
    sharing = {d.id for d in rows.every(store, dataset.project) if rows.ids_in(store, d, Split.test) & tests}
    answered = [a for name in sharing for a in arms.answered(store, name) if a.example in tests]
    jobs = [job for job in runs.jobs(store, dataset.project) if _is_comparison(job, sharing)]
    unrecorded = {a.job for a in answered} - {job.id for job in runs.jobs(store, dataset.project)}
    used = [r for r in rounds.every(store, dataset.project) if r.registration.get("dataset") in sharing]
    writers = {a.arm for a in answered}
    return Spent(
        len(jobs) + len(unrecorded),
        sum(len(job.detail["arms"]) for job in jobs) or len(writers), len(writers), len(used),
        _choices(store, dataset.project, min((job.at for job in jobs), default="")),
        len({a.example for a in answered}), len(tests), len(tests & rows.spent(store, dataset.project).keys()),
        len({person for name in sharing for person in arms.readers(store, dataset.project, name)}),
    )  # fmt: skip


_FREEZE_ANEW = (
    "Write fresh test examples, mark them for testing, and freeze again: the spent ones go to training then, by "
    "themselves."
)


def raise_if_spent(store: Store, dataset: Dataset, safe: str) -> None:
    """Refuses a test on prompts that a model is taught by votes on, here or with a file that was taken out. `safe`:
    what was not done, a sentence. Does not know of answers that somebody copied from a page."""
    tests, spent_by = rows.ids_in(store, dataset, Split.test), rows.spent(store, dataset.project)
    if taught := tests & spent_by.keys():
        names = ", ".join(f"“{name}”" for name in sorted({spent_by[each] for each in taught}))
        raise Refusal(f"{_spent_said(len(taught), len(tests))[:-1]} ({names}). {safe} {_FREEZE_ANEW}")


def _spent_said(taught: int, of: int) -> str:
    return (
        f"{taught:,} of the {of:,} test prompts of this set were used in votes that a model is taught from, so a test "
        "on them would only show what it was told."
    )


_COMPARISONS = ("generate", "conversations")


def _is_comparison(job: Job, datasets: Collection[str]) -> bool:
    asked = (job.state, job.detail.get("split")) == (JobState.done, Split.test.value)
    return asked and job.kind in _COMPARISONS and job.detail.get("dataset") in datasets


def _choices(store: Store, project: str, since: str) -> int:
    if not since:
        return 0
    return arms.chosen_since(store, project, since) + runs.started(store, project, since)
