# Beacon's commands. `make help` lists them.
.DEFAULT_GOAL := help
.NOTPARALLEL:
PY := .venv/bin/python
TESTS ?= tests
WORKERS ?= 3
# Compiled modules are kept, whatever the environment says: a run starts a dozen processes of the same six hundred.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run install dev test test-faults check format bench screenshots lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: install ## start everything on this machine (PORT, BEACON_DATA_DIR are honoured)
	@exec $(PY) -m config.local up --with-parent

install: ## make the environment and build the assets; nothing to do the second time
	@config/local/install.sh base

dev: ## the same with what checks and tests need
	@config/local/install.sh dev

test: dev ## run all tests (TESTS=tests/platform for some)
	@$(PY) -m pytest -n $(WORKERS) $(TESTS)

test-faults: dev ## kill every kind of process under load, for FAULT_SECONDS (180); FAULT_SEED, FAULT_EVERY, FAULT_SENDERS
	@FAULT_SECONDS=$${FAULT_SECONDS:-180} $(PY) -m pytest -n0 -s tests/faults

check: dev ## format, lint, types, layers, migrations, tracker size
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run  # it needs no database and would say so
	node tracker_js/size.mjs --check

format: dev ## put the code in format
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: dev ## measure, print a table, save bench-results/*.json
	@$(PY) -m tests.bench

screenshots: dev ## render every page of the demo into screenshots/
	@$(PY) -m tests.screenshots

UV := ../../.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-python-downloads
lock: ## resolve the locked versions anew (LOCK=--upgrade for the newest)
	@config/local/install.sh python
	cd config/requirements && $(UV) $(LOCK) --python-version 3.11 base.in -o base.txt
	cd config/requirements && $(UV) $(LOCK) --python-version 3.11 dev.in -o dev.txt
	cd config/requirements && $(UV) $(LOCK) --python-version 3.12 --no-deps --only-binary :all: postgres.in -o postgres.txt
	npm install --package-lock-only

clean: ## remove what can be made again; the data folder stays
	rm -rf .venv node_modules static/dist screenshots bench-results .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find apps config tests -name __pycache__ -type d -prune -exec rm -rf {} +
