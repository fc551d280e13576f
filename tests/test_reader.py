"""Lengths in a model's tokens: the trainer's own counts, without its libraries, and on to what the checks know."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from tiny_model import save_tiny_model

from studio import checking, datasets, projects
from studio.checkup import Asked, Gatherer
from studio.examples import step
from studio.generation import chat
from studio.generation.reader import Reader
from studio.records import Brief, Example, Refusal, Speaker, Split, Status, Turn
from studio.store import Store, examples
from studio.train import lengths
from studio.train import step as step_of_training
from studio.train.settings import most_length

EARLIER = (Turn(Speaker.user, "my kettle is late"), Turn(Speaker.assistant, "thanks for asking"))
ROWS = [
    Example("bare", "is my rug lost", "thanks for asking about the rug"),
    Example("told", "the lamp is late", "thanks", system="thanks for asking about my kettle"),
    Example("talk", "is the lamp lost", "your lamp is late", earlier=EARLIER),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


def test_the_counts_are_those_of_the_trainer(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    counted = Reader(folder).lengths(ROWS)
    for row in ROWS:
        asked = tokenizer(chat.render(tokenizer, row.prompt), add_special_tokens=False).input_ids
        said = tokenizer(chat.answer(tokenizer, row.ideal), add_special_tokens=False).input_ids
        assert (counted[row.id].prompt, counted[row.id].ideal) == (len(asked), len(said))
    assert counted["talk"].prompt > counted["bare"].prompt and counted["told"].prompt > counted["bare"].prompt


def test_a_folder_without_a_tokenizer_or_a_template_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read"):
        Reader(tmp_path)
    (tmp_path / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    with pytest.raises(Refusal, match="no chat template"):
        Reader(tmp_path).lengths(ROWS)


def test_turns_that_a_template_refuses_are_left_out(folder: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    strict = (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}"
        "{{ messages[0]['content'] }}"
    )
    (tmp_path / "chat_template.jinja").write_text(strict, encoding="utf-8")
    assert set(Reader(tmp_path).lengths(ROWS)) == {"bare", "talk"}


def test_a_preset_makes_room_for_the_longest_row_that_the_model_can_read(store: Store, tmp_path: Path) -> None:
    project = projects.from_demo(store, "ann", "ticket-triage").id
    dataset = datasets.freeze(store, "ann", project)
    tiny = save_tiny_model(tmp_path / "tiny")
    rows = [e for split in (Split.train, Split.validation) for e in datasets.rows_in(store, dataset, split)]
    longest = max(each.prompt + each.ideal for each in Reader(tiny).lengths(rows).values())
    found = lengths.of(store, dataset, str(tiny))
    assert found == lengths.Lengths(longest, json.loads((tiny / "config.json").read_text())["max_position_embeddings"])
    read = step_of_training.settings_for(store, dataset, "match_our_tone", model=str(tiny)).max_length
    assert read == min(found.context, max(512, -(-longest // 64) * 64))
    assert lengths.of(store, dataset, "http://127.0.0.1:1/v1#m") == lengths.Lengths(0, 0)


def test_what_the_checks_know_holds_the_lengths_for_the_model_last_tuned(store: Store, folder: Path) -> None:
    project = projects.create(store, "ann", "Mine").id
    step.write(store, "ann", project, input="is my rug lost", ideal="thanks for asking", status=Status.approved)
    rows = tuple(examples.every(store, project))
    run = uuid.uuid4().hex[:8]
    about = {"id": run, "dataset": "d", "model": str(folder), "preset": "match_our_tone", "settings": {}}
    store.act("job.started", "ann", {"id": run, "kind": "train", "folder": run, "detail": {}, "run": about}, project)
    known = Gatherer().known(Asked(rows, Brief(), sources=checking.sources(store, project)))
    assert known.tokens == Reader(folder).lengths(rows) and known.most_tokens == most_length(
        "cpu", lengths.context(folder)
    )
