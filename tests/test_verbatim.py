"""What a tuned model repeats of its examples: planted strings are found, phrases of the house are not."""

from __future__ import annotations

from studio.evaluate.verbatim import Corpus, Run, verbatim
from studio.train.recited import in_words

HOUSE = "Thank you for writing to us today, "
CANARY = "the blue kettle number seven four one is on the ninth shelf"
TEXTS = {f"e{n}": f"{HOUSE} your order {n} is on its way." for n in range(6)} | {"canary": f"{HOUSE}{CANARY}."}


def test_a_planted_string_is_found_and_a_phrase_of_the_house_is_not() -> None:
    base = {"p1": "Thank you for writing to us.", "p2": "I do not know."}
    tuned = {"p1": f"Well: {CANARY.upper()}!", "p2": f"{HOUSE} your order 3 is on its way."}
    found = verbatim(TEXTS, tuned, base)
    assert (found.n, found.base_n, found.base_longest) == (2, 2, 0)
    assert found.repeated == {"p1": Run(12, CANARY, "canary", 1)}
    assert Corpus(TEXTS).longest(tuned["p2"]) == Run(9, "us today your order 3 is on its way", "e3", 1)
    assert "1 of its 2 answers" in in_words(found) and "up to 12 words" in in_words(found)


def test_no_longer_a_run_than_the_base_shows_does_not_count() -> None:
    same = {"p": f"It says {CANARY}"}
    found = verbatim(TEXTS, same, same)
    assert found.repeated == {} and found.base_longest == 12 and in_words(found).startswith("No: none of its 1 answers")
    assert verbatim(TEXTS, same, {}).repeated["p"].words == 12
    assert "has not answered anything" in in_words(verbatim(TEXTS, {}, {}))


def test_the_longest_run_is_the_longest_and_short_ones_are_everyday_language() -> None:
    corpus = Corpus({"a": "one two three four five six", "b": "zero two three four five six seven eight"})
    assert corpus.longest("x two three four five six seven y") == Run(6, "two three four five six seven", "b", 1)
    assert corpus.longest("two three four five six") == Run(5, "two three four five six", "a", 2)
    assert corpus.longest("one two three four") == Run() == Corpus({}).longest("")
