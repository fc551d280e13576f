"""The checks, each a pure function of one `Checked` set and each with what it does not promise."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from studio.health.findings import Finding, Leakage, Severity
from studio.health.known import NOTHING_KNOWN, Known
from studio.health.near import Alike, compare, normalise
from studio.health.settled import unsettled
from studio.records import Brief, Criterion, Example, Split, Status

MINIMUM = 20  # approved examples; below that the splits would be too small to say anything
Kept = Callable[[Criterion, Example], bool | None]

_PLACEHOLDERS = frozenset({"tbd", "todo", "na", "none", "null", "xxx", "placeholder", "lorem ipsum"})
_HELD_OUT = {Split.test: (Split.train, Split.validation), Split.validation: (Split.train,)}


@dataclass(frozen=True)
class Checked:
    """What a check looks at: the examples, which of their inputs are alike, the brief and how to tell whether an
    ideal output keeps a criterion (True, False, or None when the criterion does not apply or only people can tell).
    `known`: what only a model library can say of the examples, as far as somebody asked it. `today`: the date by which
    rights and reviews are judged (YYYY-MM-DD, "" for not at all). `settled`: the keys (`studio.health.settled`) of
    pairs that the team decided are no contradiction, and of examples whose label it said is right."""

    examples: Sequence[Example]
    alike: Alike
    brief: Brief
    kept: Kept
    today: str = ""
    known: Known = NOTHING_KNOWN
    settled: Collection[str] = ()

    def only_approved(self) -> Checked:
        approved = [i for i, e in enumerate(self.examples) if e.status is Status.approved]
        examples = [self.examples[i] for i in approved]
        return replace(self, examples=examples, alike=self.alike.only(approved))


def checked(
    examples: Sequence[Example], brief: Brief, kept: Kept, today: str = "", known: Known = NOTHING_KNOWN,
    settled: Collection[str] = (),
) -> Checked:  # fmt: skip
    """Prepares the examples that are not rejected; the near-duplicate search happens here, once."""
    live = [e for e in examples if e.status is not Status.rejected]
    labels = [(e.split, e.status is Status.approved) for e in live]
    return Checked(live, compare([e.prompt.asked for e in live], labels), brief, kept, today, known, settled)


def finding(
    check: str,
    severity: Severity,
    cases: Sequence[tuple[str, ...]],
    found: str,
    none: str,
    subject: str = "",
    notes: Sequence[str] = (),
) -> Finding:
    """A check's answer: `found` speaks of {n} cases; without any case the finding is fine and says `none`."""
    if not cases:
        return Finding(check, Severity.fine, 0, (), none, subject)
    return Finding(check, severity, len(cases), tuple(cases), found.format(n=f"{len(cases):,}"), subject, tuple(notes))


def exact_duplicates(on: Checked) -> Finding:
    """The same input with the same ideal output, after evening out case, punctuation and spaces.

    Does not promise that a repeated example is a mistake: customers do repeat themselves.
    """
    cases = []
    for group in on.alike.same():
        by_ideal: dict[str, list[str]] = defaultdict(list)
        for i in group:
            by_ideal[normalise(on.examples[i].ideal)].append(on.examples[i].id)
        cases += [tuple(ids) for ids in by_ideal.values() if len(ids) > 1]
    return finding(
        "exact_duplicates",
        Severity.should_look,
        cases,
        "Examples written down more than once: {n}. The model would learn them more strongly than the rest.",
        "No example is there twice.",
    )


def contradictions(on: Checked) -> Finding:
    """The same input with different ideal outputs, after evening out case, punctuation and spaces.

    Does not promise to see two nearly the same inputs that contradict each other, or to know that two
    wordings say the same: for free text, two good answers to one input are reported too. Pairs that the team
    settled (`on.settled`) are left out as long as their texts stand.
    """
    cases = []
    for group in on.alike.same():
        written = [on.examples[i] for i in group if on.examples[i].ideal.strip()]
        if len({normalise(e.ideal) for e in written}) > 1:
            left = unsettled(written, answered_otherwise, on.settled) if on.settled else written
            if left:
                cases.append(tuple(e.id for e in left))
    return finding(
        "contradictions",
        Severity.must_fix,
        cases,
        "Inputs with more than one ideal output: {n}. The model cannot learn both; decide which one is right.",
        "No input has two different ideal outputs.",
    )


