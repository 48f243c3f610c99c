# Kiosk 315. `make` alone lists what can be done here.
#
# Asks for nothing but make and a Python from 3.11 on that has venv; the rest is set up in .venv, by hash, through pip
# (not uv: pip is there already, and it knows the mirror or proxy a machine's pip.conf names). Stamps in .venv make a
# repeated call cost nothing. Every path below is relative, so the clone may lie in a folder with a space in its name.

BOOTH_PORT ?= 3150
HUB_PORT   ?= 3151
PYTEST     ?= -n auto# words for pytest:  make test PYTEST='-n 2 -k sync'
export BOOTH_PORT HUB_PORT
# Whatever the shell around says: else each of the hundreds of programs that the tests start compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

# What `make test-long` repeats: the stories, the laws, what `make test` asks on one database alone, and whatever takes
# its share of the time (tests/proof.py).
REPEATING = proof import.* (share|at_length)|hypothesis import.* given
LONG = tests/faults tests/hub tests/journeys tests/facts/test_clocks.py tests/booth/test_crowds.py tests/simulation/test_import.py \
       tests/web/test_crawl.py $(shell grep -lw paired tests/booth/test_*.py) \
       $(shell grep -rlE '$(REPEATING)' tests --include='test_*.py' | grep -vE '^tests/(faults|hub|journeys)/' | sort)

BIN     := .venv/bin
STAMPS  := .venv/stamps
PY      := $(BIN)/python
INSTALL := $(PY) -m pip install -qq --disable-pip-version-check
LOCKED  := $(INSTALL) --require-hashes --only-binary :all:

# A root with a tight umask would set up packages that PostgreSQL, which never runs as root, could not read.
SETUP := @umask 022;

VENDORED   := static/vendor/htmx.min.js
CATALOGUES := $(wildcard kiosk/translations/*/LC_MESSAGES/*.po)

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help run test test-long sabotage lint bench audit screenshots lock wheel clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

# ── what people do ──────────────────────────────────────────────────────────────────────────────────────────────────

run: $(STAMPS)/project ## a demo booth on :3150 and hub on :3151 (BOOTH_PORT, HUB_PORT); Ctrl-C stops both
	@$(BIN)/kiosk demo

test: $(STAMPS)/project $(STAMPS)/test ## everything that must pass, in a real browser and on a real PostgreSQL too
	@$(PY) tests/provision.py
	@$(BIN)/lint-imports
	@$(PY) -m pytest $(PYTEST)

test-long: $(STAMPS)/project $(STAMPS)/test ## the proofs at full length, for their figures (docs/proof.md)
	@$(PY) tests/provision.py
	@KIOSK_PROOF_FULL=1 $(PY) -m pytest $(PYTEST) --timeout=7200 $(LONG)

sabotage: $(STAMPS)/project $(STAMPS)/test ## break the code on purpose, one way after another: the tests must notice each
	@$(PY) -m pytest -q -s -k noticed tests/faults/test_planted.py

lint: $(STAMPS)/project $(STAMPS)/test ## style, types and the import rule
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy kiosk hatch_build.py
	@$(BIN)/lint-imports

bench: $(STAMPS)/project $(STAMPS)/test ## ratios against a floor measured in the same run
	@$(PY) -m tests.bench

screenshots: $(STAMPS)/project $(STAMPS)/test ## every screen as a picture, to look at
	@$(PY) tests/provision.py
	@$(PY) -m tests.screenshots

# --strict: what could not be looked up is a failure, not a pass.
audit: $(STAMPS)/test ## known faults in what the lock files name; fails if it could not ask
	@for lock in booth hub test build node; do \
	    echo "requirements/$$lock.txt"; \
	    $(BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/$$lock.txt || exit; \
	done

wheel: $(STAMPS)/project ## dist/: the wheel for tablets and hubs, and the sdist
	@$(PY) -m hatchling build

clean: ## away with all that make made; instance/ stays
	rm -rf .venv dist build node_modules static/vendor tests/vendor .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find kiosk tests -name __pycache__ -prune -exec rm -rf {} +
	find kiosk -name '*.mo' -exec rm -f {} +

# ── the lock files ──────────────────────────────────────────────────────────────────────────────────────────────────
# Each is bound to the one before it, so that a hub runs the versions a tablet runs, and the tests run both.

COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
           --generate-hashes --no-emit-index-url --no-annotate --no-header

lock: $(STAMPS)/test ## the newest versions that fit pyproject.toml and requirements/*.in, with their hashes
	$(COMPILE) pyproject.toml -o requirements/booth.txt
	$(COMPILE) pyproject.toml --extra hub -c requirements/booth.txt -o requirements/hub.txt
	$(COMPILE) requirements/test.in -c requirements/hub.txt -o requirements/test.txt
	$(COMPILE) requirements/build.in -c requirements/test.txt -o requirements/build.txt
	$(COMPILE) requirements/node.in -o requirements/node.txt

# ── set-up ──────────────────────────────────────────────────────────────────────────────────────────────────────────

# The newest Python that answers and can make a virtual environment; PYTHON=… names another.
PYTHONS := $(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3)

$(STAMPS)/python:
	$(SETUP) fitting=; \
	for python in $(PYTHONS); do \
	    version=$$($$python -c 'import sys; sys.version_info >= (3, 11) and print("%d.%d" % sys.version_info[:2])' 2>/dev/null); \
	    test "$$version" || continue; \
	    fitting=$${fitting:-$$version}; \
	    $$python -c 'import venv, ensurepip' 2>/dev/null || continue; \
	    echo "setting up .venv with Python $$version …"; \
	    rm -rf .venv && $$python -m venv .venv && mkdir -p $(STAMPS) && touch $@; exit; \
	done; \
	if test "$$fitting"; then \
	    echo "Python $$fitting is here but cannot make a virtual environment: run  sudo apt-get install -y python$$fitting-venv"; \
	else \
	    echo "No Python from 3.11 on is here (looked for: $(PYTHONS)): run  sudo apt-get install -y python3 python3-venv"; \
	fi >&2; exit 1

# What the booth and the hub import, and what builds the project.
$(STAMPS)/runtime: requirements/hub.txt requirements/build.txt $(STAMPS)/python
	$(SETUP) echo "installing what the booth and the hub need …"; \
	$(LOCKED) -r requirements/hub.txt -r requirements/build.txt && touch $@

# Browser files and message catalogues. npm comes as a wheel where there is none and something must be fetched.
$(VENDORED): hatch_build.py pyproject.toml package.json package-lock.json .npmrc $(CATALOGUES) $(STAMPS)/runtime
	$(SETUP) $(PY) hatch_build.py --check || command -v npm >/dev/null || $(LOCKED) -r requirements/node.txt; \
	$(PY) hatch_build.py && touch $@

# The project itself, editable, so that `kiosk` is a command. Its build needs are installed already, checked by hash.
$(STAMPS)/project: pyproject.toml $(VENDORED) $(STAMPS)/runtime
	$(SETUP) $(INSTALL) --no-build-isolation --no-deps --editable . && touch $@

# With a public list of hostile texts, which comes from npm and is never committed.
$(STAMPS)/test: requirements/test.txt package-lock.json $(STAMPS)/runtime
	$(SETUP) echo "installing what the tests need …"; $(LOCKED) -r requirements/test.txt && \
	{ command -v npm >/dev/null || $(LOCKED) -r requirements/node.txt; } && $(PY) hatch_build.py --tests && touch $@
