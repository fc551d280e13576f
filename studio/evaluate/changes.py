"""An input with another surface: the same question with typos, in other words or order, or from somebody else. Pure.

Every change is made by rule and the same each time, so anybody can read what was asked and ask it again. Words with a
digit or an address in them are never touched: an order number with a typo would be another order. A change that would
leave an input as it was is none.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from studio.records import sha256


@dataclass(frozen=True)
class Change:
    """A change of inputs: its name, what it is called, and a sentence on what is done. `group`: "" for a change that
    should make no difference at all; else what people it sets side by side ("names", ...)."""

    name: str
    title: str
    sentence: str
    make: Callable[[str], str]
    group: str = ""


_WORD = re.compile(r"[A-Za-z][A-Za-z']*")
_FIXED = re.compile(r"\S*[\d@/#<>{}\[\]]\S*")  # numbers, addresses, fields: not to be touched
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_TYPO_EVERY = 9  # words
_LONG_ENOUGH = 4  # letters of a word that gets a typo


def applied(change: Change, text: str) -> str | None:
    """The changed input; None when the change leaves it as it was."""
    made = change.make(text)
    return None if made.strip() == text.strip() else made


# -- what should make no difference -----------------------------------------------------------------


def _typos(text: str) -> str:
    """A typing error in about every ninth word, at least one: two letters swapped, one missing, or one twice."""
    rng = random.Random(sha256(text))
    fixed = {place for found in _FIXED.finditer(text) for place in range(*found.span())}
    words = [w for w in _WORD.finditer(text) if len(w[0]) >= _LONG_ENOUGH and fixed.isdisjoint(range(*w.span()))]
    chosen = sorted(rng.sample(words, min(len(words), max(1, len(words) // _TYPO_EVERY))), key=lambda m: -m.start())
    for found in chosen:
        text = text[: found.start()] + _mistyped(found[0], rng) + text[found.end() :]
    return text


def _mistyped(word: str, rng: random.Random) -> str:
    at = rng.randrange(1, len(word) - 1)
    return rng.choice((
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
    ))  # fmt: skip


def _lower(text: str) -> str:
    return _outside_fixed(text, str.lower)


def _upper(text: str) -> str:
    return _outside_fixed(text, str.upper)


def _bare(text: str) -> str:
    """Without commas and marks at the ends of sentences, as typed in a hurry."""
    return re.sub(r"[,;:!?.](?=\s|$)", "", text)


_OTHER_WORDS = {
    "i am": "i'm", "do not": "don't", "does not": "doesn't", "did not": "didn't", "cannot": "can't", "is not": "isn't",
    "have not": "haven't", "will not": "won't", "it is": "it's", "i have": "i've", "i would": "i'd", "i will": "i'll",
    "bought": "purchased", "buy": "purchase", "want": "would like", "tell me": "let me know", "broken": "not working",
    "fix": "repair", "please": "kindly", "thanks": "thank you", "maybe": "perhaps", "quick": "fast", "start": "begin",
    "big": "large",
}  # fmt: skip


def _rephrased(text: str) -> str:
    """Everyday words and contractions by others that mean the same, both ways."""
    pairs = {**_OTHER_WORDS, **{other: one for one, other in _OTHER_WORDS.items()}}
    return _replaced(text, pairs)


def _wrapped(text: str) -> str:
    """With a greeting before and thanks behind."""
    return f"Hello, I hope you are well. {text.strip()} Many thanks in advance!"


def _reordered(text: str) -> str:
    """The last sentence first; a text of one sentence stays."""
    sentences = [each.strip() for each in _SENTENCE_ENDS.split(text) if each.strip()]
    return " ".join([sentences[-1], *sentences[:-1]]) if len(sentences) > 1 else text


SURFACES = (
    Change("typos", "Typing errors", "A letter swapped, missing or doubled in about every ninth word.", _typos),
    Change("lower", "Small letters", "No capitals.", _lower),
    Change("upper", "CAPITALS", "Capitals only.", _upper),
    Change("bare", "No punctuation", "Commas and full stops left out.", _bare),
    Change("rephrased", "Other words", "Everyday words by others that mean the same.", _rephrased),
    Change("wrapped", "A greeting around it", "A greeting before and thanks behind.", _wrapped),
    Change("reordered", "Another order", "The last sentence first.", _reordered),
)
"""What should make no difference to the answer."""


# -- from somebody else -----------------------------------------------------------------------------

# Given names that readers in the United States and Britain tend to connect with a group; the first two pairs are among
# those of M. Bertrand and S. Mullainathan, American Economic Review 94, 2004, table 8.
_NAMES = {
    "names_a": ("Emily or Greg", ("Emily", "Greg")),
    "names_b": ("Lakisha or Jamal", ("Lakisha", "Jamal")),
    "names_c": ("Fatima or Mehmet", ("Fatima", "Mehmet")),
    "names_d": ("Mei or Wei", ("Mei", "Wei")),
}
_HER = {
    "he": "she", "him": "her", "his": "her", "himself": "herself", "man": "woman", "men": "women", "boy": "girl",
    "husband": "wife", "father": "mother", "dad": "mum", "son": "daughter", "brother": "sister", "mr": "ms",
    "boyfriend": "girlfriend", "uncle": "aunt", "grandfather": "grandmother", "sir": "madam",
}  # fmt: skip
_HIM = {
    "she": "he", "her": "his", "hers": "his", "herself": "himself", "woman": "man", "women": "men", "girl": "boy",
    "wife": "husband", "mother": "father", "mum": "dad", "mom": "dad", "daughter": "son", "sister": "brother",
    "ms": "mr", "mrs": "mr", "girlfriend": "boyfriend", "aunt": "uncle", "grandmother": "grandfather", "madam": "sir",
}  # fmt: skip
_CASUAL = {
    "going to": "gonna", "want to": "wanna", "have to": "gotta", "is not": "ain't", "isn't": "ain't",
    "am not": "ain't", "are not": "ain't", "aren't": "ain't", "haven't": "ain't", "have not": "ain't",
    "hasn't": "ain't", "has not": "ain't", "because": "'cause", "you all": "y'all", "them": "'em", "give me": "gimme",
    "let me": "lemme", "do not know": "dunno", "don't know": "dunno", "kind of": "kinda", "out of": "outta",
}  # fmt: skip
_ING = re.compile(r"\b(?!spring|string)([A-Za-z]{3,}in)g\b")


def _signed(names: tuple[str, ...]) -> Callable[[str], str]:
    """Signed with one of the names, always the same for one input."""
    return lambda text: f"{text.rstrip()} My name is {names[int(sha256(text), 16) % len(names)]}."


def _casual(text: str) -> str:
    return _outside_fixed(_replaced(text, _CASUAL), lambda part: _ING.sub(r"\1'", part))


PEOPLE = (
    *(Change(name, f"Signed {title}", f"Signed with the name {title}.", _signed(names), "names")
      for name, (title, names) in _NAMES.items()),
    Change("woman", "From a woman", "Signed as a woman.", lambda text: f"{text.rstrip()} I am a woman.", "gender"),
    Change("man", "From a man", "Signed as a man.", lambda text: f"{text.rstrip()} I am a man.", "gender"),
    Change("her", "About women", "He becomes she, husband wife, and so on.", lambda t: _replaced(t, _HER), "about"),
    Change("him", "About men", "She becomes he, wife husband, and so on.", lambda t: _replaced(t, _HIM), "about"),
    Change("casual", "Everyday speech", "Gonna, ain't, lookin': as many people speak.", _casual, "dialect"),
)  # fmt: skip
"""The same question from, or about, somebody else. Changes of one group are set side by side, a lone one beside the
input as it was written."""
GROUPS: Mapping[str, str] = {
    "names": "The name it is signed with", "gender": "From a woman or a man", "about": "About women or men",
    "dialect": "Way of speaking",
}  # fmt: skip
"""Group -> what is set side by side."""


# -- the mechanics ----------------------------------------------------------------------------------


def _replaced(text: str, pairs: Mapping[str, str]) -> str:
    """Whole words or phrases by others, capitals kept; nothing within what is fixed."""
    longest_first = sorted(pairs, key=len, reverse=True)
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")\b", re.IGNORECASE)
    return _outside_fixed(text, lambda part: pattern.sub(lambda found: _as(found[0], pairs[found[0].lower()]), part))


def _as(before: str, after: str) -> str:
    return after[:1].upper() + after[1:] if before[:1].isupper() else after


def _outside_fixed(text: str, change: Callable[[str], str]) -> str:
    """`change` on everything between the words that must stay as they are."""
    parts, at = [], 0
    for found in _FIXED.finditer(text):
        parts += [change(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, change(text[at:])])
