# `make` alone lists what can be asked for.

PYTHON ?= python3
BIN := .venv/bin
STUBS := .cache/stubs
DEMO_FLAGS ?=
BENCH_FLAGS ?=

# Image of the last release that `buf breaking` compares with; until there is
# one, the tree is compared with itself.
RELEASED := proto/released.binpb

# Pages that the registry writes outside of registry/generated.
PAGES := --docs docs/generated/keys.md --changes docs/generated/registry-changes.md

.DEFAULT_GOAL := help
.PHONY: help setup system-packages demo test test-fast test-heavy test-index test-future bench bench-intake bench-compare bench-scale bench-usefulness bench-log bench-relay bench-memory bench-packages soak assurance audit licences check check-backdrop fix lint walls types proto-check generated-check generate generate-registry translations lock docs release dist image test-image clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

setup: .venv/.installed ## make .venv with all three distributions

.venv/.installed: constraints.txt pyproject.toml server/pyproject.toml registry/pyproject.toml client/headcount/__init__.py
	.ci/system-packages setup $(PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e . -e server -e registry
	touch $@

system-packages: ## install what the tests need from apt
	.ci/system-packages tests

demo: setup ## let hundreds of simulated installations report for eight weeks
	$(BIN)/headcount-server demo $(DEMO_FLAGS)

# One place: make test T=tests/server/counting
PYTEST := $(BIN)/python -m pytest
# A third process runs while two wait for servers and databases.
BESIDE := --numprocesses 3 --dist loadfile --no-loadscope-reorder

test: setup system-packages ## run the tests but the heavy ones, or all of one place: T=tests/server
	$(PYTEST) $(if $(T),$(T) -m 'not index and not image',$(BESIDE) -m 'not heavy and not index and not image')

test-heavy: setup system-packages ## run attacks, long inputs and journeys of many programs
	$(PYTEST) $(BESIDE) -m 'heavy and not index and not image'

# Two processes are quicker here: each has to read all test files first.
test-fast: setup ## run the tests that start nothing and take no time: a minute
	$(PYTEST) --numprocesses 2 --dist loadfile -m 'not slow and not heavy and not index and not image'

test-index: setup ## run the tests that need a package index
	$(PYTEST) --numprocesses 2 --dist loadfile -m 'index and not image'

# A quarter of an hour a day. What cannot be shifted is told in tests/other_days/run.
DAYS ?= 45 365 2192 week53
test-future: setup system-packages ## run all tests as if on other DAYS, which are days from now, or week53
	set -e; for day in $(DAYS); do tests/other_days/run $$day $(PYTEST) $(BESIDE) -m 'not index and not image' $(T); done


bench: setup bench-packages ## measure, compare with the budgets, write docs/generated/benchmarks.md
	$(BIN)/python bench/run.py $(BENCH_FLAGS)

bench-intake: setup bench-packages ## measure the taking of reports beside two servers that promise less
	$(BIN)/python bench/intake.py

bench-compare: setup bench-packages ## tell whether the tree is slower than BASE, a revision
	$(BIN)/python bench/compare.py $(or $(BASE),$(error name the revision to compare with: make bench-compare BASE=REV)) $(BENCH_FLAGS)

bench-scale: setup system-packages bench-packages ## measure servers on one PostgreSQL, write docs/generated/scale.md
	$(BIN)/python bench/scale.py $(BENCH_FLAGS)

bench-usefulness: setup ## measure what readers see of a week, write docs/generated/usefulness.md
	$(BIN)/python bench/usefulness.py --out docs/generated/usefulness.md

bench-log: setup ## measure the log of publications, for ten years of 100 projects
	$(BIN)/python bench/log.py 520 100 10

bench-relay: setup bench-packages ## measure reports through a relay, into docs/generated/benchmarks.md
	$(BIN)/python bench/run.py relay $(BENCH_FLAGS)

bench-memory: setup bench-packages ## measure the memory after a million reports, into docs/generated/benchmarks.md
	$(BIN)/python bench/run.py memory $(BENCH_FLAGS)

bench-packages:
	.ci/system-packages bench

# Each file is one long form; what it showed is taken in by `make assurance`.
SOAK = $(BIN)/python -m pytest --timeout 7200 --junitxml=.cache/soak/$(1).xml

soak: setup system-packages ## run every attack in its long form: some hours; then `make assurance`
	rm -rf .cache/soak && mkdir -p .cache/soak
	HEADCOUNT_CYCLES=1000 $(call SOAK,crashes) tests/attacks/crashes/test_crash_cycles.py
	HEADCOUNT_STRIDE=1 $(call SOAK,close) tests/attacks/crashes/test_close_crash.py
	HEADCOUNT_FAILOVERS=20 $(call SOAK,failovers) tests/server/store/postgres/test_failover.py
	HEADCOUNT_POWER_CUTS=3000 $(call SOAK,power) tests/attacks/crashes/test_power_record.py
	HEADCOUNT_FAULTS=all $(call SOAK,faults) tests/attacks/faults/test_faults_disk.py
	HEADCOUNT_ABUSE_SECONDS=10 $(call SOAK,abuse) tests/attacks/abuse/test_abuse_http2.py tests/attacks/abuse/test_abuse_slow.py
	HEADCOUNT_SILENT=5000 $(call SOAK,crowds) tests/attacks/abuse/test_abuse_crowds.py
	HEADCOUNT_VALUES=1000000 $(call SOAK,values) tests/attacks/abuse/test_abuse_values.py
	HEADCOUNT_REQUESTS=100000 $(call SOAK,json) tests/server/doors/test_json_memory.py
	HEADCOUNT_WEEKS=10000 $(call SOAK,ranges) tests/server/publication/test_ranges.py
	HEADCOUNT_PUBLISHED_WEEKS=60 $(call SOAK,published) tests/server/destinations/test_serving.py
	HEADCOUNT_EXAMPLES=100 $(call SOAK,machines) tests/e2e/test_evolution_machine.py tests/client/delivery/test_schedule_machine.py
	HEADCOUNT_FUZZ_SECONDS=300 $(call SOAK,fuzz) tests/attacks/fuzz/test_fuzz_client.py tests/attacks/fuzz/test_fuzz_lock.py tests/attacks/fuzz/test_fuzz_binary.py tests/attacks/fuzz/test_fuzz_http.py tests/attacks/fuzz/test_fuzz_json.py tests/attacks/fuzz/test_fuzz_registry.py tests/attacks/fuzz/test_fuzz_info.py
	HEADCOUNT_HOSTS=10000 $(call SOAK,population) tests/client/delivery/test_population.py

assurance: setup system-packages ## run the attacks that back a promise, write docs/generated/assurance.md
	$(BIN)/python assurance/prove.py

# An advisory service is asked, over the network. A dependency that it does not
# know fails, so that silence is not taken for health.
audit: setup licences ## ask whether weaknesses of a dependency are known; list and check licences
	$(PYTHON) -m venv .cache/audit
	.cache/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	.cache/audit/bin/pip-audit --strict --require-hashes --disable-pip --requirement constraints.txt

licences: setup
	$(BIN)/python release/licences.py

check: setup lint walls types declarations-check proto-check generated-check ## linter, formatter, types, declarations, buf, generated files

fix: setup ## format, and mend what the linter can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docs/operators/deploy/compose.yaml examples/containers/compose.yaml

walls: setup
	$(BIN)/lint-imports

types: setup
	$(BIN)/mypy
	MYPYPATH=bench $(BIN)/mypy bench
	$(BIN)/headcount-registry build examples/declarations --out .cache/acme >/dev/null
	for example in examples/*/; do \
	  test -z "$$(find $$example -name '*.py')" || \
	  MYPYPATH=.cache/acme/clients:$$example $(BIN)/mypy --strict $$example || exit; done

declarations-check: setup
	$(BIN)/headcount-registry check --strict registry/declarations

check-backdrop: setup ## compare Backdrop's declarations with its source: BACKDROP=/path
	PYTHONPATH=tests $(BIN)/python -m support.backdrop_source $(or $(BACKDROP),$(error name a tree of Backdrop CMS: make check-backdrop BACKDROP=/path))

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
	$(MAKE) generate-registry translations
	PYTHONPATH=tests $(BIN)/python -m conformance.write

translations: setup ## bring the catalogues of our sentences up to date, and compile them
	$(BIN)/python translations/catalogues.py

generate-registry: setup
	$(BIN)/headcount-registry build registry/declarations --out registry/generated $(PAGES)
	$(BIN)/headcount-registry generate backdrop registry/declarations --out registry/generated/backdrop --project-pages
	$(BIN)/headcount-registry generate grafana registry/declarations --out registry/generated/grafana
	$(BIN)/headcount-registry generate prometheus registry/declarations --out registry/generated/prometheus

generated-check: setup $(STUBS)/.installed
	rm -rf .cache/generated && mkdir -p .cache/generated
	$(STUBS)/bin/python -m grpc_tools.protoc -I proto --python_out=.cache/generated --pyi_out=.cache/generated proto/headcount/v1/*.proto
	diff -r -x __init__.py -x __pycache__ .cache/generated/headcount/v1 client/headcount/v1
	$(BIN)/headcount-registry build registry/declarations --out registry/generated $(PAGES) --check
	$(BIN)/headcount-registry generate backdrop registry/declarations --out registry/generated/backdrop --project-pages --check
	$(BIN)/headcount-registry generate grafana registry/declarations --out registry/generated/grafana --check
	$(BIN)/headcount-registry generate prometheus registry/declarations --out registry/generated/prometheus --check
	PYTHONPATH=tests $(BIN)/python -m conformance.write --check
	$(BIN)/python translations/catalogues.py --check

lock: setup ## resolve the newest dependencies into constraints.txt
	$(BIN)/uv lock --quiet --upgrade
	$(BIN)/uv export --quiet --all-packages --all-groups --all-extras --no-emit-workspace --no-header --output-file constraints.txt
	$(BIN)/uv export --quiet --package headcount-server --extra postgresql --extra oblivious --no-default-groups --no-emit-workspace --no-header --output-file docs/operators/deploy/constraints.txt
	rm uv.lock
	printf 'grpcio-tools==1.63.2\nsetuptools<81\n' | $(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 - --output-file proto/constraints.txt

docs: setup ## build the documents as a site with search into build/site, without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo 'Read it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory build/site'

# RELEASE_PROOF is what the commit of the release has to pass, in a clean clone.
VERSION ?=
DRY_RUN ?=
RELEASE_PROOF ?= .ci/run
# Else the proof, whose tests make releases too, would find them in its environment.
unexport VERSION DRY_RUN RELEASE_PROOF
release: setup ## make a release of VERSION: commit, tag, files; DRY_RUN=1 changes nothing
	$(BIN)/python release/cut.py '$(VERSION)' --proof '$(RELEASE_PROOF)' $(if $(DRY_RUN),--dry-run)

dist: setup ## build what is published from the commit in force, twice, into OUT
	$(BIN)/python release/distributions.py $(or $(OUT),dist/here)

# The wheels are those of BASE's Python, 3.11 as the default of the Containerfile has it.
IMAGE ?= headcount-server
IMAGE_PYTHON ?= 3.11
ENGINE ?= podman build --format docker
BASE ?=
image: dist/image ## build a container image of the server with ENGINE
	$(ENGINE) --file docs/operators/deploy/Containerfile $(if $(BASE),--build-arg BASE=$(BASE)) --tag $(IMAGE) .

.PHONY: dist/image
dist/image: setup
	rm -rf dist/image dist/image-built
	$(BIN)/python release/distributions.py dist/image-built
	mkdir -p dist/image/ours
	cp dist/image-built/headcount-*.whl dist/image-built/headcount_server-*.whl dist/image/ours
	cp docs/operators/deploy/constraints.txt dist/image
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --only-binary :all: \
	  --python-version $(IMAGE_PYTHON) --require-hashes -r docs/operators/deploy/constraints.txt --dest dist/image

test-image: setup ## build the image on a base made here, and run it read-only; as root, some minutes
	.ci/system-packages image
	$(PYTEST) -m image

clean: ## remove what was made here and is not committed
	rm -rf .venv .cache dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
