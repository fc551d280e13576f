"""Loading the model libraries quickly: what is unused looks absent meanwhile, and nothing stays changed."""

from __future__ import annotations

import gc
import importlib.util
import json
import sys

import pytest

from studio.models.loading import quick_loading


def test_what_is_unused_is_absent_meanwhile_and_there_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with quick_loading(("colorsys", "json")):
        assert importlib.util.find_spec("colorsys") is None and not gc.isenabled()
        with pytest.raises(ImportError):
            importlib.import_module("colorsys")
        assert importlib.import_module("json") is json  # in use already: left alone
    assert importlib.import_module("colorsys").rgb_to_hsv and gc.isenabled()


def test_after_a_failure_too_everything_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    gc.disable()
    try:
        with pytest.raises(OSError), quick_loading(("colorsys",)):
            raise OSError("a library's file is gone")
        assert "colorsys" not in sys.modules and not gc.isenabled()
    finally:
        gc.enable()
