"""Which base model to tune: the smallest that does the task, by what is known of it, the machine and earlier runs.

The rules, in order: a model must be here, be trainable and fit the machine; one that reads only English is no choice
for examples in other languages; the smallest comes first; a larger one is advised only after the smaller was tuned on
this project's examples and either hardly learned or, on examples kept aside, keeps clearly less than `ENOUGH` of the
brief's rules. `ENOUGH` is the studio's own line, not a law. Nothing here looks at the test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio import models, outputs
from studio.evaluate import averages
from studio.health.languages import language_name, main_languages
from studio.models import Entry, Machine
from studio.records import JobState, Split
from studio.store import Store, examples, runs
from studio.train import verdict
from studio.train.settings import FROM_VOTES
from studio.wording import all_of, between, percent

ENOUGH = 0.9
_LOOKED_AT = 200  # texts that tell the languages
_TOO_SMALL = ("hardly", "not_carried")


@dataclass(frozen=True)
class Tried:
    """What tuning a base came to here. `word`: of its newest run's lesson; `kept`: the mean share of the rules its
    answers keep on `n` examples kept aside, with its interval; None where it has not answered them."""

    word: str
    kept: averages.Average | None = None

    @property
    def falls_short(self) -> bool:
        """Whether it is beyond doubt that more is to be had."""
        return self.word in _TOO_SMALL or (self.kept is not None and self.kept.high < ENOUGH)


@dataclass(frozen=True)
class Choice:
    """The advised base ("" when none fits), why in sentences, and what would change the advice."""

    name: str
    why: tuple[str, ...]
    otherwise: str


def advise(here: Sequence[Entry], machine: Machine, languages: Sequence[str], tried: Mapping[str, Tried]) -> Choice:
    """From the models that are `here` and can be tuned, the main `languages` of the examples (ISO 639) and what was
    `tried`: model -> what it came to."""
    fitting = sorted((e for e in here if e.fits(machine).ok), key=lambda e: (e.size_mb, e.name))
    foreign = [language_name(code) for code in languages if code != "en"]
    able = [e for e in fitting if not (foreign and e.english_only)]
    why = [f"Your examples are partly in {all_of(foreign)}."] if foreign else []
    if not able:
        return _none(fitting, why)
    for entry in able:
        found = tried.get(entry.name)
        if found is None or not found.falls_short:
            return Choice(entry.name, (*why, *_because(entry, found, entry is able[0])), _otherwise(entry, able))
        why.append(_fell_short(entry, found))
    why.append("It is the largest here that fits this machine.")
    return Choice(able[-1].name, tuple(why), "A larger model on this machine, or more and clearer examples.")


def _none(fitting: Sequence[Entry], why: list[str]) -> Choice:
    if not fitting:
        why.append("No model that is here fits this machine's memory and disk.")
        return Choice("", tuple(why), "A smaller model, or a machine with more memory.")
    why.append("Every model that is here and fits reads English only; it would learn their letters, not their sense.")
    return Choice(fitting[0].name, tuple(why), "A model of many languages, fetched to this machine.")


def _because(entry: Entry, found: Tried | None, smallest: bool) -> list[str]:
    if found is None:
        size = "the smallest model here" if smallest else "the next larger one here"
        return [f"{entry.title} is {size} that fits, and it was not tuned on these examples yet."]
    if found.kept is None:
        return [f"{entry.title} learned from these examples; how well it keeps your rules is not measured yet."]
    said = f"Tuned, {entry.title} keeps {_share(found.kept)}"
    if found.kept.low >= ENOUGH:
        return [f"{said}; a larger model is not needed for them."]
    return [f"{said}: too few to say that it falls short of {percent(ENOUGH)}."]


def _fell_short(entry: Entry, found: Tried) -> str:
    if found.word in _TOO_SMALL or found.kept is None:
        return f"{entry.title} hardly learned from them."
    return f"Tuned, {entry.title} keeps {_share(found.kept)}, clearly less than {percent(ENOUGH)}."


def _share(kept: averages.Average) -> str:
    return f"{percent(kept.value)} of the rules on {kept.n:,} examples kept aside ({between((kept.low, kept.high))})"


def _otherwise(entry: Entry, able: Sequence[Entry]) -> str:
    larger = [e.title for e in able if e.size_mb > entry.size_mb]
    then = f"{larger[0]} is next" if larger else "a larger one would have to be fetched first"
    return (
        f"If its tuned answers keep clearly less than {percent(ENOUGH)} of your rules on the examples kept aside, "
        f"{then}. Let it answer the validation split to find out."
    )


def choice(store: Store, project: str) -> Choice:
    """`advise` for a project as it stands on this machine."""
    folder = store.workspace
    here = [
        models.described(e.name, folder) for e in models.catalogue() if e.purpose == "writes" and e.kind != "endpoint"
        and models.present(e.name, folder)
    ]  # fmt: skip
    texts = [text for e in examples.approved_sample(store, project, _LOOKED_AT) for text in (e.input, e.ideal)]
    return advise(here, models.machine(folder), main_languages(texts), _tried(store, project))


def _tried(store: Store, project: str) -> dict[str, Tried]:
    found: dict[str, Tried] = {}
    for run in runs.every(store, project):
        judged = run.preset not in ("quick_trial", FROM_VOTES.name)
        if run.state is JobState.done and run.model not in found and judged:
            found[run.model] = Tried(verdict.of_run(run).word, _kept(store, project, run.dataset, run.id))
    return found


def _kept(store: Store, project: str, dataset: str, run: str) -> averages.Average | None:
    for compared in outputs.compare(store, project, dataset, Split.validation):
        if compared.arm.id == f"tuned-{run}" and compared.shares:
            return averages.average(list(compared.shares.values()), 1)
    return None
