"""Documents that a team uploads, and the passages that they are cut into; `studio.records` gives all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.record_json import canonical, sha256, to_json


@dataclass(frozen=True)
class Piece:
    """Some of a document's words, as they are cut: a few paragraphs, or a part of a long one. `heading`: the headings
    above it, the outer first; `page`: the page it begins on, 0 where a document has none."""

    text: str
    heading: str = ""
    page: int = 0

    @property
    def read(self) -> str:
        """What its vector is made of: the words, under their heading."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text


@dataclass(frozen=True)
class Document:
    """A document as it was uploaded. `sha256` hashes its pieces in their order, so the same words have the same hash
    whatever the file was called. A removed one keeps its passages: outputs were written from them."""

    id: str
    project: str
    name: str
    sha256: str
    passages: int
    words: int
    removed: bool = False
    actor: str = ""
    at: str = ""


@dataclass(frozen=True)
class Passage:
    """One piece of a document. `id`: the document's, and its place in it from 1; `document`: its content hash;
    `title`: the document's name."""

    id: str
    document: str
    title: str
    piece: Piece

    @property
    def source(self) -> str:
        """Where it stands, for people and for the model: "Returns, Damaged goods, page 3"."""
        page = f"page {self.piece.page}" if self.piece.page else ""
        named = self.piece.heading.casefold().startswith(self.title.casefold())
        return ", ".join(part for part in ("" if named else self.title, self.piece.heading, page) if part)


def pieces_sha256(pieces: Sequence[Piece]) -> str:
    """The content hash of a document."""
    return sha256(canonical(to_json(list(pieces))))
