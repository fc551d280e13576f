"""Where the parts that are not Python modules lie: in a checkout beside `studio/`, in a wheel inside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _shipped(packed: str, beside: str) -> Path:
    inside = _PACKAGE / packed
    return inside if inside.exists() else _PACKAGE.parent / beside


def pages_dir() -> Path:
    """The folder of the page scripts: `studio/_pages` in a wheel, `pages/` in a checkout."""
    return _shipped("_pages", "pages")


def data_dir() -> Path:
    """The folder of the demo projects: `studio/_data` in a wheel, `data/` in a checkout."""
    return _shipped("_data", "data")


def docs_dir() -> Path:
    """The folder of the guides and their pictures: `studio/_docs` in a wheel, `docs/` in a checkout."""
    return _shipped("_docs", "docs")


def streamlit_config() -> Path:
    """The one Streamlit configuration: `studio/_streamlit/config.toml` in a wheel, `.streamlit/` in a checkout."""
    return _shipped("_streamlit", ".streamlit") / "config.toml"
