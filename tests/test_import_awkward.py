"""Other people's awkward files (shared/data): each is read right or refused in plain words, by a table."""

from pathlib import Path

import pytest

from studio.examples.batch import ParsedBatch
from studio.examples.parse import parse_file
from studio.examples.shapes import ColumnsUnclear
from studio.records import Refusal

SHARED = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not here")

# What becomes of every file in shared/data when its first and last named columns are taken for prompt and
# completion where its own names do not say: rows kept, rows refused; or a part of the refusal.
EXPECTED = {
    "awkward-files/csvkit/examples/bad.csv": (1, 2),
    "awkward-files/csvkit/examples/bad_skip_lines.csv": (1, 2),
    "awkward-files/csvkit/examples/blanks.csv": (0, 1),
    "awkward-files/csvkit/examples/blanks_converted.csv": "no rows below",
    "awkward-files/csvkit/examples/date_like_number.csv": (1, 0),
    "awkward-files/csvkit/examples/dummy.csv": (1, 0),
    "awkward-files/csvkit/examples/dummy.csv.bz2": "bzip2 archive",
    "awkward-files/csvkit/examples/dummy.csv.gz": "gzip archive",
    "awkward-files/csvkit/examples/dummy.tsv": (1, 0),
    "awkward-files/csvkit/examples/dummy.xls": (1, 0),
    "awkward-files/csvkit/examples/dummy.xlsx": (1, 0),
    "awkward-files/csvkit/examples/dummy2.csv": (1, 0),
    "awkward-files/csvkit/examples/dummy3.csv": (2, 0),
    "awkward-files/csvkit/examples/dummy_col_shuffled.csv": (1, 0),
    "awkward-files/csvkit/examples/dummy_col_shuffled_ragged.csv": (1, 0),
    "awkward-files/csvkit/examples/empty.csv": "is empty",
    "awkward-files/csvkit/examples/foo1.csv": (2, 0),
    "awkward-files/csvkit/examples/foo2.csv": (2, 0),
    "awkward-files/csvkit/examples/iris.csv": (150, 0),
    "awkward-files/csvkit/examples/irismeta.csv": (3, 0),
    "awkward-files/csvkit/examples/join_a.csv": (3, 0),
    "awkward-files/csvkit/examples/join_a_short.csv": (1, 2),
    "awkward-files/csvkit/examples/join_b.csv": (3, 0),
    "awkward-files/csvkit/examples/join_no_header_row.csv": (3, 0),
    "awkward-files/csvkit/examples/join_short.csv": (2, 0),
    "awkward-files/csvkit/examples/mac_newlines.csv": (2, 0),
    "awkward-files/csvkit/examples/no_header_row.csv": "no rows below",
    "awkward-files/csvkit/examples/no_header_row2.csv": "no rows below",
    "awkward-files/csvkit/examples/no_header_row3.csv": (1, 0),
    "awkward-files/csvkit/examples/null_byte.csv": (0, 1),
    "awkward-files/csvkit/examples/optional_quote_characters.csv": (1, 0),
    "awkward-files/csvkit/examples/realdata/Datagov_FY10_EDU_recp_by_State.csv": (56, 0),
    "awkward-files/csvkit/examples/realdata/FY09_EDU_Recipients_by_State.csv": (52, 0),
    "awkward-files/csvkit/examples/realdata/README.csv": (3, 0),
    "awkward-files/csvkit/examples/realdata/acs2012_5yr_population.csv": (93, 0),
    "awkward-files/csvkit/examples/realdata/census_2000/README.txt": (20, 10),
    "awkward-files/csvkit/examples/realdata/census_2000/VROUTFSJ.TXt": (1522, 32),
    "awkward-files/csvkit/examples/realdata/census_2000/census2000_geo_schema.csv": (83, 0),
    "awkward-files/csvkit/examples/realdata/census_2000/determination.csv": (1555, 0),
    "awkward-files/csvkit/examples/realdata/census_2000/determination_schema.csv": (21, 0),
    "awkward-files/csvkit/examples/realdata/census_2010/README.txt": (8, 4),
    "awkward-files/csvkit/examples/realdata/census_2010/census2010_geo_schema.csv": (101, 0),
    "awkward-files/csvkit/examples/realdata/census_2010/ilgeo2010_excerpt.csv": (1000, 0),
    "awkward-files/csvkit/examples/realdata/census_2010/ilgeo2010_excerpt.pl": (999, 0),
    "awkward-files/csvkit/examples/realdata/event-notification-rpt-lastmonth.txt": (72, 0),
    "awkward-files/csvkit/examples/realdata/ks_1033_data.csv": (1575, 0),
    "awkward-files/csvkit/examples/realdata/ne_1033_data.xlsx": (1036, 0),
    "awkward-files/csvkit/examples/sheets.xls": (5, 0),
    "awkward-files/csvkit/examples/sheets.xlsx": (5, 0),
    "awkward-files/csvkit/examples/sheetsxls_converted.csv": (5, 0),
    "awkward-files/csvkit/examples/sheetsxlsx_converted.csv": (5, 0),
    "awkward-files/csvkit/examples/sniff_limit.csv": (1, 0),
    "awkward-files/csvkit/examples/sort_ints_nulls.csv": (3, 0),
    "awkward-files/csvkit/examples/test.xls": (5, 0),
    "awkward-files/csvkit/examples/test.xlsx": (5, 0),
    "awkward-files/csvkit/examples/test_date_format.csv": (2, 0),
    "awkward-files/csvkit/examples/test_date_format_converted.csv": (2, 0),
    "awkward-files/csvkit/examples/test_empty_columns.csv": (1, 1),
    "awkward-files/csvkit/examples/test_empty_columns_long_row.csv": "no rows below",
    "awkward-files/csvkit/examples/test_empty_columns_short_row.csv": "no rows below",
    "awkward-files/csvkit/examples/test_extra_header.csv": (0, 1),
    "awkward-files/csvkit/examples/test_geo.csv": (17, 0),
    "awkward-files/csvkit/examples/test_geojson.csv": (0, 3),
    "awkward-files/csvkit/examples/test_geojson.json": (3, 0),
    "awkward-files/csvkit/examples/test_header_newline.csv": (1, 0),
    "awkward-files/csvkit/examples/test_ignore_case.csv": (5, 0),
    "awkward-files/csvkit/examples/test_join_short_rows.csv": (1, 2),
    "awkward-files/csvkit/examples/test_latin1.csv": (2, 0),
    "awkward-files/csvkit/examples/test_literal_order.csv": (3, 0),
    "awkward-files/csvkit/examples/test_locale.csv": (1, 0),
    "awkward-files/csvkit/examples/test_locale_converted.csv": (1, 0),
    "awkward-files/csvkit/examples/test_no_leading_zeroes.csv": (1, 0),
    "awkward-files/csvkit/examples/test_numeric_date_format.csv": (2, 0),
    "awkward-files/csvkit/examples/test_precision.csv": (1, 0),
    "awkward-files/csvkit/examples/test_skip_lines.csv": (1, 0),
    "awkward-files/csvkit/examples/test_skip_lines.xls": (5, 0),
    "awkward-files/csvkit/examples/test_skip_lines.xlsx": (5, 0),
    "awkward-files/csvkit/examples/test_utf16_big.csv": (2, 0),
    "awkward-files/csvkit/examples/test_utf16_little.csv": (2, 0),
    "awkward-files/csvkit/examples/test_utf8.csv": (2, 0),
    "awkward-files/csvkit/examples/test_utf8_bom.csv": (2, 0),
    "awkward-files/csvkit/examples/testdbf_converted.csv": (8, 0),
    "awkward-files/csvkit/examples/testjson.json": (5, 0),
    "awkward-files/csvkit/examples/testjson_converted.csv": (5, 0),
    "awkward-files/csvkit/examples/testjson_multiline.json": (1, 1),
    "awkward-files/csvkit/examples/testjson_multiline_converted.csv": (1, 1),
    "awkward-files/csvkit/examples/testjson_nested.json": (2, 0),
    "awkward-files/csvkit/examples/testjson_nested_converted.csv": (2, 0),
    "awkward-files/csvkit/examples/testxls_converted.csv": (5, 0),
    "awkward-files/csvkit/examples/testxls_unicode_converted.csv": (1, 0),
    "awkward-files/csvkit/examples/testxlsx_converted.csv": (5, 0),
    "awkward-files/csvkit/examples/testxlsx_noinference_converted.csv": (5, 0),
    "awkward-files/csvkit/examples/testxlsx_unicode_converted.csv": (1, 0),
    "awkward-files/frictionless/blank-cells.csv": (5, 0),
    "awkward-files/frictionless/blank-headers.csv": (2, 0),
    "awkward-files/frictionless/blank-rows-multiple.csv": (2, 0),
    "awkward-files/frictionless/blank-rows-no-fields.csv": (2, 0),
    "awkward-files/frictionless/blank-rows.csv": (2, 0),
    "awkward-files/frictionless/bom.csv": (2, 0),
    "awkward-files/frictionless/delimiter.csv": (2, 0),
    "awkward-files/frictionless/doublequote.csv": (5, 0),
    "awkward-files/frictionless/duplicate-column.csv": (1, 0),
    "awkward-files/frictionless/duplicate-headers.csv": (2, 0),
    "awkward-files/frictionless/duplicate-rows.csv": (3, 0),
    "awkward-files/frictionless/encoding-issue-274.csv": (507, 0),
    "awkward-files/frictionless/issue-1009-semicolon.csv": (1, 0),
    "awkward-files/frictionless/issue-1066-largecellsize.csv": (19, 0),
    "awkward-files/frictionless/issue-1066.csv": (21566, 58),
    "awkward-files/frictionless/issue-277.csv": (75, 0),
    "awkward-files/frictionless/issue-493.csv": (1, 8),
    "awkward-files/frictionless/issue-647.csv.txt": (882, 0),
    "awkward-files/frictionless/issue-811.csv": (7904, 0),
    "awkward-files/frictionless/latin1.csv": (2, 0),
    "awkward-files/frictionless/merged-cells.xls": "no rows below",
    "awkward-files/frictionless/multiline-headers.xlsx": (1, 2),
    "awkward-files/frictionless/nested.csv": (4, 0),
    "awkward-files/frictionless/sheet2.xlsx": (2, 0),
    "awkward-files/frictionless/sheets.xlsx": (1, 0),
    "awkward-files/frictionless/skip-blank-at-the-end.csv": (1, 1),
    "awkward-files/frictionless/skip-rows.xlsx": (2, 1),
    "awkward-files/frictionless/table-delimiter.csv": (2, 0),
    "awkward-files/frictionless/table-with-accents.csv": (638, 0),
    "awkward-files/frictionless/table-with-two-sheets.ods": (2, 0),
    "awkward-files/frictionless/table.json": (2, 0),
    "awkward-files/frictionless/table.jsonl": (2, 0),
    "awkward-files/frictionless/wide.csv": (3, 0),
    "awkward-files/frictionless/without-headers-extra.csv": (1, 1),
    "chat-formats/alpaca_en_demo.json": (999, 0),
    "chat-formats/dataset_info.json": "no list of examples",
    "chat-formats/dpo_en_demo.json": (299, 1),
    "chat-formats/glaive_toolcall_en_demo.json": (109, 191),
    "chat-formats/kto_en_demo.json": (299, 1),
    "chat-formats/v1_dpo_demo.jsonl": (10, 0),
    "chat-formats/v1_multimodal_demo.jsonl": (0, 24),
    "chat-formats/v1_sft_demo.jsonl": (500, 0),
}


