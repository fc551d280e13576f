"""The card of a frozen dataset: plain for people, a head that the datasets library reads, and safe from any text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio import datasets, export_command, projects
from studio.examples import step
from studio.records import Refusal, Status
from studio.reports import dataset_card
from studio.store import Store, briefs, examples
from studio.store import datasets as dataset_rows


@pytest.fixture
def project(store: Store) -> str:
    return projects.from_demo(store, "ann", "ticket-triage").id


def head_of(card: str) -> dict[str, Any]:
    lines = card.split("---\n")[1].splitlines()
    return {line.split(": ", 1)[0]: json.loads(line.split(": ", 1)[1]) for line in lines}


def test_the_card_tells_what_the_set_is(store: Store, project: str) -> None:
    frozen = datasets.freeze(store, "ann", project, name="Tickets, first")
    card = dataset_card.written(store, frozen)
    head = head_of(card)
    assert head["size_categories"] == ["n<1K"] and head["language"] == ["en"]
    assert head["task_categories"] == ["text-classification"]
    assert [p["split"] for p in head["configs"][0]["data_files"]] == ["train", "validation", "test"]
    brief = briefs.latest(store, project)
    assert brief is not None and brief.task.split()[0] in card
    for words in (
        "# Tickets, first", "Where it comes from, and by what right", "It teaches", "labels: the field “category”",
        f"- test: {frozen.splits['test']:,} examples to test at the end", "Names and postal addresses are not found",
        "What the checks found", frozen.sha256, store.head, "are untouched",
    ):  # fmt: skip
        assert words in card, words
    found = [f for f in frozen.health["report"]["findings"] if f["severity"] != "fine"]
    assert card.count("other check") == 1 and all(f["sentence"][:20] in card for f in found)


def test_licences_waivers_and_hostile_texts(store: Store, project: str) -> None:
    every = examples.every(store, project)
    step.edit(store, "ann", project, every[0], licence="CC BY 4.0", status=Status.approved)
    step.write(store, "ann", project, input=every[0].input, ideal="No.", slice="<img src=x>|a", status=Status.approved)
    report = datasets.candidate(store, project).report
    waivers = {g.key: "On *purpose*" for g in report.gates if not g.passed}
    assert waivers
    frozen = datasets.freeze(store, "ann", project, name="# A <b>set</b>", waivers=waivers)
    card = dataset_card.written(store, frozen)
    assert head_of(card)["license"] == "other" and head_of(card)["license_name"] == "CC BY 4.0; not stated"
    assert "Reason: On \\*purpose\\*" in card and "\n# \\# A \\<b\\>set\\</b\\>\n" in card
    assert "\\<img src=x\\>\\|a" in card


def test_the_command_writes_a_folder_with_the_card(store: Store, project: str, tmp_path: Path) -> None:
    frozen = datasets.freeze(store, "ann", project)
    args = {"project": project, "what": "dataset", "format": "hf", "out": str(tmp_path / "out")}
    made = export_command.export(store, args)
    assert made["rows"] == sum(frozen.splits.values()) and made["notes"] == []
    assert (tmp_path / "out" / "README.md").read_text() == dataset_card.written(store, frozen)
    assert sorted(p.name for p in (tmp_path / "out" / "data").iterdir()) == [
        "test.parquet", "train.parquet", "validation.parquet",
    ]  # fmt: skip
    with pytest.raises(Refusal, match="not an empty folder"):
        export_command.export(store, args)
    with pytest.raises(Refusal, match="Leave --split out"):
        export_command.export(store, {**args, "out": str(tmp_path / "other"), "split": "test"})
    one = export_command.export(store, {**args, "format": "openai", "out": str(tmp_path / "o.jsonl")})
    assert one["rows"] == frozen.splits["train"] and "not in it" in one["notes"][0]
    tests = export_command.export(store, {**args, "format": "csv", "split": "test", "out": str(tmp_path / "t.csv")})
    assert tests["rows"] == frozen.splits["test"]
    assert dataset_rows.every(store, project)[0].name == frozen.name
    named = {**args, "format": "csv", "dataset": frozen.name, "out": str(tmp_path / "n.csv")}
    assert export_command.export(store, named)["rows"] == sum(frozen.splits.values())
