"""Damaged files, by the thousand: `python -m benchmarks.fuzz [--files 10000] [--seed 1]`

Files of every format are damaged at random and read in a child process under the import's own memory limit, one child
for many files. Counted are crashes (an exception that is no Refusal, or a child that died), rows that came back
damaged, and files that took more than 5 s. The promise is none of either. A file that is found is kept for a look.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from studio.examples.batch import ParsedBatch
from studio.examples.parse import parse_file
from studio.examples.shapes import ColumnsUnclear

TOO_LONG_S = 5.0
_BIGGEST_SEED = 60_000
_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_TOKENS = (
    b'"', b"'", b",", b";", b"\t", b"\r", b"\n", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3",
    b"{", b"}", b"[", b"]", b":", b"\\u0000", b"\\ud800", b"null", b"NaN", b"1e999", b"-0", b'{"role":"user"}',
    b'"messages":', b"[" * 300, b'"' * 99, b"\n" * 50, b"=1+1", b"&amp;", b"&#x0;", b"<row/>",
    b'<c r="ZZZ999999"/>', b"9" * 400, b"\xe2\x80\xa8",
)  # fmt: skip
Seed = tuple[str, bytes]


# -- seeds: small whole files of every format ------------------------------------------------------


def own_seeds() -> list[Seed]:
    """A small file of each format and shape that the studio reads."""
    table = "prompt,completion,slice,kinds,split,earlier,expires\n" + "".join(
        f'"Where is ""it"", {n}?","On its way.\nTruly.",a,vague|edge_case,test,,2027-01-0{n}\n' for n in range(1, 6)
    )
    turns = [{"role": r, "content": f"{r} says"} for r in ("system", "user", "assistant", "user", "assistant")]
    parts = [{"role": "user", "content": [{"type": "text", "text": "q"}]}, {"role": "assistant", "content": "a"}]
    share = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]
    alpaca = {"instruction": "i", "input": "x", "output": "y", "history": [["q", "a"]], "system": "s"}
    pair = {"prompt": [turns[1]], "chosen": [turns[2]], "rejected": [turns[4]]}
    choice = {"from_name": "topic", "to_name": "text", "type": "choices", "value": {"choices": ["x"]}}
    studio = {"id": 1, "data": {"text": "q"}, "annotations": [{"result": [choice], "was_cancelled": False}]}
    argilla = {"fields": {"text": "q"}, "responses": {"label": [{"value": "x", "user_id": "u"}]}, "suggestions": {}}
    seeds: list[Seed] = [
        ("rows.csv", table.encode()), ("marked.csv", table.encode("utf-8-sig")), ("wide.csv", table.encode("utf-16")),
        ("old.csv", "prompt;completion\nCafé?;Öl\n".encode("cp1252")), ("rows.tsv", table.replace(",", "\t").encode()),
        ("rows.xlsx", _xlsx()), ("rows.parquet", _parquet()),
    ]  # fmt: skip
    shapes = {"chat": {"messages": turns}, "parts": {"messages": parts}, "share": {"conversations": share},
              "alpaca": alpaca, "pair": pair, "thumb": {"messages": turns, "label": False}, "studio": studio,
              "argilla": argilla, "plain": {"prompt": "q", "completion": "a", "tags": ["x"]}}  # fmt: skip
    for name, row in shapes.items():
        seeds.append((f"{name}.json", json.dumps([row] * 4, indent=1).encode()))
        seeds.append((f"{name}.jsonl", "".join(json.dumps(row) + "\n" for _ in range(4)).encode()))
    return seeds


def shared_seeds() -> list[Seed]:
    """Other people's awkward files, where this machine has them."""
    files = sorted(f for f in _SHARED.rglob("*.*") if f.is_file() and f.stat().st_size <= _BIGGEST_SEED)
    return [(f.name, f.read_bytes()) for f in files if f.suffix not in (".md", ".py")]


def _parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    out = io.BytesIO()
    rows = {"prompt": ["q", "r", "s"], "completion": ["a", "b", None], "tags": [["x"], [], None]}
    pyarrow.parquet.write_table(pyarrow.table(rows), out)
    return out.getvalue()


