# What a developer does, one command each. `make run` and `make test` are all the set-up.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python
TESTS ?= tests
# Test processes; 0 for one that can be debugged.
WORKERS ?= 2

.PHONY: run demo test bench lint format audit lock wheel clean help run-ready dev-ready

run: run-ready ## Start everything with the demo municipality (data in ./var)
	@exec .venv/bin/indgang run

demo: run-ready ## Play a lifelike day of contacts into the service that runs
	@exec .venv/bin/indgang demo

test: dev-ready ## All tests, or some: make test TESTS=tests/unit
	$(PY) -m pytest -n $(WORKERS) $(TESTS)

bench: dev-ready ## Contacts per second against the machine's own limits; a million promises; indicators
	$(PY) -m bench
	$(PY) -m bench.promises
	$(PY) -m bench.indicators

lint: dev-ready ## Style and types: ruff check, ruff format, mypy --strict
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: dev-ready ## Put the code in shape
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

audit: run-ready ## Prove the invariants of the ledger in ./var
	@exec .venv/bin/indgang audit

lock: ## Choose new versions of the dependencies (needs uv), then look at the difference
	uv pip compile --universal --generate-hashes --no-header --no-annotate --upgrade \
	    --python-version 3.11 pyproject.toml -o requirements/run.txt
	uv pip compile --universal --generate-hashes --no-header --no-annotate --upgrade \
	    --python-version 3.11 -c requirements/run.txt pyproject.toml --group dev -o requirements/dev.txt

wheel: dev-ready ## Build the wheel into dist/
	$(PY) -m hatchling build -t wheel

clean: ## Remove what make has made; the data in ./var stays
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run-ready:
	@scripts/setup.sh run

dev-ready:
	@scripts/setup.sh dev
