"""How pages outside Streamlit look: sign-in, guides, papers. outside.css holds their letters and colours."""

from __future__ import annotations

from pathlib import Path

_SHARED = Path(__file__).parent / "outside.css"


def sheet(own: Path) -> str:
    """The stylesheet of such a page: what all of them share, and behind it its `own`, a file."""
    return _SHARED.read_text(encoding="utf-8") + own.read_text(encoding="utf-8")
