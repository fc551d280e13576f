"""The card of a frozen dataset, as the README.md of a Hugging Face dataset folder: for people first, with a head of
YAML that `datasets.load_dataset` reads.

It says what is known and what is not. It does not promise that the checks found everything: it names what they do not
look for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from studio import health, looks, wording
from studio.exports.folder import data_file
from studio.health.languages import main_languages
from studio.records import Brief, Consent, Dataset, Example, Split
from studio.reports import hub
from studio.reports.markdown import bullets, counts, document, plain, table
from studio.store import Store, briefs, projects
from studio.store import datasets as rows

_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"),
)  # fmt: skip
_CONSENT = {
    Consent.unknown: "nobody noted whether the people behind them agreed",
    Consent.given: "the people behind them agreed",
    Consent.not_needed: "no consent is needed",
    Consent.withdrawn: "consent was withdrawn",
}
_MEANING = {
    Split.train: "to learn from",
    Split.validation: "to watch while it learns, and to try prompts on",
    Split.test: "to test at the end",
}
_GAPS = (
    "Personal data is looked for by form (e-mail addresses, telephone and account numbers and the like). Names and "
    "postal addresses are not found.",
    "That an ideal output is right is known by who approved it. No check tells whether what it says is true.",
    "Inputs count as nearly the same by their letters. Two that ask the same in other words may stand on both sides of "
    "a split, unless the team gave them one group.",
    "Whether the examples are like what people will really ask was not measured here.",
)
_MOST_LISTED = 40
_READ = 1_000
"""Inputs from which the languages are told, spread over the set."""


def written(store: Store, dataset: Dataset) -> str:
    """The card of a frozen dataset of this workspace, as Markdown."""
    examples = rows.rows_of(store, dataset)
    brief = briefs.version(store, dataset.project, dataset.brief_version) or Brief()
    project = projects.get(store, dataset.project)
    sections = (
        [f"# {plain(dataset.name)}", f"A frozen dataset of the project “{plain(project.name if project else '')}”."],
        _purpose(brief),
        _origin(brief, examples),
        _inside(examples),
        _splits(dataset),
        ["## What the checks found", *checks_found(dataset.health)],
        ["## What nobody checked", *bullets(_GAPS)],
        ["## How much the test set was used", looks.spent(store, dataset).sentence],
        _traced(store, dataset),
    )
    return f"---\n{_head(dataset, examples)}---\n\n{document(sections)}"


def without_head(card: str) -> str:
    """The card without the YAML that only programs read."""
    return card.split("---\n", 2)[2]


def _head(dataset: Dataset, examples: Sequence[Example]) -> str:
    """The YAML that the hub and the `datasets` library read. Values are JSON, which YAML takes as it is."""
    size = next((name for most, name in _SIZES if len(examples) < most), "n>10M")
    there = [s for s in Split if any(e.split is s for e in examples)]
    parts = [{"split": s.value, "path": data_file(s)} for s in there]
    task = "text-classification" if health.labels(examples) else "text-generation"
    found = {
        "pretty_name": dataset.name, **language(examples), **hub.licence(e.licence for e in examples),
        "size_categories": [size], "task_categories": [task],
        "configs": [{"config_name": "default", "data_files": parts}],
    }  # fmt: skip
    return "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in found.items())


def language(examples: Sequence[Example]) -> dict[str, list[str]]:
    """The field of a card's head. Told from the inputs; left out where none is long enough to tell."""
    found = main_languages(e.input for e in examples[:: max(1, len(examples) // _READ)])
    return {"language": found} if found else {}


def _purpose(brief: Brief) -> list[str]:
    said = (
        ("Task", brief.task), ("For whom", brief.audience), ("Inputs", brief.inputs), ("Meant for", brief.intended_use),
        ("Not meant for", brief.not_intended_use), ("Must never", brief.must_never),
    )  # fmt: skip
    return ["## What it is for", *bullets(f"{title}: {plain(text)}" for title, text in said if text.strip())]


def _origin(brief: Brief, examples: Sequence[Example]) -> list[str]:
    rights = plain(brief.data_rights) or "The brief does not say by what right the data is used."
    expiring = sorted({e.expires for e in examples if e.expires})
    consent = Counter(e.consent for e in examples)
    said = [f"{count:,} examples: {_CONSENT[kind]}." for kind, count in consent.most_common()]
    if expiring:
        said.append(f"The right to use {sum(bool(e.expires) for e in examples):,} of them ends, first {expiring[0]}.")
    return [
        "## Where it comes from, and by what right", rights, *bullets(said),
        *counts("Source", "Examples", _counted(e.source or "not stated" for e in examples)),
        *counts("Licence", "Examples", _counted(e.licence or "not stated" for e in examples)),
    ]  # fmt: skip


def _inside(examples: Sequence[Example]) -> list[str]:
    chats = sum(bool(e.earlier) for e in examples)
    instructed = sum(bool(e.system) for e in examples)
    said = [f"{len(examples):,} examples, each an input with the output that the team wants."]
    said += [f"{chats:,} of them are conversations with earlier turns."] if chats else []
    said += [f"{instructed:,} of them come with a system text."] if instructed else []
    made = [
        "## What is in it",
        " ".join(said),
        *_by_split("Kind of input (slice)", examples, lambda e: e.slice or "in no slice"),
    ]
    if kinds := _counted(kind.replace("_", " ") for e in examples for kind in e.kinds):
        made += counts("What is hard about it", "Examples", kinds)
    if found := health.labels(examples):
        where = f"the field “{plain(found.field)}” of the JSON output" if found.field else "the output"
        made.append(f"It teaches {len(found.counts):,} labels: {where} is one of them.")
        made += _by_split("Label", [e for e in examples if e.id in found.of], lambda e: found.of[e.id])
    return made


def _splits(dataset: Dataset) -> list[str]:
    return [
        "## Splits",
        *bullets(f"{s.value}: {dataset.splits.get(s.value, 0):,} examples {_MEANING[s]}" for s in Split),
        "Drawn once by the texts themselves: examples of one group, and inputs that are the same or nearly so, stay "
        "together; slices, and labels where there are any, keep their share. A split that somebody marked is kept. "
        "An example to test with never becomes one to learn from in a later set.",
    ]


def checks_found(found: Mapping[str, Any]) -> list[str]:
    """What a set's health report found and what was accepted with it, as parts of a paper."""
    report, waivers = found.get("report", {}), found.get("waivers", {})
    findings = [f for f in report.get("findings", []) if f["severity"] != "fine"]
    fine = len(report.get("findings", [])) - len(findings)
    made = [plain(report.get("sentence", "No report was kept."))]
    made += bullets(plain(f["sentence"]) for f in findings)
    if fine:
        made.append(f"{fine:,} other check{'s' * (fine != 1)} found nothing.")
    return made + bullets(
        f"Accepted although it must be fixed: {plain(wording.finding_name(name))}. Reason: {plain(reason)}"
        for name, reason in waivers.items()
    )


def _traced(store: Store, dataset: Dataset) -> list[str]:
    return ["## Which set this is", *bullets([
        f"Fingerprint (SHA-256 of content, splits, brief version, report and waivers): {dataset.sha256}",
        f"Frozen {wording.day(dataset.at)} under version {dataset.brief_version} of the brief",
        f"Head of the journal when this card was written: {store.head}",
    ])]  # fmt: skip


def _counted(names: Iterable[str]) -> list[tuple[str, int]]:
    return Counter(names).most_common()


def _by_split(head: str, examples: Sequence[Example], of: Callable[[Example], str]) -> list[str]:
    found = Counter((of(e), e.split) for e in examples)
    names = [name for name, _ in Counter(of(e) for e in examples).most_common()]
    lines = [[name.replace("_", " "), *(f"{found[name, s]:,}" for s in Split)] for name in names[:_MOST_LISTED]]
    if (rest := len(names) - _MOST_LISTED) > 0:
        lines.append([f"and {rest:,} more", *[""] * len(Split)])
    return table([head, *(s.value for s in Split)], lines)
