# The two commands: `make demo` and `make test`. Both lean on `make setup`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test stress lint bench wheel versions clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $(STAMP)

demo: setup
	$(BIN)/grader batch submissions --rubric rubrics/first_cnn.toml --out results

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

stress: setup
	OMP_NUM_THREADS=1 GRADER_STRESS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The wheel, made from the sdist, in dist/.
wheel: setup
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .

# Lowest and newest of what pyproject.toml allows, as far as these Pythons are here; 8 GB each, and minutes.
VERSIONS ?= python3.11:2.13.0 python3.13:2.14.1
versions: setup
	$(BIN)/python bench/versions.py /var/tmp/cnn-grader-versions $(VERSIONS)

bench: setup
	$(BIN)/python bench/run.py

clean:
	rm -rf $(VENV) results
