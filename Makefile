# make run     open the terminal program on the examples; without a terminal, see a pendulum learn to balance
# make test    what a change is likely to break, in a few minutes
# make test-all  the other tests: slow ones, and those that train until a figure can do something
# make check   style, types, import rules, dependencies, generated pages
# make pages   write the generated pages anew: the reference, the JSON Schemas
# make pictures  take the pictures of the terminal program anew (tests/tui/__snapshots__)
# make bench   speed, against the physical limit and, where they are installed, other libraries
# make clean   remove what these made
#
# Needs Python 3.11 or later with venv and pip. PYTHON=python3.12 make … chooses another one.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/ready
PYTEST_FLAGS ?= -n auto --dist worksteal
BENCH_FLAGS  ?=

.PHONY: run test test-all check pages pictures bench clean

$(READY): pyproject.toml .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "GTS needs Python 3.11 or later; $(PYTHON) is older. Name another one: make PYTHON=python3.12"; exit 3; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c .ci/constraints.txt
	@touch $@

run: $(READY)
	@if [ -t 0 ] && [ -t 1 ]; then exec $(BIN)/gts --workspace workspace; \
	else mkdir -p workspace/runs && exec $(BIN)/gts train workspace/inverted/invertedPPO.spec workspace/runs/first.checkpoint --workspace workspace; fi

test: $(READY)
	$(BIN)/python -m pytest $(PYTEST_FLAGS) -m "not slow and not learning"

test-all: $(READY)
	$(BIN)/python -m pytest $(PYTEST_FLAGS) -m "slow or learning"

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry gts gts_tui
	$(BIN)/deptry tests --exclude .venv --ignore DEP002,DEP004
	$(BIN)/python -m gts.commands.reference --check

pages: $(READY)
	$(BIN)/python -m gts.commands.reference
	$(BIN)/python -m gts.formats.schema

pictures: $(READY)
	$(BIN)/python -m pytest --quiet --snapshot-update tests/tui/test_snapshots.py

bench: $(READY)
	$(BIN)/gts bench $(BENCH_FLAGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find gts tests -name __pycache__ -type d -prune -exec rm -rf {} +
