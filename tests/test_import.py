"""Import: every file is read right or refused in plain words, and no row is lost on the way."""

import gzip
import io
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from studio.examples.batch import LIMITS, MIB, ParsedBatch
from studio.examples.parse import parse_file
from studio.examples.sandbox import parse_untrusted
from studio.examples.shapes import ColumnsUnclear
from studio.records import Refusal, Split, Status

TWO_ROWS = "prompt,completion\nWhere is it?,On its way.\nMay I return it?,Yes.\n"


def read(tmp_path: Path, data: bytes | str, name: str = "rows.csv", **options: object) -> ParsedBatch:
    file = tmp_path / "upload"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return parse_file(file, name=name, **options)  # type: ignore[arg-type]


def texts(batch: ParsedBatch) -> list[tuple[str, str]]:
    return [(r.input, r.ideal) for r in batch.rows]


def test_the_uploader_says_the_size_that_the_parser_takes() -> None:
    config = tomllib.loads((Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["maxUploadSize"] * MIB == LIMITS.file_bytes


TEXTS = [("Where is it?", "On its way."), ("May I return it?", "Yes.")]


@pytest.mark.parametrize(
    "data",
    [
        TWO_ROWS.encode(),
        TWO_ROWS.encode("utf-8-sig"),
        TWO_ROWS.encode("utf-16"),
        b"\xfe\xff" + TWO_ROWS.encode("utf-16-be"),
        TWO_ROWS.replace("\n", "\r").encode(),
        TWO_ROWS.replace("\n", "\r\n").encode(),
        TWO_ROWS.replace(",", ";").encode(),
        TWO_ROWS.replace(",", "\t").encode(),
        TWO_ROWS.replace(",", "|").encode(),
        ("\n\n" + TWO_ROWS + "\n,\n").encode(),
    ],
    ids=["utf-8", "mark", "utf-16", "utf-16-be", "cr", "crlf", "semicolons", "tabs", "bars", "blank-rows"],
)
def test_a_csv_reads_the_same_however_it_was_saved(tmp_path: Path, data: bytes) -> None:
    assert texts(read(tmp_path, data)) == TEXTS


def test_row_numbers_are_those_of_the_spreadsheet(tmp_path: Path) -> None:
    batch = read(tmp_path, 'prompt,completion\n"two\nlines",a\n\nonly one cell\n ,no input\nok,\n')
    assert [(r.row, r.input, r.ideal) for r in batch.rows] == [(2, "two\nlines", "a"), (6, "ok", "")]
    assert [(r.row, r.reason) for r in batch.refused] == [
        (4, "the row has 1 cell where the header has 2"),
        (5, "the input is empty"),
    ]
    assert batch.total == 4
    assert "Blank rows skipped: 1." in batch.notes
    assert "Rows whose ideal output is still to be written: 1." in batch.notes


def test_an_old_windows_file_is_read_and_said_so(tmp_path: Path) -> None:
    batch = read(tmp_path, "prompt,completion\nCafé “au lait”?,Oui\n".encode("cp1252"))
    assert batch.rows[0].input == "Café “au lait”?"
    assert any("Windows/Latin-1" in note for note in batch.notes)


def test_damaged_text_is_refused_by_row_and_the_rest_kept(tmp_path: Path) -> None:
    data = "prompt,completion\nçà été,ok\n".encode() + b"a\x00b,x\nc\xffd,x\n" + "e�f,x\ng\x1bh,x\n".encode()
    batch = read(tmp_path, data)
    assert [r.input for r in batch.rows] == ["çà été"]
    assert [r.row for r in batch.refused] == [3, 4, 5, 6]
    assert ["NUL" in batch.refused[0].reason, "lost character" in batch.refused[2].reason] == [True, True]


def test_broken_quotes_refuse_their_row_and_what_belongs_to_it(tmp_path: Path) -> None:
    batch = read(tmp_path, 'prompt,completion\n"a "b" c\nd",x\ne,f\n')
    assert texts(batch) == [("e", "f")]
    assert [r.row for r in batch.refused] == [2, 3]
    assert "row 2" in batch.refused[1].reason


def test_splits_slices_kinds_and_status_are_honoured(tmp_path: Path) -> None:
    header = "Input,Ideal,Slice,Split,Kinds,Status,Notes\n"
    batch = read(tmp_path, header + "q1,a1, delivery ,Test,edge case|vague,approved,x\nq2,a2,,holdout,,,\nq3,a3,,,,,\n")
    first, last = batch.rows
    assert (first.slice, first.split, first.kinds) == ("delivery", Split.test, ("edge case", "vague"))
    assert (first.status, last.split, last.status) == (Status.approved, None, None)
    assert batch.refused[0].reason == 'the split "holdout" is none of train, validation and test'
    assert "Columns not imported: Notes." in batch.notes


def test_the_status_words_of_another_tool_are_left_out_and_said(tmp_path: Path) -> None:
    batch = read(tmp_path, "prompt,completion,status\nq,a,closed\nr,b,approved\n")
    assert [r.status for r in batch.rows] == [None, None]
    assert any("another tool" in note for note in batch.notes)


def test_columns_are_mapped_by_hand_when_their_names_say_nothing(tmp_path: Path) -> None:
    data = "what they wrote,what we said,id\nhello,hi,1\n"
    with pytest.raises(ColumnsUnclear, match="choose the two columns") as unclear:
        read(tmp_path, data)
    assert unclear.value.columns == ("what they wrote", "what we said", "id")
    batch = read(tmp_path, data, mapping={"prompt": "What they wrote", "completion": "what we said"})
    assert texts(batch) == [("hello", "hi")]
    with pytest.raises(Refusal, match='no column "reply"'):
        read(tmp_path, data, mapping={"prompt": "what they wrote", "completion": "reply"})


@pytest.mark.parametrize(
    ("columns", "shape"),
    [
        ("prompt,completion", "prompt/completion"),
        ("input,ideal", "input/ideal"),
        ("input,output", "input/output"),
        ("Question,Answer", "question/answer"),
        ("instruction,output", "alpaca"),
        ("text,label", "text/label"),
    ],
)
def test_shapes_are_known_by_their_columns(tmp_path: Path, columns: str, shape: str) -> None:
    batch = read(tmp_path, f"{columns}\nq,a\n")
    assert (batch.shape, texts(batch)) == (shape, [("q", "a")])


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_sharegpt_and_alpaca(tmp_path: Path) -> None:
    share = {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]}
    assert texts(read(tmp_path, json.dumps([share]), "s.json")) == [("q", "a")]
    alpaca = [
        {"instruction": "Translate", "input": "Haus", "output": "house"},
        {"instruction": "Hi", "output": "Hello"},
    ]
    assert texts(read(tmp_path, json.dumps(alpaca), "a.json")) == [("Translate\n\nHaus", "house"), ("Hi", "Hello")]


def test_json_refuses_what_it_would_have_to_guess(tmp_path: Path) -> None:
    lines = '{"prompt": "q", "completion": {"priority": 2}}\n{"prompt": "a", "prompt": "b"}\n[1]\n{oops\n\n'
    lines += '{"prompt": "\\ud800"}\n'
    batch = read(tmp_path, lines, "rows.jsonl")
    assert texts(batch) == [("q", '{"priority": 2}')]
    assert [r.row for r in batch.refused] == [2, 3, 4, 6]
    with pytest.raises(Refusal, match="nested too deeply"):
        read(tmp_path, "[" * 100_000, "deep.json")


_OOXML = "http://schemas.openxmlformats.org"
_MAIN = f"{_OOXML}/spreadsheetml/2006/main"
_OFFICE = f"{_OOXML}/officeDocument/2006/relationships"


def workbook(cells: list[list[str]], extra: bytes = b"") -> bytes:
    """A minimal XLSX, written by hand so that nothing but the reader is under test."""
    rows = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t xml:space="preserve">{c}</t></is></c>' for c in row) + "</row>"
        for row in cells
    )
    book = '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", _relation("officeDocument", "xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{book}</workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", _relation("worksheet", "worksheets/sheet1.xml"))
        sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        archive.writestr("xl/media/picture.bin", extra)
    return out.getvalue()