def answered_otherwise(one: Example, other: Example) -> bool:
    """Whether two ideal outputs differ by more than case, punctuation and spaces."""
    return normalise(one.ideal) != normalise(other.ideal)


def near_duplicates(on: Checked) -> Finding:
    """Groups of nearly the same inputs (character 4-gram Jaccard >= 0.8), exact duplicates aside.

    Does not promise to see the same question in other words; see `studio.health.near`.
    """
    clusters = [c for c in on.alike.clusters() if len({normalise(on.examples[i].prompt.asked) for i in c}) > 1]
    partly = "" if on.alike.complete else " So many inputs are alike that not every pair was compared."
    return finding(
        "near_duplicates",
        Severity.should_look,
        [tuple(on.examples[i].id for i in c) for c in clusters],
        "Groups of nearly the same input: {n}. They teach little beyond the first; vary or remove some." + partly,
        "No two inputs are nearly the same.",
    )


def knows(held_out: Split | None, other: Split | None) -> bool:
    """Whether an example of `other` must not be known to one that is held out: training to both, validation to test."""
    return held_out is not None and other in _HELD_OUT.get(held_out, ())


def leaks(on: Checked) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Held-out examples with those they match in a split they must not know: the same; nearly the same only."""
    near: dict[int, list[int]] = defaultdict(list)
    for pair in on.alike.pairs:
        near[pair.first].append(pair.second)
        near[pair.second].append(pair.first)
    exact_cases, near_cases = [], []
    for key, members in enumerate(on.alike.members):
        alike = [i for other in near[key] for i in on.alike.members[other]]
        for i in members:
            split = on.examples[i].split
            same = [on.examples[j].id for j in members if knows(split, on.examples[j].split)]
            close = [on.examples[j].id for j in alike if knows(split, on.examples[j].split)]
            if same:
                exact_cases.append((on.examples[i].id, *same, *close))
            elif close:
                near_cases.append((on.examples[i].id, *close))
    return exact_cases, near_cases


def leakage(on: Checked) -> Leakage:
    """How many held-out examples are known from another split; `near` includes the exact ones."""
    exact, near = leaks(on)
    return Leakage(len(exact), len(exact) + len(near))


def exact_leakage(on: Checked) -> Finding:
    """Test inputs that stand in train or validation too, and validation inputs that stand in train.

    Looks only at splits the examples carry; drawn splits keep the same inputs together. Does not
    promise anything on leaks by meaning, or by a customer or document that several examples share.
    """
    return finding(
        "exact_leakage",
        Severity.must_fix,
        leaks(on)[0],
        "Held-out inputs that the model also trains on: {n}. A score on them measures memory; drop one side.",
        "No held-out input stands in the training examples.",
    )


def near_leakage(on: Checked) -> Finding:
    """As `exact_leakage`, for inputs that are nearly the same (those that are the same are counted there)."""
    return finding(
        "near_leakage",
        Severity.must_fix,
        leaks(on)[1],
        "Held-out inputs that are nearly the same as a training example: {n}. Drop one side.",
        "No held-out input is nearly the same as a training example.",
    )


def empty_ideals(on: Checked) -> Finding:
    """Examples whose ideal output is still to be written. Does not judge what is written."""
    return finding(
        "empty_ideals",
        Severity.must_fix,
        [(e.id,) for e in on.examples if not e.ideal.strip()],
        "Ideal outputs still to be written: {n}.",
        "Every example has an ideal output.",
    )


def near_empty_ideals(on: Checked) -> Finding:
    """Ideal outputs that are placeholders or signs only, or one word where most answers are long (8 words or more).

    Does not promise that a short answer is wrong, and does not look at labels, where short is right.
    """
    written = [e for e in on.examples if e.ideal.strip()]
    typical = statistics.median(len(e.ideal.split()) for e in written) if written else 0

    def near_empty(text: str) -> bool:
        plain = normalise(text)
        signs_only = not any(c.isalnum() for c in plain)
        return signs_only or plain in _PLACEHOLDERS or (typical >= 8 and len(text.split()) < 2)

    return finding(
        "near_empty_ideals",
        Severity.should_look,
        [(e.id,) for e in written if near_empty(e.ideal)],
        "Ideal outputs that say next to nothing: {n}.",
        "No ideal output is next to nothing.",
    )


def rules_broken(on: Checked) -> list[Finding]:
    """For each criterion of the brief that a machine can check: ideal outputs that break it.

    Does not promise anything on criteria only people can judge, and is as right as the check itself.
    """
    findings = []
    for criterion in on.brief.criteria:
        answers = [(e.id, on.kept(criterion, e)) for e in on.examples if e.ideal.strip()]
        told = sum(answer is not None for _, answer in answers)
        if told:
            findings.append(
                finding(
                    "rule_broken",
                    Severity.must_fix,
                    [(i,) for i, answer in answers if answer is False],
                    f'Of {told:,} ideal outputs, {{n}} break "{braced(criterion.name)}". Correct them or the rule.',
                    f'All {told:,} ideal outputs it applies to keep "{criterion.name}".',
                    criterion.name,
                )
            )
    return findings


def braced(text: str) -> str:
    """A name as it stands in the `found` of `finding`, where braces have a meaning."""
    return text.replace("{", "{{").replace("}", "}}")


def slice_coverage(on: Checked) -> Finding:
    """Slices with less than half the share the brief asks for; a critical slice without any example must be fixed.

    Counts the approved examples, or all of them as long as none is approved. Does not promise that the
    examples of a slice are varied, or that the targets are right.
    """
    counted = [e for e in on.examples if e.status is Status.approved] or on.examples
    have = Counter(e.slice for e in counted)
    total = len(counted)
    short, severity = [], Severity.should_look
    for slice in on.brief.slices:
        wanted = slice.target_share * total
        if have[slice.name] >= wanted / 2 and not (slice.critical and not have[slice.name]):
            continue
        short.append(f"{slice.name} ({have[slice.name]:,} of about {max(1, round(wanted)):,})")
        if slice.critical and not have[slice.name]:
            severity = Severity.must_fix
    if not short:
        return Finding("slice_coverage", Severity.fine, 0, (), "Every slice has at least half of its target share.")
    return Finding("slice_coverage", severity, len(short), (), f"Slices with too few examples: {', '.join(short)}.")


def unknown_slices(on: Checked) -> Finding:
    """Examples in a slice that the brief does not name. Says nothing when the brief names none."""
    named = {s.name for s in on.brief.slices} | {""}
    other = [(e.id,) for e in on.examples if e.slice not in named] if on.brief.slices else []
    return finding(
        "unknown_slices",
        Severity.should_look,
        other,
        "Examples in a slice that the brief does not name: {n}.",
        "Every slice in use is named in the brief.",
    )


def too_few(on: Checked) -> Finding:
    """Fewer approved examples than a train, validation and test set need. More than enough is not promised good."""
    approved = sum(e.status is Status.approved for e in on.examples)
    if approved >= MINIMUM:
        return Finding("too_few", Severity.fine, 0, (), f"Approved examples: {approved:,}.")
    missing = MINIMUM - approved
    sentence = f"Approved examples: {approved:,}; at least {MINIMUM} are needed, so {missing} more."
    return Finding("too_few", Severity.must_fix, missing, (), sentence)


def not_approved(on: Checked) -> Finding:
    """Examples that would stay out of a frozen dataset because nobody approved them. Rejected ones are not counted."""
    return finding(
        "not_approved",
        Severity.should_look,
        [(e.id,) for e in on.examples if e.status is not Status.approved],
        "Examples that are not approved yet and stay out of a dataset: {n}.",
        "Every example is approved.",
    )
