# Everything runs from here; nothing but Python 3.11+, make and, for the tests, git is needed.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for one in python3.11 python3.12 python3.13 python3.14 python3; do \
  if $$one -c '$(NEW_ENOUGH)' 2>/dev/null; then echo $$one; exit; fi; done; echo python3)
VENV   ?= .venv
BIN    := $(VENV)/bin
# Some tests wait for a while: four workers keep two cores busy.
WORKERS ?= 4
# The tests make some 100,000 small files: in memory, where four gigabytes of it are left.
ROOM   := $(shell df -Pk /dev/shm 2>/dev/null | awk 'END { if ($$4 > 4000000) print "/dev/shm" }')
# What is compiled once, the asserts of the tests among it, is read by every worker and every process of theirs;
# what all of them import first is compiled before any of them begins.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(if $(ROOM),TMPDIR=$(ROOM) )$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.PHONY: demo docs catalogues test checks lint types floors tests tests-at newest bench growth torture screenshots mutants manifests release lock clean

# An environment of an older Python would stay what it is, whichever is named the next time.
$(VENV)/.installed: pyproject.toml requirements.lock
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo "Python 3.11 or later is needed; name one: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/yeta demo

# The types keep one core busy alone: they are judged while the tests run, in what time these leave.
test: $(VENV)/.installed
	$(MAKE) --no-print-directory -j 2 tests checks

checks: lint types floors

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	nice -n 19 $(BIN)/mypy

floors: $(VENV)/.installed
	$(BIN)/lint-imports --no-cache

tests: $(VENV)/.installed
	rm -f .coverage .coverage.*
	$(BIN)/python -m compileall -q yeta_reconcile tests/support
	$(PYTEST) --cov --cov-report= --cov-fail-under=0 -m "not torture"
	$(BIN)/coverage report

# The same tests with the newest of everything that pyproject.toml allows, in an environment of its own.
newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	.venv-newest/bin/python -m pip install --quiet --group dev -e ".[granian,notify,parquet,postgres,report,xlsx]"
	@touch .venv-newest/.installed
	$(MAKE) --no-print-directory VENV=.venv-newest tests

# What is measured, side by side; some of it by name: make bench ARGS="receiver receivers"
bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench $(ARGS)

# How time and memory grow with size: docs/growth.md anew; ARGS=--long for the largest sizes,
# ARGS=--small to see that it works (into dist/growth)
growth: $(VENV)/.installed
	$(BIN)/python -m tests.bench.growth $(ARGS)

torture: $(VENV)/.installed
	$(PYTEST) -m torture --timeout=0 $(ARGS)

# The report as a browser draws it, beside pictures that were looked at; ARGS=--update keeps new ones.
screenshots: $(VENV)/.installed
	$(PYTEST) -m torture --timeout=0 tests/report/test_pictures.py $(ARGS)

# Which line of the rooms that decide and send no test sees: tests/mutants/__main__.py.
mutants: $(VENV)/.installed
	$(BIN)/python -m tests.mutants $(ARGS)

# The objects of deploy/kubernetes, as kustomize (or kubectl) renders them, through kubeconform, which are to be there.
manifests: $(VENV)/.installed
	$(BIN)/python -m tests.manifests

# The tests at another time of the wall clock: make tests-at AT="2031-12-31 23:58" ARGS=tests/cli
tests-at: $(VENV)/.installed
	$(BIN)/python -m tests.support.shifted "$(AT)" $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not torture" $(ARGS)

# The texts for people, out of the code into each language's file; its new ones are then to be translated
# there, and this once more compiles it. Another language: make catalogues ARGS=fr
catalogues: $(VENV)/.installed
	$(BIN)/python -m tests.wording $(ARGS)

# The site for people, in both languages, out of docs/ into dist/site; a warning is an error.
docs: $(VENV)/.installed
	$(BIN)/python -m mkdocs build --strict

# Everything of a release, made and checked in dist/VERSION: make release VERSION=1.2.0 [ARGS=--publish]
release: $(VENV)/.installed
	$(BIN)/python -m tests.release "$(VERSION)" $(ARGS)

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev --extra granian --extra postgres --extra parquet --extra notify --extra report --extra xlsx pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .venv-newest build dist .mypy_cache .ruff_cache .pytest_cache .coverage .coverage.*
