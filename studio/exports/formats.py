"""The formats examples leave the studio in, and what each cannot hold: said before, and never dropped silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from studio.exports import chats, tables, texts
from studio.exports.texts import to_and_fro
from studio.records import Example, Refusal, Split, sha256

_ALL = frozenset({"system", "earlier", "worse", "facts", "split", "unanswered"})


@dataclass(frozen=True)
class Format:
    """`holds`: of system text, earlier turns, a worse answer, the facts beside the texts (slice, tags, rights ...),
    the split, and rows without an ideal output, what it has a place for. `ending` of the file's name."""

    name: str
    label: str
    ending: str
    mime: str
    holds: frozenset[str]
    build: Callable[[Sequence[Example]], bytes]


_SPOKEN = {Split.train: "training", Split.validation: "validation", Split.test: "test"}
_LINES = "application/jsonl"
FORMATS: Mapping[str, Format] = {f.name: f for f in (
    Format("csv", "CSV for spreadsheets", ".csv", "text/csv", _ALL, tables.csv_table),
    Format("jsonl", "JSON Lines, every field", ".jsonl", _LINES, _ALL, texts.whole),
    Format("parquet", "Parquet, every field", ".parquet", "application/vnd.apache.parquet", _ALL, tables.parquet),
    Format("trl", "JSON Lines for training (chat, TRL)", "-chat.jsonl", _LINES, _ALL, chats.trl),
    Format("trl-text", "JSON Lines for training (two texts, TRL)", "-texts.jsonl", _LINES, frozenset(),
           texts.prompt_completion),
    Format("openai", "OpenAI chat, JSON Lines", "-openai.jsonl", _LINES, frozenset({"system", "earlier"}),
           chats.openai),
    Format("alpaca", "Alpaca, JSON Lines", "-alpaca.jsonl", _LINES, frozenset({"system", "pairs"}), texts.alpaca),
    Format("sharegpt", "ShareGPT, JSON Lines", "-sharegpt.jsonl", _LINES, frozenset({"system", "earlier"}),
           chats.sharegpt),
)}  # fmt: skip


@dataclass(frozen=True)
class Contents:
    """What there is in some examples that not every format holds: how many have it. `uneven`: those whose earlier turns
    are not questions with their answers. `splits`: split ("" for none) -> examples."""

    rows: int
    splits: Mapping[str, int]
    system: int
    earlier: int
    uneven: int
    worse: int
    unanswered: int


@dataclass(frozen=True)
class Exported:
    """A file's bytes, the number of examples in them, their SHA-256 in hex, and what the file does not hold."""

    format: str
    rows: int
    data: bytes
    sha256: str
    notes: tuple[str, ...]


def contents(examples: Iterable[Example]) -> Contents:
    given = list(examples)
    return Contents(
        len(given), dict(Counter(e.split.value if e.split else "" for e in given)), sum(bool(e.system) for e in given),
        sum(bool(e.earlier) for e in given), sum(not to_and_fro(e) for e in given), sum(bool(e.worse) for e in given),
        sum(not e.ideal.strip() for e in given),
    )  # fmt: skip


def of_name(name: str) -> Format:
    """Raises Refusal for a name that is no format."""
    if name not in FORMATS:
        raise Refusal(f'"{name}" is not a format examples are exported in; choose one of {", ".join(FORMATS)}.')
    return FORMATS[name]


def notes(found: Contents, format: Format) -> list[str]:
    """What the file would not hold of such examples, a sentence each; empty when it holds everything."""
    counted = (
        (found.unanswered, "unanswered", "left out: without an ideal output there is nothing to learn"),
        (found.earlier, "earlier", "left out: the file has no place for the turns before the last message"),
        (found.system, "system", "written without their system text"),
        (found.worse, "worse", "written without their worse answer"),
    )
    said = [
        f"{count:,} of {found.rows:,} examples are {words}."
        for count, what, words in counted
        if count and what not in format.holds and not (what == "earlier" and "pairs" in format.holds)
    ]
    if found.uneven and "pairs" in format.holds:
        said.append(
            f"{found.uneven:,} of {found.rows:,} examples are left out: their earlier turns are not questions with "
            "their answers, and the file's history knows nothing else."
        )
    if "split" not in format.holds and len(found.splits) > 1:
        parts = ", ".join(f"{count:,} {_SPOKEN[Split(s)] if s else 'unassigned'}" for s, count in found.splits.items())
        said.append(f"The file cannot tell {parts} examples apart: keep it from training, or export one part alone.")
    if "facts" not in format.holds:
        said.append("Slices, tags, kinds, groups, sources and rights are not in this format.")
    return said


def export(examples: Iterable[Example], name: str) -> Exported:
    """The examples in their order; those that the format cannot hold are left out and counted in `notes`.

    Raises Refusal for a format that is not in `FORMATS`, and when nothing is left to write.
    """
    format, given = of_name(name), list(examples)
    kept = [e for e in given if _takes(format, e)]
    if given and not kept:
        raise Refusal(f"None of these examples can be written as {name}: {' '.join(notes(contents(given), format))}")
    data = format.build(kept)
    return Exported(name, len(kept), data, sha256(data), tuple(notes(contents(given), format)))


def _takes(format: Format, example: Example) -> bool:
    if "unanswered" not in format.holds and not example.ideal.strip():
        return False
    if "pairs" in format.holds:
        return to_and_fro(example)
    return "earlier" in format.holds or not example.earlier


def part(splits: Mapping[str, int], format: Format, wanted: Split | None) -> tuple[Split | None, list[str]]:
    """Which split of a frozen set goes into a file (None: all of them), and what is said of the rest: the one that is
    wanted, or all; where a file could not tell test from training, only training. `splits`: split -> examples.

    Raises Refusal when that part is empty.
    """
    there = [s for s in Split if splits.get(s)]
    if wanted is None and "split" in format.holds:
        names = ", ".join(_SPOKEN[s] for s in there)
        told = f"The file holds all splits ({names}): its column “split” says which, a trainer does not ask."
        return None, [told] if len(there) > 1 else []
    taken = wanted or Split.train
    if not splits.get(taken):
        raise Refusal(f"This set has no {_SPOKEN[taken]} examples. Nothing was written. Choose another split.")
    rest = " and ".join(f"{splits[s]:,} for {_SPOKEN[s]}" for s in there if s is not taken)
    told = f"The file holds the {splits[taken]:,} {_SPOKEN[taken]} examples; not in it: {rest}."
    return taken, [told] if rest else []


def of_split(examples: Iterable[Example], format: Format, wanted: Split | None) -> tuple[list[Example], list[str]]:
    """The examples of a frozen set that go into a file, and what is said of the rest; see `part`."""
    given = list(examples)
    taken, told = part(contents(given).splits, format, wanted)
    return [e for e in given if taken is None or e.split is taken], told
