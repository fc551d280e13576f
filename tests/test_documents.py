"""Documents: read apart, cut the same way each time, kept once, never given where they hold what is tested."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject
from test_few_shot import by_letters
from test_meaning import unit

from studio import baselines, commands, datasets, outputs, projects
from studio.documents import leaks, reading
from studio.documents import step as documents
from studio.documents.cutting import MOST_WORDS, Block, cut, size
from studio.evaluate import citations
from studio.generation import ArmSpec, Asked, prompt_hashes
from studio.generation.asking import Asking
from studio.generation.passages import Library, numbered
from studio.jobs import folder as job_folder
from studio.jobs.vectors import Vectors, key
from studio.records import (
    ArmKind,
    Dataset,
    Example,
    Given,
    Passage,
    Passages,
    Piece,
    Recipe,
    Refusal,
    Shots,
    Speaker,
    Split,
    Turn,
    canonical,
    from_json,
    recipe_sha256,
    sha256,
    to_json,
)
from studio.review.opening import is_current
from studio.store import Store, arms
from studio.store import documents as rows


def pdf(*pages: str) -> bytes:
    """A PDF with one line of text a page."""
    writer = PdfWriter()
    font = DictionaryObject({NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
                             NameObject("/BaseFont"): NameObject("/Helvetica")})  # fmt: skip
    for text in pages:
        page = writer.add_blank_page(300, 300)
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


# -- cutting ----------------------------------------------------------------------------------------


def test_paragraphs_stay_together_under_one_heading_and_only_a_long_one_is_cut() -> None:
    short = [Block("One two three.", "A"), Block("Four five.", "A"), Block("Six.", "B"), Block("  ", "B")]
    assert cut(short) == (Piece("One two three.\n\nFour five.", "A"), Piece("Six.", "B"))
    sentences = [f"Sentence number {n} says a little more than nothing." for n in range(60)]
    found = cut([Block("Before.", page=2), Block(" ".join(sentences), page=3)])
    assert found[0] == Piece("Before.", page=2) and {piece.page for piece in found[1:]} == {3}
    for one, two in zip(found[1:], found[2:], strict=False):
        assert one.text.split(". ")[-1].rstrip(".") == two.text.split(". ")[0].rstrip(".")  # they share a sentence
    assert all(any(sentence in piece.text for piece in found) for sentence in sentences)


@given(st.lists(st.text(alphabet="ab .\n退", max_size=3000), max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_passage_is_too_long_and_no_word_is_lost(paragraphs: list[str]) -> None:
    found = cut([Block(text) for text in paragraphs])
    assert all(size(piece.text) <= MOST_WORDS and piece.text.strip() for piece in found)
    kept = "".join("".join(piece.text.split()) for piece in found)
    written = "".join("".join(text.split()) for text in paragraphs)
    assert len(kept) >= len(written) and set(kept) == set(written)
    assert cut([Block(text) for text in paragraphs]) == found


# -- reading ----------------------------------------------------------------------------------------


def test_each_format_gives_its_words_under_their_headings() -> None:
    md = b"# Returns\n\nSend it back.\n\n## Damaged\nTake a picture.\n\n```\n# no heading\n```\nOther\n-----\nLast."
    assert reading.pieces(md, "a.md") == (
        Piece("Send it back.", "Returns"), Piece("Take a picture.\n\n```\n# no heading\n```", "Returns › Damaged"),
        Piece("Last.", "Returns › Other"),
    )  # fmt: skip
    page = b"""<html><head><title>T</title><style>p{}</style></head><body><nav>Home</nav><h1>Returns</h1><p>Send it
      back&nbsp;<b>soon</b>.</p><script>alert(1)</script><ul><li>One<li>Two</ul><h2>Damaged</h2>A picture<br>helps."""
    assert reading.pieces(page, "a.HTML") == (
        Piece("Send it back soon.\n\n- One\n- Two", "Returns"), Piece("A picture\nhelps.", "Returns › Damaged"),
    )  # fmt: skip
    assert reading.pieces("Größe\r\n\r\nZwei".encode("cp1252"), "a.txt") == (Piece("Größe\n\nZwei"),)
    assert reading.pieces(pdf("Send it back.", "Take a picture."), "a.pdf") == (
        Piece("Send it back.\n\nTake a picture.", page=1),
    )


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"x", "a.docx", "none of those"), (b" \n ", "a.txt", "no words"), (b"MZ\0\0", "a.txt", "no text"),
        (b"\xff\xfe\x00", "a.md", "no text"), (b"hello", "a.pdf", "is none"), (b"%PDF-1.7\nx", "a.pdf", "damaged"),
        (pdf(""), "a.pdf", "pictures of text"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_well_is_refused(content: bytes, name: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        reading.pieces(content, name)


@given(st.binary(max_size=400), st.sampled_from(reading.FORMATS))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes, ending: str) -> None:
    head = b"%PDF-1.4\n" if ending == "pdf" else b"<p>" if ending == "html" else b""
    try:
        found = reading.pieces(head + content, f"x.{ending}")
    except Refusal:
        return
    assert all(piece.text.strip() and size(piece.text) <= MOST_WORDS for piece in found)


# -- what is given away -----------------------------------------------------------------------------


def test_a_passage_that_holds_what_is_tested_is_found_where_it_lies() -> None:
    ideal = "Thanks for telling us. Send a picture of the lamp, and we replace it within a week at no cost."
    asked = Example("t", "How do I send back a lamp that arrived broken?", ideal, split=Split.test)
    clean = Piece("Lamps are made of glass. " * 8)
    exact = Piece(f"Questions we get. {asked.input.upper()} And others, too.")
    nearly = Piece(f"Say: {ideal.replace('a week', 'one week').replace(',', ' -').lower()} Nothing else.")
    found = leaks.find([clean, exact, clean, nearly], [asked])
    assert {at: leak.what for at, leak in found.items()} == {1: "input", 3: "ideal output"}
    halves = [Piece("It is asked: how do I send back"), Piece("a lamp that arrived broken? Often."), clean]
    assert set(leaks.find(halves, [asked])) == {0, 1}
    assert leaks.find([clean, exact], [replace(asked, split=None)]) == {}
    assert leaks.find([Piece("Where is it? Here it is.")], [Example("s", "Where is it?", "", split=Split.test)]) == {}


WORDS = st.lists(st.sampled_from(["a", "the", "kettle", "goes", "back", "within", "thirty", "退", "ß"]), max_size=40)


@given(st.lists(WORDS, min_size=1, max_size=5), st.data())
@settings(max_examples=80, deadline=None)
def test_a_text_that_stands_in_a_document_is_always_found(paragraphs: list[list[str]], data: st.DataObject) -> None:
    wanted = "Unheard-of words of an answer, " + " ".join(data.draw(WORDS))
    place = data.draw(st.integers(0, len(paragraphs) - 1))
    at = data.draw(st.integers(0, len(paragraphs[place])))
    pieces = [
        Piece(" ".join([*words[:at], wanted, *words[at:]] if number == place else words), f"Part {number // 2}")
        for number, words in enumerate(paragraphs)
    ]
    found = leaks.find(pieces, [Example("e", "x", wanted, split=Split.test)])
    assert place in found and found[place].what == "ideal output"


# -- citing -----------------------------------------------------------------------------------------


def test_a_long_text_is_found_over_all_the_passages_that_it_goes_on_in() -> None:
    """Four passages of one answer, a page long, between others; none of two in a row holds most of it."""
    words = [f"word{number} of the answer that nobody else gives" for number in range(90)]
    long = ". ".join(words) + "."
    document = [Block("The shop opens at nine and closes at six."), Block(long), Block("On Sundays it is closed.")]
    pieces = cut(document)
    assert len(pieces) >= 5
    found = leaks.find(pieces, [Example("e1", "What is the answer?", long, split=Split.test)])
    assert sorted(found) == list(range(1, len(pieces) - 1)), "all of it, and neither of its neighbours"


def test_what_was_answered_earlier_in_a_conversation_that_is_held_out_is_found() -> None:
    """Arms are asked at every turn of it, so each answer in it is one that is tested; what was asked is none."""
    answer, asked = "Your parcel goes back free of charge within thirty days.", "Where do I send my parcel back to now?"
    earlier = (Turn(Speaker.user, asked), Turn(Speaker.assistant, answer))
    held_out = [Example("e1", "And how?", "By post.", split=Split.test, earlier=earlier)]
    found = leaks.find([Piece(asked), Piece("Nothing of it."), Piece(f"We say: {answer}")], held_out)
    assert {at: leak.what for at, leak in found.items()} == {2: "conversation"}


def test_a_web_page_keeps_its_words_without_the_closing_tags_that_nobody_must_write() -> None:
    """A head that is not closed, a form round the whole page, and a menu's heading inside it."""
    page = b"""<!doctype html><html><head><title>Shop</title><meta charset=utf-8><body><form action=/><h2>Returns</h2>
    <nav><h2>On this page</h2><a>Top</a></nav><p>Send it back within thirty days.</p>
    <select><option>English</option></select></form>"""
    assert reading.pieces(page, "page.html") == (Piece("Send it back within thirty days.", "Returns"),)


