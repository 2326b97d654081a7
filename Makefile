# Everything runs from here; nothing but Python 3.11+ and make is needed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
# Some tests wait for a while: three workers keep two cores busy.
WORKERS ?= 3

.PHONY: demo test lint types floors tests bench torture lock clean

$(VENV)/.installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/yeta demo

test: lint types floors tests

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

floors: $(VENV)/.installed
	$(BIN)/lint-imports --no-cache

tests: $(VENV)/.installed
	rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term -m "not torture"

bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench

torture: $(VENV)/.installed
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m torture --timeout=0 $(ARGS)

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev --extra postgres --extra parquet pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
