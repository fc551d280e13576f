"""How evenly the examples are spread: over labels, and over lengths; and what is too long for the model. Pure."""

from __future__ import annotations

from studio.health.checks import Checked, braced, finding
from studio.health.findings import Finding, Severity
from studio.health.known import Tokens
from studio.health.labels import labels
from studio.records import Example
from studio.wording import percent

_RARE = 10  # examples of a label; a tenth of them, one, is set aside for testing
_HEAVY = 0.5  # the share of all words in the longest tenth of the ideal outputs
_ENOUGH = 30
_SHOWN = 160  # characters of a lost text


def label_balance(on: Checked) -> Finding:
    """Labels with fewer than ten examples, of which at most one would be for testing: nothing could be said of them.

    Does not ask for the same number of each: a model should meet labels about as often as it will at work.
    """
    found = labels(on.examples)
    if found is None:
        return Finding(
            "label_balance", Severity.fine, 0, (), "The ideal outputs are no labels, so there is none to count."
        )
    counts = found.counts
    (most, many), (least, few) = counts.most_common(1)[0], min(counts.items(), key=lambda item: (item[1], item[0]))
    spread = f'from "{least}" ({few:,}) to "{most}" ({many:,})'
    rare = {label: count for label, count in counts.items() if count < _RARE}
    cases = [tuple(i for i, label in found.of.items() if label == name) for name in sorted(rare, key=lambda n: rare[n])]
    return finding(
        "label_balance", Severity.should_look, cases,
        f"Labels with fewer than {_RARE} examples: {{n}} of {len(counts):,}. Too few to test them; write more or join "
        f"them. Examples of a label: {braced(spread)}.",
        f"Each of {len(counts):,} labels has at least {_RARE} examples, {spread}.",
        notes=[f'"{name}" has {rare[name]:,}.' for name in sorted(rare, key=lambda n: rare[n])],
    )  # fmt: skip


def length_balance(on: Checked) -> Finding:
    """How long the ideal outputs are, in words, and whether a tenth of them holds most of what is learned.

    Training weighs words, not examples, so a few long answers can outweigh many short ones. Does not say which
    length is right, and says nothing below 30 ideal outputs.
    """
    sizes = sorted((len(e.ideal.split()), e.id) for e in on.examples if e.ideal.strip())
    if len(sizes) < _ENOUGH:
        sentence = f"Lengths are compared from {_ENOUGH} ideal outputs on ({len(sizes)} so far)."
        return Finding("length_balance", Severity.fine, 0, (), sentence)
    words = [size for size, _ in sizes]
    tenth = max(1, len(sizes) // 10)
    share = sum(words[-tenth:]) / sum(words)
    usual = (
        f"Of {len(sizes):,} ideal outputs, eight in ten have {words[tenth]:,} to {words[-tenth - 1]:,} words; the "
        f"longest tenth holds {percent(share)} of all words."
    )
    cases = [(name,) for _, name in reversed(sizes[-tenth:])] if share > _HEAVY else []
    heavy = f"{usual} The model learns those {{n}} more than all the others."
    return finding("length_balance", Severity.should_look, cases, heavy, usual)


def too_long(on: Checked) -> Finding:
    """Examples longer than what training reads, counted in the model's own tokens with every turn and the system text.

    They are left out of training whole, so this is worth a look and no bar. The lost text that is shown is found by its
    share of the tokens, so its first word may be off by a few.
    """
    most, tokens = on.known.most_tokens, on.known.tokens
    counted = [e for e in on.examples if e.id in tokens and e.ideal.strip()]
    if not most or not counted:
        return Finding("too_long", Severity.fine, 0, (), "Lengths in the model's tokens have not been counted yet.")
    long = [e for e in counted if tokens[e.id].prompt + tokens[e.id].ideal > most]
    longest = max(tokens[e.id].prompt + tokens[e.id].ideal for e in counted)
    return finding(
        "too_long", Severity.should_look, [(e.id,) for e in long],
        f"Examples too long for the model, which training leaves out: {{n}} of {len(counted):,}. It "
        f"reads {most:,} tokens (pieces of words) of each, with every turn. Shorten them.",
        f"All {len(counted):,} examples fit: the longest has {longest:,} of {most:,} tokens (pieces of words).",
        notes=[_lost(e, tokens[e.id], most) for e in long],
    )  # fmt: skip


def _lost(example: Example, size: Tokens, most: int) -> str:
    over = size.prompt + size.ideal - most
    said = f"{size.prompt + size.ideal:,} tokens, {over:,} too many."
    if size.prompt >= most:
        return f"{said} The turns before the answer alone fill it ({size.prompt:,})."
    kept = round(len(example.ideal) * (1 - over / size.ideal))
    lost = " ".join(example.ideal[kept:].split())
    tail = lost if len(lost) <= _SHOWN else f"{lost[: _SHOWN // 2].rstrip()} ... {lost[-_SHOWN // 2 :].lstrip()}"
    return f'{said} Beyond the limit: "{tail}"'
