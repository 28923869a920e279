# `make` alone lists what can be asked for.

PYTHON ?= python3
BIN := .venv/bin
STUBS := .cache/stubs
DEMO_FLAGS ?=

# Image of the last release that `buf breaking` compares with; until there is
# one, the tree is compared with itself.
RELEASED := proto/released.binpb

# Pages that the registry writes outside of registry/generated.
PAGES := --docs docs/keys.md --changes docs/registry-changes.md

.DEFAULT_GOAL := help
.PHONY: help setup system-packages demo test bench bench-intake soak check lint types proto-check generated-check generate lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

setup: .venv/.installed ## make .venv with all three distributions

.venv/.installed: constraints.txt pyproject.toml server/pyproject.toml registry/pyproject.toml
	.ci/system-packages venv $(PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . -e server -e registry
	touch $@

system-packages: ## install what the tests need from apt
	.ci/system-packages tests

demo: setup ## let hundreds of simulated installations report for eight weeks
	$(BIN)/headcount-server demo $(DEMO_FLAGS)

test: setup system-packages ## run all tests
	$(BIN)/python -m pytest

bench: setup ## measure, and compare with the budgets
	$(BIN)/python bench/registry.py
	$(BIN)/python bench/client_start.py
	$(BIN)/python bench/intake.py

bench-intake: setup ## measure the taking of reports beside two servers that promise less
	$(BIN)/python bench/intake.py

soak: setup ## let 10,000 real clients live through ten weeks, and kill a server 1,000 times
	HEADCOUNT_HOSTS=10000 $(BIN)/python -m pytest --timeout 7200 tests/client/test_client_population.py
	HEADCOUNT_CYCLES=1000 $(BIN)/python -m pytest -s tests/server/test_crash_cycles.py

check: setup lint types declarations-check proto-check generated-check ## linter, formatter, types, declarations, buf, generated files

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup
	$(BIN)/mypy

declarations-check: setup
	$(BIN)/headcount-registry check --strict registry/declarations

proto-check: setup
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code proto
	mkdir -p .cache
	$(BIN)/buf build -o .cache/image.binpb
	$(BIN)/buf breaking --against $(if $(wildcard $(RELEASED)),$(RELEASED),.cache/image.binpb)

# The stubs are written by an old protoc, whose code every supported protobuf loads.
$(STUBS)/.installed: proto/constraints.txt
	$(PYTHON) -m venv $(STUBS)
	$(STUBS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r proto/constraints.txt
	touch $@

generate: setup $(STUBS)/.installed ## write all generated files anew
	$(STUBS)/bin/python -m grpc_tools.protoc -I proto --python_out=client --pyi_out=client proto/headcount/v1/*.proto
	$(BIN)/headcount-registry build registry/declarations --out registry/generated $(PAGES)

generated-check: setup $(STUBS)/.installed
	rm -rf .cache/generated && mkdir -p .cache/generated
	$(STUBS)/bin/python -m grpc_tools.protoc -I proto --python_out=.cache/generated --pyi_out=.cache/generated proto/headcount/v1/*.proto
	diff -r -x __init__.py -x __pycache__ .cache/generated/headcount/v1 client/headcount/v1
	$(BIN)/headcount-registry build registry/declarations --out registry/generated $(PAGES) --check

lock: setup ## resolve the newest dependencies into constraints.txt
	$(BIN)/uv lock --quiet --upgrade
	$(BIN)/uv export --quiet --all-packages --all-groups --all-extras --no-emit-workspace --no-header --output-file constraints.txt
	rm uv.lock
	printf 'grpcio-tools==1.63.2\nsetuptools<81\n' | $(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 - --output-file proto/constraints.txt

clean: ## remove what was made here and is not committed
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