def _relation(kind: str, target: str) -> str:
    one = f'<Relationship Id="r1" Type="{_OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_OOXML}/package/2006/relationships">{one}</Relationships>'


def test_spreadsheets_and_parquet(tmp_path: Path) -> None:
    batch = read(tmp_path, workbook([["prompt", "completion"], ["=1+1", "'x"], ["", "a"]]), "book.xlsx")
    assert (batch.format, [(r.row, r.input, r.ideal) for r in batch.rows]) == ("xlsx", [(2, "=1+1", "'x")])
    assert [(r.row, r.reason) for r in batch.refused] == [(3, "the input is empty")]

    table = pyarrow.table({"prompt": ["q", None], "completion": [True, False], "slice": ["s", "s"]})
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    batch = parse_file(tmp_path / "rows.parquet", name="rows.parquet")
    assert (batch.format, texts(batch), batch.refused[0].row) == ("parquet", [("q", "true")], 2)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("rows.csv", b"", "is empty"),
        ("rows.csv", b"prompt,completion\n", "no rows below"),
        ("rows.csv", b'prompt,completion\n"never closed,a\nb,c\n', "Row 2 opens a quote"),
        ("rows.csv", b"prompt,prompt,completion\na,b,c\n", "Two columns"),
        ("rows.csv", "prompt,completion\na,b\n".encode("utf-16")[2:], "not readable text"),
        ("rows.csv", b"\x81\x8d\x8f\x90\xff", "neither UTF-8 nor"),
        ("rows.csv.gz", gzip.compress(b"prompt", mtime=0), "gzip archive: unpack"),
        ("rows.xlsx", b"PK\x03\x04 broken", "damaged"),
        ("rows.xlsx", b"prompt,completion\na,b\n", "not an XLSX file"),
        ("rows.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "cannot be read"),
        ("rows.parquet", b"PAR1 broken", "cannot be read"),
        ("rows.json", b'{"a": 1}', "no list of examples"),
        ("rows.jsonl", b"a\nb\n", "No line of this file"),
    ],
)
def test_files_that_cannot_be_read_are_refused_in_plain_words(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    with pytest.raises(Refusal, match=words):
        read(tmp_path, data, name)


def test_the_sandbox_gives_the_same_batch(tmp_path: Path) -> None:
    file = tmp_path / "x"
    header = "prompt,completion,split,kinds,status,system,earlier,tags,consent,expires\n"
    row = """q,a,test,vague,approved,Be kind.,"[[""hi"",""hello""]]",x|y,given,2027-01-31\n"""
    file.write_text(header + row + "q2,,,,,,,,,\n,b,,,,,,,,\n")
    assert parse_untrusted(file, name="x.csv") == parse_file(file, name="x.csv")
    file.write_text("a,b\n1,2\n")
    with pytest.raises(ColumnsUnclear) as unclear:
        parse_untrusted(file, name="x.csv")
    assert unclear.value.columns == ("a", "b")


def test_the_sandbox_stops_a_file_that_wants_too_much(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(workbook([["prompt"], ["q"]], extra=bytes(3_000_000)))
    with pytest.raises(Refusal, match="Unpacked, this file would take"):
        parse_untrusted(file, name="x.xlsx", limits=replace(LIMITS, unpacked_bytes=2_000_000))
    file.write_text(json.dumps([{"prompt": "q" * 1000}] * 60_000))
    with pytest.raises(Refusal, match="memory"):
        parse_untrusted(file, name="x.json", limits=replace(LIMITS, memory_bytes=160 * 2**20))
    with pytest.raises(Refusal, match="longer than 0.05 seconds"):
        parse_untrusted(file, name="x.json", limits=replace(LIMITS, wall_seconds=0.05))
    with pytest.raises(Refusal, match="more than 1,000 rows"):
        parse_untrusted(file, name="x.json", limits=replace(LIMITS, rows=1000))


def test_the_parser_process_loads_no_database_and_no_pages() -> None:
    code = "import studio.examples.sandbox, studio.examples.parse, sys; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert not {"duckdb", "streamlit", "torch", "pandas"} & set(loaded.stdout.split())


def test_a_long_reading_says_how_far_it_is_and_stops_when_told(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_text("prompt,completion\n" + "Where is my parcel?,On its way.\n" * 60_000)
    shares: list[float] = []
    assert len(parse_untrusted(file, name="x.csv", told=shares.append).rows) == 60_000
    assert shares == sorted(shares) and 0 < shares[-1] <= 1

    def leave(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parse_untrusted(file, name="x.csv", told=leave)