def test_citations_are_counted_and_numbers_that_were_not_given_told() -> None:
    assert citations.cited("So [1], and [2, 3][1]; see [ 7 ] but not [x] or (4).") == (1, 2, 3, 7)
    assert citations.missing("So [1] and [7][0].", 3) == (7, 0)
    told = citations.citing([("A [1]", 2), ("B [1] [9]", 2), ("C", 2), ("D", 2), ("not given any [4]", 0)])
    assert told is not None and told.exist is not None
    assert (told.cites.value, told.cites.n, told.exist.value, told.exist.n) == (0.5, 4, 0.75, 2)
    assert told.cites.low < 0.5 < told.cites.high and "n = 2" in told.sentence
    assert citations.citing([("A [1]", 0)]) is None


# -- what an arm is given ---------------------------------------------------------------------------

PASSAGES = [
    Passage("d1/1", "sha1", "Returns", Piece("Kettles go back within thirty days.", "How long")),
    Passage("d1/2", "sha1", "Returns", Piece("Lamps may break; send a picture.", page=2)),
    Passage("d2/1", "sha2", "Jokes", Piece("Why did the lamp cross the road?")),
]


def test_the_nearest_passages_of_its_documents_are_numbered_before_the_input() -> None:
    asked = Example("a", "My lamp broke", "", earlier=(Turn(Speaker.user, "Hi"),), system="House.")
    library = Library(PASSAGES, by_letters, {"d1/1": by_letters([PASSAGES[0].piece.read])[0]})
    plain = Asked(asked.prompt, Given(("t1",)))
    (one,) = library.around(Passages(1, ("sha1",)), [asked], [plain])
    assert one.given == Given(("t1",), ("d1/2",))
    assert one.prompt == replace(
        asked.prompt, system="Passages:\n\n[1] Returns, page 2\nLamps may break; send a picture.\n\nHouse."
    )
    (both,) = library.around(Passages(9, ("sha1", "gone")), [asked], [plain])
    assert both.given.passages == ("d1/2", "d1/1") and numbered(PASSAGES[1::-1]) in both.prompt.system
    assert library.around(Passages(1, ("gone",)), [asked], [plain]) == [plain]


