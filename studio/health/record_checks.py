"""Checks on what a record says of itself: rights, dates, personal data, and how varied the answers are. Pure."""

from __future__ import annotations

import functools
import math
import statistics
from collections import defaultdict

from studio.health.checks import Checked, finding
from studio.health.findings import Finding, Severity
from studio.health.labels import labels
from studio.health.near import normalise
from studio.health.personal import NOT_FOUND, Personal, find_personal
from studio.records import HARD_KINDS, Consent, Example, Status
from studio.wording import percent

_SAME_ANSWER = 5  # different inputs with one answer, from which on it looks like boilerplate
_REFUSALS = ("must_refuse", "out_of_scope")
_HARD = {"hard to answer": tuple(k for k in HARD_KINDS if k not in _REFUSALS), "to be refused": _REFUSALS}
_HARD_SHARE = 0.02  # of the approved examples, under which nobody sees whether the model can
_FAR = 6.0  # robust standard deviations from the median length
_ENOUGH_LENGTHS = 30


def no_right(on: Checked) -> Finding:
    """Examples whose consent was withdrawn or whose right of use has ended. Does not judge whether a right is real."""
    cases = [
        (e.id,)
        for e in on.examples
        if e.consent is Consent.withdrawn or (e.expires and on.today and e.expires < on.today)
    ]
    return finding(
        "no_right", Severity.must_fix, cases,
        "Examples that may not be used any more (consent withdrawn, or the right has ended): {n}. Take them out.",
        "No consent was withdrawn and no right has ended.",
    )  # fmt: skip


def consent_unknown(on: Checked) -> Finding:
    """Examples of which nobody noted by what right they are used, once the team notes it for some."""
    noted = any(e.consent is not Consent.unknown or e.licence for e in on.examples)
    cases = [(e.id,) for e in on.examples if noted and e.consent is Consent.unknown and not e.licence]
    return finding(
        "consent_unknown", Severity.should_look, cases,
        "Examples without a consent or licence, while others have one: {n}.",
        "Consent and licence are noted everywhere, or nowhere yet.",
    )  # fmt: skip


def outdated(on: Checked) -> Finding:
    """Examples that somebody wanted looked at again by now, or that wait for a re-check."""
    cases = [(e.id,) for e in on.examples if e.recheck or (e.review_by and on.today and e.review_by < on.today)]
    return finding(
        "outdated", Severity.should_look, cases,
        "Examples that should have been looked at again by now: {n}.",
        "No example waits to be looked at again.",
    )  # fmt: skip


def personal_data(on: Checked) -> Finding:
    """E-mail addresses, phone, card, account and national numbers that have the right form and check digits.

    Does not find names or addresses. See `studio.health.personal` for the two tiers; this one counts the sure finds.
    """
    cases = [(e.id,) for e in on.examples if _holds(e, sure=True)]
    return finding(
        "personal_data", Severity.must_fix, cases,
        f"Examples with personal data in them: {{n}}. Redact it, or say why it may stay. {NOT_FOUND}",
        f"No e-mail address, phone, card, account or national number was found. {NOT_FOUND}",
    )  # fmt: skip


def maybe_personal(on: Checked) -> Finding:
    """Numbers that only look like personal data; a person decides. Those with a sure find are counted there."""
    cases = [(e.id,) for e in on.examples if _holds(e, sure=False) and not _holds(e, sure=True)]
    return finding(
        "maybe_personal", Severity.should_look, cases,
        "Examples with a number that may be personal: {n}. Look at each.",
        "No other number looks personal.",
    )  # fmt: skip


def texts(example: Example) -> tuple[str, ...]:
    """Every text of an example that a model or a reader may see, in the order of the conversation."""
    return (example.system, *(turn.text for turn in example.earlier), example.input, example.ideal, example.worse)


def _holds(example: Example, *, sure: bool) -> bool:
    return any(each.sure is sure for text in texts(example) for each in _found(text))


# One text is asked about several times in a report, and most texts again in the next one.
@functools.lru_cache(maxsize=50_000)
def _found(text: str) -> tuple[Personal, ...]:
    return find_personal(text)


def boilerplate(on: Checked) -> Finding:
    """One ideal output for five or more different inputs, labels and what is marked as to be refused aside: those are
    rightly the same. Does not promise that the rest should differ, so only worth a look."""
    by_ideal: dict[str, list[Example]] = defaultdict(list)
    for example in on.examples if labels(on.examples) is None else ():
        if len(example.ideal.split()) >= 5 and not _marked(example, _REFUSALS):
            by_ideal[normalise(example.ideal)].append(example)
    cases = [
        tuple(e.id for e in group)
        for group in by_ideal.values()
        if len({normalise(e.input) for e in group}) >= _SAME_ANSWER
    ]
    return finding(
        "boilerplate", Severity.should_look, cases,
        f"Answers given word for word to {_SAME_ANSWER} or more different inputs: {{n}}. The model may learn to say "
        "nothing else.",
        f"No answer is given word for word to {_SAME_ANSWER} or more different inputs.",
    )  # fmt: skip


def unusual_length(on: Checked) -> Finding:
    """Ideal outputs far longer than the rest (six robust deviations above the median of the logarithm of words).

    Does not say that long is wrong, and says nothing with fewer than 30 written ones.
    """
    written = [e for e in on.examples if e.ideal.strip()]
    sizes = {e.id: math.log1p(len(e.ideal.split())) for e in written}
    cases: list[tuple[str, ...]] = []
    if len(written) >= _ENOUGH_LENGTHS:
        middle = statistics.median(sizes.values())
        spread = 1.4826 * statistics.median(abs(s - middle) for s in sizes.values())
        cases = [(e.id,) for e in written if sizes[e.id] - middle > _FAR * max(spread, 0.1)]
    return finding(
        "unusual_length", Severity.should_look, cases,
        "Ideal outputs much longer than the rest: {n}.",
        "No ideal output is much longer than the rest.",
    )  # fmt: skip


def hard_cases(on: Checked) -> Finding:
    """Whether at least 2 % of the approved examples are hard to answer (vague, emotional, hostile, an edge case) and
    2 % are to be refused (or out of scope).

    Counts marks (kinds, and slices of those names). Which share is right for you nobody has measured: 2 % is a floor
    under which a kind is as good as absent.
    """
    approved = [e for e in on.examples if e.status is Status.approved]
    have = {name: sum(_marked(e, kinds) for e in approved) for name, kinds in _HARD.items()}
    wanted = max(1, round(_HARD_SHARE * len(approved)))
    few = [name for name, count in have.items() if count < wanted]
    shares = ", ".join(f"{name}: {count:,} ({percent(count / max(1, len(approved)))})" for name, count in have.items())
    if few and approved:
        sentence = (
            f"Too few of {len(approved):,} approved examples are marked as {' or '.join(few)} ({shares}; at least "
            f"{wanted:,} of each are wanted). Without them nobody sees whether the model can."
        )
        return Finding("hard_cases", Severity.should_look, len(few), (), sentence)
    return Finding("hard_cases", Severity.fine, 0, (), f"Of {len(approved):,} approved examples, {shares}.")


def _marked(example: Example, kinds: tuple[str, ...]) -> bool:
    return example.slice in kinds or any(kind in kinds for kind in example.kinds)
