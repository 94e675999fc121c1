# SpotOn: `make help` lists the targets. Needs Python 3.11, make and git; everything else comes into the checkout.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= $(firstword $(foreach name,python3 python3.11 python,$(shell command -v $(name))))
UV ?= .local/uv/0.13.8/uv
RUN := $(UV) run --no-sync

# uv brings its own certificate authorities; a machine behind a private one has it among the system's.
export UV_SYSTEM_CERTS ?= 1

STAMP := .venv/setup.stamp
LOCKED := uv.lock pyproject.toml $(wildcard schemas/pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml \
	infra/*/pyproject.toml tools/*/pyproject.toml bench/pyproject.toml)

.PHONY: help setup up up-servers status down demo eval bench test test-unit images images-test chaos chaos-disk \
	chaos-jobs chaos-states hostile schemathesis pressure lint format types docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install everything into .venv (done by the other targets when needed)

$(UV): infra/get_uv.py
	@$(if $(PYTHON),,$(error No Python found: install Python 3.11))$(PYTHON) infra/get_uv.py >/dev/null
	@touch $@

# The seconds that it took are kept for the demo's report.
$(STAMP): $(LOCKED) | $(UV)
	@$(UV) python find --no-python-downloads --no-project 3.11 >/dev/null 2>&1 || { \
		echo "error: no Python 3.11 found. Install it (Debian: python3.11), or run: $(UV) python install 3.11" >&2; exit 1; }
	@mkdir -p .local
	@began=$$(date +%s); $(UV) sync --frozen && echo $$(($$(date +%s) - began)) > .local/install-seconds
	@touch $@

up: setup ## Start the servers and services (DETECTOR=…, EMBEDDER=… choose models)
	@$(RUN) spoton up $(if $(DETECTOR),--detector $(DETECTOR)) $(if $(EMBEDDER),--embedder $(EMBEDDER))

up-servers: setup ## Start Kafka, the registry, PostgreSQL and Redis only
	@$(RUN) spoton up --servers-only

status: setup ## Show what runs
	@$(RUN) spoton status

down: setup ## Stop what `make up` started
	@$(RUN) spoton down

demo: setup ## Generate a scene, process it, show the result (EXIT=1: end after the table)
	@$(RUN) spoton demo $(if $(EXIT),--exit)

bench: setup ## Measure what it costs (QUICK=1: in a few minutes); writes .local/reports/bench.json
	@$(RUN) python -m spoton_bench $(if $(QUICK),--quick)

test: setup ## All tests: unit, then integration and end-to-end on real servers
	$(RUN) pytest -m "not integration and not e2e and not images"
	$(RUN) pytest -m "(integration or e2e) and not chaos" -n 3 --no-loadscope-reorder  # they mostly wait

test-unit: setup ## Unit tests only: no servers, no sockets
	$(RUN) pytest -m "not integration and not e2e and not images"

images: ## Build the container images with Docker or Podman (EXTRAS=torch: those of a GPU)
	@EXTRAS=$(EXTRAS) infra/images/build.sh

images-test: setup images ## Run a task through the container images
	$(RUN) pytest -m images

chaos: setup ## Kill processes and servers at random moments, compare the results (N=20 SEED=7)
	@$(RUN) python -m tests.chaos --runs $(or $(N),20) --seed $(or $(SEED),7)

chaos-disk: setup ## Let the disk of the servers run full under a task (needs the right to mount)
	$(RUN) pytest -m chaos tests/chaos/test_chaos_disk_full.py

chaos-jobs: setup ## Kill each service during jobs on real footage (needs ../shared)
	$(RUN) pytest -m chaos tests/chaos/test_chaos_jobs.py -s

chaos-states: setup ## Make one task's state unreadable under each stage in turn
	$(RUN) pytest -m chaos tests/chaos/test_chaos_lost_state.py -s

hostile: setup ## N=10000 hostile records (SEED=…) against a line of its own while a task runs
	HOSTILE_RECORDS=$(or $(N),10000) HOSTILE_SEED=$(or $(SEED),1) $(RUN) pytest tests/test_e2e_hostile.py -s --timeout 1800

eval: setup ## Measure identities on the generated suite, and on real footage where it is (ONLY=hall: one data set)
	@$(RUN) spoton eval $(foreach name,$(ONLY),--only $(name))
	@$(if $(ONLY),,$(RUN) python -m spoton_evaluation.objects)

# A task and an environment that exist let more requests through to the routes' own work.
schemathesis: setup ## Fuzz the REST interface of the running stack (N=200 cases an operation)
	@URL=$$($(RUN) spoton status --json | $(RUN) python -c "import json, sys; print(json.load(sys.stdin)['gateway_url'])") && \
	SPOTON_FUZZ_TASK=$(or $(TASK),nobody) SPOTON_FUZZ_ENVIRONMENT=$(or $(ENVIRONMENT),demo) \
	$(RUN) schemathesis --config-file services/gateway/schemathesis.toml run $$URL/api/openapi.json \
		--max-examples=$(or $(N),200) --warnings=off

pressure: setup ## Measure the running gateway with many WebSocket clients (CLIENTS=500)
	@eval "$$($(RUN) python -m spoton_local.environment)" && \
	URL=$$($(RUN) spoton status --json | $(RUN) python -c "import json, sys; print(json.load(sys.stdin)['gateway_url'])") && \
	$(RUN) python -m tests.pressure.measure_sockets --port $${URL##*:} --clients $(or $(CLIENTS),500)

lint: setup ## Check style and formatting
	$(RUN) ruff check
	$(RUN) ruff format --check

format: setup ## Format the code and fix what can be fixed
	$(RUN) ruff check --fix
	$(RUN) ruff format

types: setup ## Check types
	$(RUN) mypy

docs: setup ## Write the generated tables of the READMEs anew
	@$(RUN) python -m spoton_docs

clean: ## Stop the stack and remove the environment and all local state, data included
	@if [ -x .venv/bin/spoton ]; then .venv/bin/spoton down; fi
	rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache
