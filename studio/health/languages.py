"""Which language a text is in, and what stands out by it. Pure.

Told by `py3langid` from the letters of a text. Short texts are uncertain, so nothing is said below 20 letters, or
unless the language is ahead of the other by a clear margin. Does not promise to tell close relatives apart (Danish and
Norwegian, Malay and Indonesian), to see a foreign sentence within a text, or to read lists of names, code and data.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from studio.health.checks import Checked, finding
from studio.health.findings import Finding, Severity
from studio.health.labels import labels

_LETTERS = 20
_MARGIN = 10.0  # in the identifier's log likelihood; RESULTS.md has the false alarms
_MAIN = 0.05  # the share of the texts that can be told, from which on a language is one of the set's own
_TRANSLATES = 0.2  # from this share on, answers in another language are the task
_COMPARED = 12  # likeliest languages kept of each text
_READ = 4_000  # characters of a text that tell its language; a text without a space costs the square of its length
_NO_WORDS = re.compile(r"```.*?```|`[^`]*`|https?://\S+|\S+@\S+", re.DOTALL)
_NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "la": "Latin", "nb": "Norwegian", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish",
    "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """The likeliest language of a text (ISO 639), and the log likelihoods of the likeliest ones."""

    language: str
    likely: Mapping[str, float]

    def ahead(self, of: Iterable[str]) -> float:
        """By how much the likeliest language is ahead of the best of those (at least so much, when none is near)."""
        lowest = min(self.likely.values())
        return self.likely[self.language] - max(self.likely.get(name, lowest) for name in of)


@functools.lru_cache(maxsize=100_000)
def told(text: str) -> Told | None:
    """The language of the first 4,000 characters of `text`; None when they are too few to tell, or no language (data,
    code)."""
    plain = _NO_WORDS.sub(" ", text[:_READ])
    if sum(c.isalpha() for c in plain) < _LETTERS or plain.lstrip().startswith(("{", "[", "<")):
        return None
    ranked = _identifier().rank(plain)[:_COMPARED]
    language = str(ranked[0][0])
    return None if language == "zxx" else Told(language, {str(name): float(score) for name, score in ranked})


@functools.cache
def _identifier():  # type: ignore[no-untyped-def]  # the library publishes no types
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)


def main_languages(texts: Iterable[str]) -> list[str]:
    """The languages (ISO 639) that at least one in twenty of the texts that can be told is in, the commonest first."""
    counts = Counter(found.language for text in texts if (found := told(text)))
    return [name for name, count in counts.most_common() if count >= _MAIN * counts.total()]


def other_language(on: Checked) -> Finding:
    """Examples whose input or ideal output is in another language than the set's: one of less than 5 % of its texts.

    Only worth a look, since a customer may well write in it. See the module for what it does not promise.
    """
    read = {name: (asked, said) for name, asked, said in _read(on)}
    counts = Counter(each.language for pair in read.values() for each in pair if each)
    total = counts.total()
    main = [name for name, count in counts.most_common() if count >= _MAIN * total]
    cases, notes = [], []
    for name, pair in read.items():
        places = zip(("input", "ideal output"), pair, strict=True)
        strange = [(place, t) for place, t in places if t and t.language not in main and t.ahead(main) > _MARGIN]
        if strange:
            cases.append((name,))
            notes.append("; ".join(f"The {place} reads as {language_name(t.language)}" for place, t in strange) + ".")
    own = " and ".join(language_name(name) for name in main)
    return finding(
        "other_language", Severity.should_look, cases,
        f"Examples in another language than the set's ({own}): {{n}} of {len(read):,}. Meant so, or strayed in?",
        f"The texts long enough to tell are in {own}." if main else "No text is long enough to tell its language by.",
        notes=notes,
    )  # fmt: skip


def answered_in_another_language(on: Checked) -> Finding:
    """Ideal outputs in another language than their input, where both can be told.

    Says nothing where one in five or more is so: then it is a set of translations. Does not look at earlier turns.
    """
    both = [(name, asked, said) for name, asked, said in _read(on) if asked and said]
    crossed = [
        (name, asked.language, said.language)
        for name, asked, said in both
        if asked.ahead([said.language]) > _MARGIN and said.ahead([asked.language]) > _MARGIN
    ]
    if crossed and len(crossed) >= _TRANSLATES * len(both):
        sentence = (
            f"Answers in another language than their input: {len(crossed):,} of {len(both):,}, so it looks meant."
        )
        return Finding("answered_in_another_language", Severity.fine, 0, (), sentence)
    if not both:
        sentence = "No ideal output is long enough to tell its language by."
        return Finding("answered_in_another_language", Severity.fine, 0, (), sentence)
    return finding(
        "answered_in_another_language", Severity.should_look, [(name,) for name, _, _ in crossed],
        f"Ideal outputs in another language than their input: {{n}} of {len(both):,}.",
        f"Of {len(both):,} ideal outputs long enough to tell, none is in another language than its input.",
        notes=[f"Asked in {language_name(asked)}, answered in {language_name(said)}." for _, asked, said in crossed],
    )  # fmt: skip


def _read(on: Checked) -> list[tuple[str, Told | None, Told | None]]:
    """Id, and what is told of the input and of the ideal output; a label is no text in a language."""
    answers = labels(on.examples) is None
    return [(e.id, told(e.input), told(e.ideal) if answers else None) for e in on.examples]


def language_name(language: str) -> str:
    """The name of a language (ISO 639) in English; the code itself where the studio knows none."""
    return _NAMES.get(language, f'"{language}"')
