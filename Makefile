# Every command a person needs. The first one sets up what is missing.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := $(shell sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)

.DEFAULT_GOAL := help
.PHONY: help setup up down ps logs test check format bench lock clean

help:  ## show the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: $(READY)  ## install what the project needs into .venv

# `uv` is named in the lock too, so that the sync below leaves it in place.
$(READY): requirements.lock pyproject.toml | $(BIN)/uv
	@echo "Installing what requirements.lock names …"
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(BIN)/uv:
	@echo "Setting up $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

up: setup  ## start the platform, with the simulated plant
	@$(BIN)/forewarn up

down:  ## stop the platform
	@test -x $(BIN)/forewarn && $(BIN)/forewarn down

ps: setup  ## show the services
	@$(BIN)/forewarn ps

logs: setup  ## follow the services' logs
	@$(BIN)/forewarn logs

test: setup  ## run the tests
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: setup  ## lint, types and definitions; each failure says how to mend it
	@$(BIN)/ruff check . || { echo "mend: make format"; exit 1; }
	@$(BIN)/ruff format --check --quiet . || { echo "mend: make format"; exit 1; }
	@$(BIN)/pyright --warnings || { echo "mend: the types named above"; exit 1; }
	@$(BIN)/forewarn plant check || { echo "mend: the YAML lines named above"; exit 1; }

format: setup  ## format the code, and mend what ruff can
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: setup  ## print the benchmark tables
	@$(BIN)/python -m benchmarks

lock: | $(BIN)/uv  ## resolve pyproject.toml into requirements.lock (names, versions and hashes only)
	@$(BIN)/uv pip compile pyproject.toml --quiet --all-extras --universal --generate-hashes \
	  --no-emit-index-url --python-version 3.11 --custom-compile-command "make lock" -o requirements.lock

clean: down  ## remove the environment and all state
	@rm -rf $(VENV) .forewarn