def test_hashes_cover_the_passages_and_those_of_other_arms_are_as_they_were() -> None:
    shots = Shots(*("by_hand", 1, "d", "s"))  # type: ignore[arg-type]
    was = sha256(canonical({"system_prompt": "x", "recipe": {"shots": to_json(shots)}}))
    assert recipe_sha256("x", Recipe(shots)) == was
    arm = ArmSpec("a", "Be kind.", recipe=Recipe(passages=Passages(1, ("sha1",))))
    (one,), (two,) = (
        Library([each], by_letters).around(Passages(1, (each.document,)), [Example("e", "lamp", "")],
                                           [Asked(Example("e", "lamp", "").prompt)])
        for each in (PASSAGES[0], replace(PASSAGES[0], piece=Piece("Kettles go back within sixty days.")))
    )  # fmt: skip
    assert prompt_hashes(arm, one)["prompt"] != prompt_hashes(arm, two)["prompt"]
    assert prompt_hashes(arm, one)["recipe"] == recipe_sha256("Be kind.", arm.recipe)


class Reader:
    """Stands for the model of meaning: knows these texts, and notes what it read."""

    def __init__(self, known: dict[str, np.ndarray]) -> None:
        self._known, self.read = known, list[str]()

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return np.stack([self._known[text] for text in texts])


