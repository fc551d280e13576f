"""The clean rows of `benchmarks.faults` and the faults that are planted into them, for each check."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from faker import Faker

from studio.health import normalise
from studio.records import Brief, Check, CheckKind, Consent, Criterion, Example, Slice, Split, Status

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
BRIEF = Brief(
    criteria=(Criterion("Signs", checks=(Check(CheckKind.required, phrases=("Kind regards",)),)),),
    slices=(Slice("orders", target_share=0.5), Slice("other", target_share=0.5)),
)
Plant = Callable[[list[Example], random.Random, int], tuple[list[Example], set[str]]]
_ANSWER = "Please have a look at our help page for this. Kind regards"
_LOCALES = ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL")


def clean(count: int) -> list[Example]:
    """Approved examples with nothing wrong that we know of: every text its own, both slices, some hard cases."""
    fake = Faker("en_US")
    Faker.seed(11)
    return [
        Example(
            f"c{i}", fake.paragraph(nb_sentences=2), f"{fake.paragraph(nb_sentences=2)} Kind regards",
            slice=("orders", "other")[i % 2], status=Status.approved, consent=Consent.given,
            kinds=("edge_case", "must_refuse") if i % 50 == 0 else (),
            split=(Split.test if i % 10 == 0 else Split.train),
        )
        for i in range(count)
    ]  # fmt: skip


def questions(count: int) -> list[Example]:
    """BANKING77's questions with their labels, drawn at random, no two with the same letters."""
    with (SHARED / "support-intents" / "train.csv").open(encoding="utf-8", newline="") as file:
        rows = list({normalise(row["text"]): row for row in csv.DictReader(file)}.values())
    drawn = random.Random(7).sample(rows, count)
    return [
        Example(f"q{i}", row["text"], row["category"], status=Status.approved,
                split=Split.test if i % 10 == 0 else Split.train)
        for i, row in enumerate(drawn)
    ]  # fmt: skip


def _copies(change: Callable[[Example, random.Random], Example], *, among: Split = Split.train) -> Plant:
    def plant(rows: list[Example], draw: random.Random, count: int) -> tuple[list[Example], set[str]]:
        chosen = draw.sample([e for e in rows if e.split is among], count)
        made = [replace(change(e, draw), id=f"p-{e.id}") for e in chosen]
        return rows + made, {e.id for e in made}

    return plant


def _changed(change: Callable[[Example, random.Random], Example]) -> Plant:
    def plant(rows: list[Example], draw: random.Random, count: int) -> tuple[list[Example], set[str]]:
        names = {e.id for e in draw.sample(rows, count)}
        return [change(e, draw) if e.id in names else e for e in rows], names

    return plant


def _short_copies(change: Callable[[Example, random.Random], Example]) -> Plant:
    """As `_copies`, of inputs of fewer than 40 letters only."""

    def plant(rows: list[Example], draw: random.Random, count: int) -> tuple[list[Example], set[str]]:
        short = [e for e in rows if len(e.input) < 40 and e.split is Split.train]
        made = [replace(change(e, draw), id=f"p-{e.id}") for e in draw.sample(short, count)]
        return rows + made, {e.id for e in made}

    return plant


def _typo(text: str, draw: random.Random) -> str:
    at = draw.randrange(1, len(text) - 1)
    return text[:at] + text[at + 1 :]


def _foreign(draw: random.Random) -> str:
    """A sentence of another language's words."""
    fake = Faker(draw.choice(_LOCALES))
    fake.seed_instance(draw.randrange(10**6))
    return str(fake.sentence(nb_words=12))


def _other_label(example: Example, draw: random.Random) -> Example:
    return replace(example, ideal=draw.choice([name for name in _LABELS if name != example.ideal]))


