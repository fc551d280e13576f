"""A drawing for paper: shares with their intervals as dots on one axis, as plain SVG. Told by shape and words, so that
it survives a grey printer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from studio.wording import in_html

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 680, 160, 400, 20, 20
_HALF = 0.5


@dataclass(frozen=True)
class Dot:
    """One line of the drawing. Shares in [0, 1]; `share` None where nothing is known. `shape`: "full", "hollow" or
    "diamond"; `told`: what stands to its right."""

    label: str
    share: float | None
    low: float
    high: float
    told: str
    shape: str = "full"


def dots(rows: Sequence[Dot], margin: float, said: str) -> str:
    """The drawing as an SVG element. `margin`: the share that counts as a win that matters, drawn where it is above one
    half; `said`: the drawing in words, for who does not see it.
    On a narrow screen, where its letters are too small, a list of the rows stands below it."""
    height = _TOP + _ROW * len(rows) + 8
    marks = [_line(_HALF, height, "half", "no difference", "end")]
    if margin > _HALF:
        marks.append(_line(margin, height, "margin", "a win that matters", "start"))
    body = "".join(_row(place, each) for place, each in enumerate(rows))
    lines = "".join(f"<li><b>{escape(each.label)}</b>: {in_html(each.told)}</li>" for each in rows)
    return (
        f'<div><svg class="dots" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="{escape(said)}">{"".join(marks)}{body}</svg></div><ul class="small">{lines}</ul>'
    )


def _x(share: float) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * share, 1)


def _line(share: float, height: int, kind: str, text: str, anchor: str) -> str:
    x, aside = _x(share), -4 if anchor == "end" else 4
    return (
        f'<line class="{kind}" x1="{x}" x2="{x}" y1="{_TOP - 8}" y2="{height}"/>'
        f'<text class="axis" x="{x + aside}" y="10" text-anchor="{anchor}">{text}</text>'
    )


def _row(place: int, each: Dot) -> str:
    y = _TOP + _ROW * place + _ROW // 2
    text = f'<text x="0" y="{y + 4}">{escape(each.label)}</text>'
    told = f'<text class="told" x="{_WIDTH}" y="{y + 4}" text-anchor="end">{in_html(each.told)}</text>'
    if each.share is None:
        return text + told
    bar = f'<line class="bar" x1="{_x(each.low)}" x2="{_x(each.high)}" y1="{y}" y2="{y}"/>'
    return text + bar + _mark(each.shape, _x(each.share), y) + told


def _mark(shape: str, x: float, y: int) -> str:
    if shape == "diamond":
        return f'<path class="diamond" d="M{x} {y - 6}L{x + 6} {y}L{x} {y + 6}L{x - 6} {y}Z"/>'
    return f'<circle class="{shape}" cx="{x}" cy="{y}" r="5"/>'
