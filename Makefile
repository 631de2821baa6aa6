# The two commands: `make demo` and `make test`. All lean on `make setup`; `make help` names every target.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo test stress lint format check docs docs-serve reference outputs hooks bench wheel versions clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP)  ## .venv with everything that tests need

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	touch $(STAMP)

demo: setup  ## grade the 27 submissions in submissions/ into results/
	$(BIN)/grader batch submissions --rubric rubrics/first_cnn.toml --out results

test: setup  ## the tests that every push has to pass
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

stress: setup  ## all tests at their full length; hours
	OMP_NUM_THREADS=1 GRADER_STRESS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

DEV := $(VENV)/.installed-dev
$(DEV): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP) $(DEV)

lint: $(DEV)  ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)  ## let ruff lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint test  ## what CI runs

docs: setup  ## the documentation as a site, in site/; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

docs-serve: setup  ## the same on http://127.0.0.1:8000, again after every save
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs serve

reference: setup  ## docs/reference and docs/messages.md anew from the code
	$(BIN)/python -m tests.docs.reference --refresh
	$(BIN)/python -m tests.mistakes.messages --refresh

outputs: setup  ## what commands print now, into README and docs; read the difference
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/docs/test_blocks.py --refresh-docs

hooks: $(DEV)  ## run the linters before every commit
	$(BIN)/pre-commit install

wheel: setup  ## wheel and sdist in dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist .

# Lowest and newest of what pyproject.toml allows, as far as these Pythons are here; 8 GB each, and minutes.
VERSIONS ?= python3.11:2.13.0 python3.13:2.14.1
versions: setup  ## the tests with the lowest and the newest of what is allowed
	$(BIN)/python bench/versions.py /var/tmp/cnn-grader-versions $(VERSIONS)

bench: setup  ## measure again what bench/RESULTS.md says
	$(BIN)/python bench/run.py

clean:  ## remove .venv, results and site
	rm -rf $(VENV) results site