def _of_a_group(rows: list[Example], draw: random.Random, count: int) -> tuple[list[Example], set[str]]:
    """Pairs of one customer, one half in training and one in the test."""
    seen = draw.sample([e.id for e in rows if e.split is Split.train], count // 2)
    held = draw.sample([e.id for e in rows if e.split is Split.test], count // 2)
    group = {name: f"customer {i}" for ids in (seen, held) for i, name in enumerate(ids)}
    return [replace(e, group=group.get(e.id, "")) for e in rows], set(group)


def _rare_labels(rows: list[Example], draw: random.Random, count: int) -> tuple[list[Example], set[str]]:
    """Labels that two examples have."""
    names = {e.id: i for i, e in enumerate(draw.sample(rows, count))}
    return [replace(e, ideal=f"rare_{names[e.id] // 2}") if e.id in names else e for e in rows], set(names)


def _strays(example: Example, draw: random.Random) -> Example:
    return replace(example, input=draw.choice(_INSTRUCTIONS))


def _reworded(split: Split) -> Plant:
    """Both of a pair that says the same in other words; the second stands in `split`."""

    def plant(rows: list[Example], draw: random.Random, count: int) -> tuple[list[Example], set[str]]:
        made = []
        for i, (one, other) in enumerate(_SAME[:count]):
            made.append(replace(rows[1], id=f"s{i}", input=one, split=Split.train))
            made.append(replace(rows[1], id=f"p-s{i}", input=other, split=split))
        return rows + made, {e.id for e in made if e.id.startswith("p-")}

    return plant


def _politely(text: str, draw: random.Random) -> str:
    return draw.choice(("Hello, {}", "{} Thank you!", "Hi there. {}", "{} Please help.", "Quick question: {}")).format(
        text
    )


_LABELS = ("card_arrival", "exchange_rate", "pin_blocked", "top_up_failed", "request_refund", "age_limit")
_INSTRUCTIONS = [
    row["instruction"]
    for row in json.loads((SHARED / "chat-formats" / "alpaca_en_demo.json").read_text("utf-8"))
    if not row["input"]
][:300]
_SAME = (
    ("When will my new card get here?", "How long until the new card arrives?"),
    ("My card was stolen, what should I do?", "Somebody took my card. What now?"),
    ("I forgot my PIN.", "I can't remember the PIN of my card."),
    ("Why was I charged twice for one purchase?", "The same payment was taken from my account two times."),
    ("How do I close my account?", "I want to delete my account, how does that work?"),
    ("Can I change the address you have for me?", "I have moved, how can I update my address?"),
    ("The ATM kept my card.", "My card got swallowed by the cash machine."),
    ("What exchange rate do you use?", "Which rate is used when you convert currencies?"),
    ("My transfer has not arrived yet.", "The money I sent still is not there."),
    ("How old must one be to open an account?", "What is the minimum age for an account?"),
    ("Do you take American Express?", "Can I use my Amex with you?"),
    ("I would like my money back for this purchase.", "Please refund what I bought."),
    ("Can I have a second card for my daughter?", "I need an additional card for my child."),
    ("My top-up did not work.", "Adding money to my account failed."),
    ("Why was my payment declined?", "My card payment got rejected, for what reason?"),
    ("How do I verify who I am?", "What do you need to check my identity?"),
    ("Which countries do you work in?", "In what countries is your service available?"),
    ("Is there a fee for taking out cash?", "Do you charge for withdrawals at an ATM?"),
    ("There is a payment I did not make.", "I don't recognise one of the transactions."),
    ("How do I get a virtual card?", "Where can I order a card that is only online?"),
)

BY_LETTERS: dict[str, Plant] = {
    "exact_duplicates: in capitals": _copies(lambda e, d: replace(e, input=e.input.upper())),
    "near_duplicates: a letter lost": _copies(lambda e, d: replace(e, input=_typo(e.input, d))),
    "contradictions: another answer": _copies(lambda e, d: replace(e, ideal=f"No, never. {e.ideal}")),
    "exact_leakage: in the test too": _copies(lambda e, d: replace(e, split=Split.test)),
    "near_leakage: in the test, a letter lost": _copies(
        lambda e, d: replace(e, input=_typo(e.input, d), split=Split.test)
    ),
    "group_leakage: a customer on both sides": _of_a_group,
    "near_contradictions: a letter lost, another answer": _copies(
        lambda e, d: replace(e, input=_typo(e.input, d), ideal=_ANSWER)
    ),
    "empty_ideals": _changed(lambda e, d: replace(e, ideal="", status=Status.draft)),
    "near_empty_ideals": _changed(lambda e, d: replace(e, ideal=d.choice(("TODO", "n/a", "...", "-")))),
    "rule_broken": _changed(lambda e, d: replace(e, ideal=e.ideal.replace("Kind regards", "Cheers"))),
    "unknown_slices": _changed(lambda e, d: replace(e, slice="misc")),
    "no_right: consent withdrawn": _changed(lambda e, d: replace(e, consent=Consent.withdrawn)),
    "outdated": _changed(lambda e, d: replace(e, review_by="2026-01-01")),
    "consent_unknown": _changed(lambda e, d: replace(e, consent=Consent.unknown)),
    "not_approved": _changed(lambda e, d: replace(e, status=Status.in_review)),
    "personal_data: a phone number": _changed(
        lambda e, d: replace(e, input=f"{e.input} Call +44 20 7946 0{d.randrange(100, 999)}.")
    ),
    "maybe_personal: an address by number": _changed(
        lambda e, d: replace(e, input=f"{e.input} It came from 93.184.216.{d.randrange(1, 255)}.")
    ),
    "boilerplate": _changed(lambda e, d: replace(e, ideal=_ANSWER)),
    "unusual_length": _changed(lambda e, d: replace(e, ideal=f"{'very ' * 600}{e.ideal}")),
    "too_long: 600 words more": _changed(lambda e, d: replace(e, ideal=f"{'very ' * 600}{e.ideal}")),
    "too_long: a long system text": _changed(lambda e, d: replace(e, system="Be brief and kind. " * 120)),
    "other_language: the input": _changed(lambda e, d: replace(e, input=_foreign(d))),
    "other_language: the answer": _changed(lambda e, d: replace(e, ideal=f"{_foreign(d)} Kind regards")),
    "answered_in_another_language": _changed(lambda e, d: replace(e, ideal=f"{_foreign(d)} Kind regards")),
    "damaged_texts: UTF-8 read as Windows-1252": _changed(
        lambda e, d: replace(e, input=f"{e.input} {'Das Café öffnet'.encode().decode('cp1252')}.")
    ),
    "damaged_texts: a lost or invisible character": _changed(
        lambda e, d: replace(e, ideal=f"{e.ideal[:20]}{d.choice(chr(0xFFFD) + chr(0x200B) + chr(7))}{e.ideal[20:]}")
    ),
}

BY_MEANING: dict[str, Plant] = {
    "label_noise: another label": _changed(_other_label),
    "label_balance: labels of two examples": _rare_labels,
    "outliers: an instruction about something else": _changed(_strays),
    "alike_in_meaning: with polite words around": _copies(lambda e, d: replace(e, input=_politely(e.input, d))),
    "near_duplicates: with polite words around": _copies(lambda e, d: replace(e, input=_politely(e.input, d))),
    "alike_in_meaning: in other words": _reworded(Split.train),
    "meaning_leakage: in other words": _reworded(Split.test),
    "alike_in_meaning: short, a letter lost": _short_copies(lambda e, d: replace(e, input=_typo(e.input, d))),
    "near_duplicates: short, a letter lost": _short_copies(lambda e, d: replace(e, input=_typo(e.input, d))),
    "near_contradictions: polite words, another label": _copies(
        lambda e, d: _other_label(replace(e, input=_politely(e.input, d)), d)
    ),
}