# -- the store --------------------------------------------------------------------------------------


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return datasets.freeze(store, "maker", projects.from_demo(store, "maker", "support-replies").id)


def bring(store: Store, project: str, folder: Path, name: str, text: str) -> rows.Document:
    file = folder / "upload"
    file.write_text(text)
    return documents.add(store, "dora", project, file, name)


def test_a_document_is_kept_once_removed_and_brought_back(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    project = dataset.project
    with pytest.raises(Refusal, match="Bring one first"):
        documents.chosen(store, project, 3)
    kept = bring(store, project, tmp_path, "house.md", "# Returns\n\nThirty days.\n\n# Sizes\n\nTwo.")
    assert (kept.name, kept.passages, kept.words) == ("house.md", 2, 3)
    with pytest.raises(Refusal, match="word for word"):
        bring(store, project, tmp_path, "again.md", "# Returns\n\nThirty days.\n\n# Sizes\n\nTwo.")
    with pytest.raises(Refusal, match="1 to 10"):
        documents.chosen(store, project, 11)
    arm = baselines.add_retrieval(store, "dora", project, name="With papers",
                                  passages=documents.chosen(store, project, 3))  # fmt: skip
    assert arms.get(store, arm.id) == arm and arm.kind is ArmKind.retrieval and "[1]" in arm.system_prompt
    assert documents.using(store, kept) == [arm]
    adding = store.recent(project, "dora", 9)[-1].seq
    with pytest.raises(Refusal, match="With papers is given"):
        store.undo(adding, "dora")
    documents.remove(store, "dora", project, kept.id)
    assert rows.every(store, project) == [] and documents.gone(store, arm) == 1
    assert rows.passages(store, [f"{kept.id}/2"])[f"{kept.id}/2"].source == "house, Sizes"
    with pytest.raises(Refusal, match="a document that was removed"):
        outputs.generate(store, "dora", project, dataset.id, [arm.id], Split.test)
    removing = store.recent(project, "dora", 1)[0].seq
    anew = bring(store, project, tmp_path, "again.md", "# Returns\n\nThirty days.\n\n# Sizes\n\nTwo.")
    assert anew.name == "house.md", "as models read it with each passage"
    with pytest.raises(Refusal, match="“house.md” was brought since and says the same"):
        store.undo(removing, "dora")
    documents.remove(store, "dora", project, anew.id)
    store.undo(removing, "dora")
    assert rows.every(store, project) == [kept] and documents.gone(store, arm) == 0
    assert store.audit() == []
    store.close()
    again = Store.rebuilt(store.workspace)
    assert rows.every(again, project) == [kept] and len(rows.passages_of(again, [kept.id])) == 2
    again.close()


def test_what_a_document_gives_away_is_kept_from_the_arm(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    test, train = (datasets.rows_in(store, dataset, split)[0] for split in (Split.test, Split.train))
    text = f"# One\n\nNothing of interest.\n\n# Two\n\nWe answer: {test.ideal}\n\n# Three\n\n{train.ideal}"
    kept = bring(store, dataset.project, tmp_path, "answers.md", text)
    (held,) = documents.held_back(store, kept, dataset)
    assert (held.passage.piece.heading, held.leak.what, held.leak.split) == ("Two", "ideal output", Split.test)
    arm = baselines.add_retrieval(store, "dora", dataset.project, name="Papers",
                                  passages=documents.chosen(store, dataset.project, 2))  # fmt: skip
    given_now = documents.library(store, [arm], dataset)
    assert [each.piece.heading for each in given_now] == ["One", "Three"]
    assert is_current(arm, outputs.Generation(arm.id, "e", "x", hashes={
        "recipe": recipe_sha256(arm.system_prompt, arm.recipe)
    }))  # fmt: skip


def test_what_was_read_is_found_and_goes_into_a_jobs_folder(
    store: Store, dataset: Dataset, embedder: Vectors, tmp_path: Path
) -> None:
    project = dataset.project
    kept = bring(store, project, tmp_path, "house.md", "# One\n\nFirst.\n\n# Two\n\nSecond.\n\n# Three\n\nThird.")
    arm = baselines.add_retrieval(store, "dora", project, name="P", passages=documents.chosen(store, project, 1))
    passages, made = rows.passages_of(store, [kept.id]), unit(7, 2)
    assert documents.unread(store, project) == 3 and documents.nearest(store, arm, dataset, made[0]) == []
    embedder.append([key(passages[at].piece.read) for at in (0, 2)], made)
    assert documents.take_in(store) == 0 and documents.unread(store, project) == 3
    embedder.append([key(passages[1].piece.read)], unit(8))
    assert documents.take_in(store) == 1 and documents.unread(store, project) == documents.take_in(store) == 0
    (near,) = documents.nearest(store, arm, dataset, made[1])
    assert near.passage == passages[2] and near.cosine == pytest.approx(1, abs=1e-5)
    folder = job_folder.create(tmp_path / "job", {}, {"library.jsonl": job_folder.jsonl(
        outputs._library(store, [arm], dataset)
    )})  # fmt: skip
    reader = Reader({"x": made[1]})
    asking = Asking({"library": "inputs/library.jsonl"}, folder, reader)  # type: ignore[arg-type]
    (asked,) = asking.of(ArmSpec("a", recipe=arm.recipe), [Example("e", "x", "")])
    assert asked.given.passages == (passages[2].id,) and reader.read == ["x"]
    assert store.audit() == []
    known = documents.vectors(store, passages)
    store.close()
    again = Store.rebuilt(store.workspace)
    assert all((documents.vectors(again, passages)[name] == vector).all() for name, vector in known.items())
    assert len(known) == 3 and (known[passages[0].id] == made[0]).all()
    again.close()


@pytest.mark.model
def test_a_job_answers_from_the_nearest_passages(
    store: Store, dataset: Dataset, tmp_path: Path, models_cache: Path
) -> None:
    """End to end on the bundled models: what stands in the job's folder is read, embedded, numbered and answered."""
    from studio.generation import work

    text = "# Kettles\n\nA kettle may be sent back within thirty days.\n\n# Paris\n\nParis is the capital of France."
    bring(store, dataset.project, tmp_path, "house.md", text)
    arm = baselines.add_retrieval(store, "dora", dataset.project, name="Papers",
                                  passages=documents.chosen(store, dataset.project, 1))  # fmt: skip
    asked = [replace(datasets.rows_in(store, dataset, Split.validation)[0], input="How long can I return a kettle?")]
    folder = outputs.prepared(store, "a-job", dataset, [arm], asked)
    spec = job_folder.read_spec(folder) | {"decoding": {"max_new_tokens": 8, "temperature": 0.0, "seed": 0}}
    work.write(spec, folder, lambda: False, lambda *a, **k: None)
    (line,) = job_folder.read_lines(folder / "outputs.jsonl").rows
    (name,) = line["given"]["passages"]
    assert rows.passages(store, [name])[name].piece.heading == "Kettles"
    assert line["output"] and line["tokens_in"] > 60
    assert line["hashes"]["recipe"] == recipe_sha256(arm.system_prompt, arm.recipe)
    assert from_json(Given, line["given"]).passages == (name,)


def test_the_command_brings_a_document_and_an_arm_that_reads_it(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    test = datasets.rows_in(store, dataset, Split.test)[0]
    (tmp_path / "house.md").write_text(f"# Returns\n\nThirty days.\n\n# Answers\n\n{test.ideal}")
    about = {"project": dataset.project, "what": "add"}
    told = commands.run(store, "documents", {**about, "document": str(tmp_path / "house.md")})["documents"]["house.md"]
    assert told["passages"] == 2 and told["never_given"][0]["example"] == test.id and told["arms"] == []
    made = commands.run(store, "arms", {**about, "name": "Papers", "text": "Be kind.", "passages": True, "count": 2})
    assert made["arms"]["Papers"]["passages"] == {"count": 2, "documents": [told["sha256"]]}
    assert commands.run(store, "documents", {**about, "what": "list"})["documents"]["house.md"]["arms"] == ["Papers"]
    with pytest.raises(Refusal, match="There is no document"):
        commands.run(store, "documents", {**about, "what": "remove", "document": "gone.md"})
    removed = commands.run(store, "documents", {**about, "what": "remove", "document": "house.md"})
    assert removed == {"documents": {}}
    with pytest.raises(Refusal, match="There is no file"):
        commands.run(store, "documents", {**about, "document": ""})
