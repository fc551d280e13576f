"""The import rules of DESIGN.md, section 2: what `lint-imports` cannot see, and what really gets loaded."""

from __future__ import annotations

import ast
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import studio

REPO = Path(__file__).resolve().parents[1]
PAGES = sorted((REPO / "pages").glob("*.py"))
WORKER_ONLY = {
    "studio.worker",
    "studio.resident",
    "studio.warm",
    "studio.train.adapted",
    "studio.train.batches",
    "studio.train.circumstances",
    "studio.train.encode",
    "studio.train.fit",
    "studio.train.loss",
    "studio.train.order",
    "studio.train.packed",
    "studio.train.pair_trainer",
    "studio.train.pairs",
    "studio.train.preference_loss",
    "studio.train.rehearsal",
    "studio.train.room",
    "studio.train.takeaway_work",
    "studio.train.trainer",
    "studio.train.watch",
    "studio.generation.local",
    "studio.generation.side_work",
    "studio.evaluate.embed",
    "studio.models_convert",
}
SCRIPTS = {"studio.ui.app"}  # Streamlit runs it for a visitor; importing it would, too
HEAVY = {"torch", "transformers", "peft", "trl", "accelerate", "datasets", "sentence_transformers"}
SLOW = {"scipy.stats", "plotly.express"}  # a second and a third of one, of the two in which the server must answer
PAGE_LIBRARIES = {"streamlit", "plotly", "pandas"}
NOT_FOR_PAGES = {"store", "jobs", "worker", "cli", "models_convert"}
LINES_A_FILE, LINES_A_FUNCTION = 400, 40


def imported(source: Path) -> Iterator[str]:
    """Every dotted name a file imports, `from a import b` as `a.b`, at the top or inside a function."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.name}: pages import by absolute names"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def allowed_in_a_page(name: str) -> bool:
    first, _, rest = name.partition(".")
    if first == "studio":
        return rest.split(".")[0] not in NOT_FOR_PAGES and name not in WORKER_ONLY
    return first in PAGE_LIBRARIES or first in sys.stdlib_module_names


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_pages_import_the_ui_the_steps_and_three_libraries(page: Path) -> None:
    assert [name for name in imported(page) if not allowed_in_a_page(name)] == []


def everything_but_the_worker() -> list[str]:
    names = [m.name for m in pkgutil.walk_packages(studio.__path__, "studio.") if not m.name.endswith("__main__")]
    return [name for name in names if name not in WORKER_ONLY | SCRIPTS]


def test_the_server_and_the_command_load_no_model_library() -> None:
    names = everything_but_the_worker()
    script = f"""
import importlib, json, sys
for name in {names!r}:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)))
"""
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPO)
    assert child.returncode == 0, child.stderr
    loaded = set(json.loads(child.stdout.splitlines()[-1]))
    assert set(names) <= loaded
    assert loaded & HEAVY == set()


@pytest.mark.parametrize("names", ["studio.cli", "studio.ui.server, studio.supervisor, studio.commands"])
def test_an_entry_point_loads_no_model_library_and_nothing_slow(names: str) -> None:
    script = f"import sys, {names}; print([name for name in {sorted(HEAVY | SLOW)!r} if name in sys.modules])"
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=REPO)
    assert child.returncode == 0, child.stderr
    assert child.stdout.strip() == "[]"


def code() -> list[Path]:
    return sorted([*(REPO / "studio").rglob("*.py"), *PAGES])


def test_files_are_small() -> None:
    long = {str(f.relative_to(REPO)): n for f in code() if (n := len(f.read_text().splitlines())) >= LINES_A_FILE}
    assert long == {}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    docstring = ast.get_docstring(function, clean=False) or ""
    return (function.end_lineno or function.lineno) - function.lineno + 1 - len(docstring.splitlines())


def test_one_function_says_how_a_share_is_written() -> None:
    own = re.compile(r":\.\d%|\{100 \* [^{}]*:\.0f\} ?%")
    assert all(own.search(each) for each in ('f"{share:.0%}"', 'f"{100 * share:.0f} %"')), "as one writes by hand"
    assert [f.name for f in code() if own.search(f.read_text(encoding="utf-8"))] == []


def test_functions_are_small() -> None:
    long = {
        f"{file.relative_to(REPO)}:{node.name}": lines
        for file in code()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := lines_of(node)) >= LINES_A_FUNCTION
    }
    assert long == {}