def _read_shared(file: Path) -> ParsedBatch:
    try:
        return parse_file(file, name=file.name)
    except ColumnsUnclear as unclear:
        named = [c for c in unclear.columns if c.strip() and unclear.columns.count(c) == 1]
        mapping = {"prompt": named[0]} | ({"completion": named[-1]} if len(named) > 1 else {})
        return parse_file(file, name=file.name, mapping=mapping)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_awkward_file_is_read_right_or_refused(name: str) -> None:
    expected = EXPECTED[name]
    if isinstance(expected, str):
        with pytest.raises(Refusal, match=expected):
            _read_shared(SHARED / name)
        return
    batch = _read_shared(SHARED / name)
    assert (len(batch.rows), len(batch.refused)) == expected
    assert batch.total == len(batch.rows) + len(batch.refused)
    assert len({r.row for r in batch.rows} | {r.row for r in batch.refused}) == batch.total
    kept = "".join(r.input + r.ideal for r in batch.rows)
    assert not any(c in kept for c in "\x00�") and not any("\ud800" <= c <= "\udfff" for c in kept)


def test_the_table_above_names_every_file() -> None:
    here = {
        f.relative_to(SHARED).as_posix() for d in ("awkward-files", "chat-formats") for f in (SHARED / d).rglob("*.*")
    }
    assert {n for n in here if not n.endswith(".md")} == set(EXPECTED)


@pytest.mark.parametrize(
    ("name", "row", "cells"),
    [
        ("csvkit/examples/mac_newlines.csv", 3, ("Once upon\ra time", "6")),
        ("csvkit/examples/test_latin1.csv", 3, ("4", "©")),
        ("csvkit/examples/test_utf16_big.csv", 3, ("4", "ʤ")),
        ("csvkit/examples/test_utf16_little.csv", 3, ("4", "ʤ")),
        ("csvkit/examples/test_skip_lines.csv", 5, ("1", "3")),
        ("frictionless/table-with-two-sheets.ods", 3, ("2", "中国人")),
        ("frictionless/table-delimiter.csv", 3, ("2", "中国人")),
        ("csvkit/examples/realdata/ne_1033_data.xlsx", 1037, ("NE", "Guns, through 30 mm")),
    ],
)
def test_cells_of_awkward_files(name: str, row: int, cells: tuple[str, str]) -> None:
    batch = _read_shared(SHARED / "awkward-files" / name)
    assert [(r.input, r.ideal) for r in batch.rows if r.row == row] == [cells]