def _xlsx() -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    cells = [["prompt", "completion"], ["q", "a"], ["r", "b"]]
    rows = ""
    for row in cells:
        rows += "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>"
    link = '<Relationships xmlns="{}"><Relationship Id="r1" Type="{}/{}" Target="{}"/></Relationships>'
    sheets = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    members = {
        "_rels/.rels": link.format(package, office, "officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": link.format(package, office, "worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return _zipped({name: text.encode() for name, text in members.items()})


def _zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


# -- damage ----------------------------------------------------------------------------------------


def damaged(seeds: list[Seed], draw: random.Random) -> Seed:
    """One of the files with one to six things wrong with it. In a spreadsheet mostly what is packed inside."""
    name, data = draw.choice(seeds)
    if data.startswith(b"PK\x03\x04") and draw.random() < 0.8:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {i.filename: archive.read(i) for i in archive.infolist()}
        chosen = draw.choice(sorted(members))
        members[chosen] = _wrong(members[chosen], seeds, draw)
        data = _zipped(members)
    else:
        data = _wrong(data, seeds, draw)
    if draw.random() < 0.05:
        name = draw.choice(seeds)[0]  # a name that promises another format
    return name, data


def _wrong(data: bytes, seeds: list[Seed], draw: random.Random) -> bytes:
    for _ in range(draw.randint(1, 6)):
        at, length = draw.randint(0, len(data)), draw.choice([1, 1, 2, 4, 16, 64, 500])
        kind = draw.randrange(7)
        if kind == 0 and data:
            place = min(at, len(data) - 1)
            data = data[:place] + bytes([data[place] ^ (1 << draw.randrange(8))]) + data[place + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + length :]
        elif kind == 2:
            data = data[:at] + draw.randbytes(length) + data[at:]
        elif kind == 3:
            data = data[:at] + data[at : at + length] * draw.randint(2, 20) + data[at:]
        elif kind == 4:
            data = data[:at] if draw.random() < 0.3 else data[:at] + data[at + length :] + data[at : at + length]
        elif kind == 5:
            other = draw.choice(seeds)[1]
            start = draw.randint(0, len(other))
            data = data[:at] + other[start : start + length] + data[at:]
        else:
            data = data[:at] + draw.choice(_TOKENS) + data[at:]
    return data


# -- reading ---------------------------------------------------------------------------------------


def child() -> None:
    """Reads "path<TAB>name" lines and answers each with what became of the file."""
    from studio.examples.batch import LIMITS
    from studio.examples.sandbox import limit_memory
    from studio.records import Refusal

    limit_memory(LIMITS)
    for line in sys.stdin:
        path, name = line.rstrip("\n").split("\t")
        try:
            batch = _as_a_person_would(Path(path), name)
            numbers = [r.row for r in (*batch.rows, *batch.refused)]
            texts = "".join(r.input + r.ideal + r.system + "".join(t.text for t in r.earlier) for r in batch.rows)
            texts.encode()  # fails for half of a character
            whole = len(numbers) == len(set(numbers)) == batch.total and "\x00" not in texts
            said = "read" if whole and all(r.input.strip() for r in batch.rows) else "DAMAGED rows came back"
        except (Refusal, MemoryError):
            said = "refused"
        except BaseException:
            said = "CRASH " + traceback.format_exc().strip().replace("\n", " | ")
        print(said, flush=True)


def _as_a_person_would(path: Path, name: str) -> ParsedBatch:
    """Reads the file; when its columns say nothing, the first named one is the prompt and the last the completion."""
    try:
        return parse_file(path, name=name)
    except ColumnsUnclear as unclear:
        named = [c for c in unclear.columns if c.strip() and unclear.columns.count(c) == 1]
        if not named:
            raise
        mapping = {"prompt": named[0]} | ({"completion": named[-1]} if len(named) > 1 else {})
        return parse_file(path, name=name, mapping=mapping)


class Reader:
    """The child, started anew when it dies or hangs."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "benchmarks.fuzz", "--child"]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       stderr=subprocess.DEVNULL, cwd=Path(__file__).resolve().parents[1])  # fmt: skip

    def read(self, path: Path, name: str) -> str:
        """What became of the file: "read", "refused", or what went wrong."""
        assert self._child.stdin and self._child.stdout
        stop = threading.Timer(TOO_LONG_S, self._child.kill)
        began = time.monotonic()
        stop.start()
        try:
            self._child.stdin.write(f"{path}\t{name}\n")
            self._child.stdin.flush()
            said = self._child.stdout.readline().strip()
        except BrokenPipeError:
            said = ""
        finally:
            stop.cancel()
        if not said:
            code = self._child.wait()
            self._start()
            said = "HANG" if time.monotonic() - began >= TOO_LONG_S else f"CRASH the reader ended with {code}"
        return said

    def close(self) -> None:
        assert self._child.stdin
        self._child.stdin.close()
        self._child.wait()


@dataclass
class Found:
    """What became of the files, and each one that went wrong: (name, bytes, what)."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[tuple[str, bytes, str]] = field(default_factory=list)
    slowest_s: float = 0.0


def fuzz(seeds: list[Seed], files: int, seed: int) -> Found:
    """Reads `files` damaged files, the same ones for the same seeds and seed."""
    draw, found, reader = random.Random(seed), Found(), Reader()
    with tempfile.TemporaryDirectory(prefix="studio-fuzz-") as folder:
        path = Path(folder) / "upload"
        for _ in range(files):
            name, data = damaged(seeds, draw)
            path.write_bytes(data)
            began = time.monotonic()
            said = reader.read(path, name)
            found.slowest_s = max(found.slowest_s, time.monotonic() - began)
            found.counts[said.split()[0]] += 1
            if said not in ("read", "refused"):
                found.wrong.append((name, data, said))
    reader.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Damaged files, by the thousand.")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child()
        return 0
    began, seeds = time.monotonic(), own_seeds() + shared_seeds()
    found = fuzz(seeds, asked.files, asked.seed)
    counts = found.counts
    print(f"{asked.files:,} damaged files from {len(seeds)} whole ones in {time.monotonic() - began:.0f} s")
    print(f"read {counts['read']:,}, refused {counts['refused']:,}, slowest {found.slowest_s:.2f} s")
    print(f"crashes {counts['CRASH']}, hangs over {TOO_LONG_S:g} s {counts['HANG']}, damaged rows {counts['DAMAGED']}")
    for number, (name, data, said) in enumerate(found.wrong[:20]):
        kept = Path(tempfile.gettempdir()) / f"studio-fuzz-{asked.seed}-{number}-{name}"
        kept.write_bytes(data)
        print(f"  {kept}: {said[-300:]}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
