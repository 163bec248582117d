# The verbs of this project. Each does its own set-up; none needs root or Docker.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps

.PHONY: clients integrations test-integrations help run install install-test install-train browser check format test test-slow chaos lock clean extension test-extension bench soak

help:            ## List the verbs
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 16

run: install     ## Run the whole product here (Ctrl-C stops it)
	@$(BIN)/ntf run $(ARGS)

install: $(VENV)/.installed      ## Make .venv with the plain install: serves on a CPU, no torch

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install python3 and python3-venv."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Install your system's venv package (Debian: python3-venv)."; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.python requirements/run.txt pyproject.toml
	@echo "Installing …"
	@$(PIP) -r requirements/run.txt
	@$(PIP) -r requirements/build.txt
	@$(PIP) --no-build-isolation --editable .
	@touch $@

install-test: $(VENV)/.installed-test   ## Add what the tests need, torch and a browser included

$(VENV)/.installed-test: $(VENV)/.installed requirements/test.txt requirements/train.txt requirements/integrations.txt requirements/traces.txt requirements/s3.txt
	@echo "Installing the tests' tools, torch among them; this takes a few minutes …"
	@$(PIP) -r requirements/train.txt
	@$(PIP) -r requirements/integrations.txt
	@$(PIP) -r requirements/traces.txt
	@$(PIP) -r requirements/s3.txt
	@$(PIP) -r requirements/test.txt
	@touch $@

browser:         ## Make sure that there is a Chromium
	@tests/end_to_end/install_browser.sh

check: install-test     ## Lint, types, import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@node --version >/dev/null 2>&1 && for f in api/static/*.js; do node --check $$f; done || true

format: install-test    ## Rewrite the code in its one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

FAST := not retraining and not integrations and not contract and not slow
# Files in three processes (they wait more than they compute), each with servers of its own; tests of one file stay in order and together.
JOBS ?= 3
test: check browser     ## Lint, types and the fast tests, with coverage
	@rm -f .coverage*
	$(BIN)/coverage run -m pytest -n $(JOBS) --dist loadfile -m "$(FAST)" $(ARGS)
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage report

test-slow: $(VENV)/.installed-bench browser  ## The tests that take longer
	@$(MAKE) test-integrations
	@tests/integration/install_rabbitmq.sh
	$(BIN)/pytest -m "not ($(FAST)) and not integrations" $(ARGS)
	@$(MAKE) test-extension

build/openapi.json: $(VENV)/.installed $(wildcard api/*.py api/routes/*.py)
	@mkdir -p build
	@PYTHONPATH=. $(BIN)/python extension/scripts/print_openapi.py > $@

build/generator/.installed: requirements/clients.txt
	@$(PYTHON) -m venv build/generator
	@build/generator/bin/pip install --quiet --disable-pip-version-check --no-deps -r requirements/clients.txt
	@touch $@

clients: build/openapi.json build/generator/.installed integrations/node_modules/.installed  ## Write the typed clients again from the API's own description
	@integrations/make_python_models.sh build/generator/bin/datamodel-codegen build/openapi.json integrations/python_client/ntf_client/models.py
	@cd integrations && node make_api_types.mjs ../build/openapi.json

integrations: integrations/node_modules/.installed   ## Write the npm packages for other systems to integrations/dist/ (Node 20.19 or newer)
	@cd integrations && npm run --silent build && mkdir -p dist && npm pack --silent --workspaces --pack-destination dist

integrations/node_modules/.installed: integrations/package.json integrations/package-lock.json
	@cd integrations && npm ci --silent --ignore-scripts
	@touch $@

tests/plugins/ozone_backend/node_modules/.installed: tests/plugins/ozone_backend/package-lock.json
	@cd tests/plugins/ozone_backend && npm ci --silent --ignore-scripts
	@touch $@

test-integrations: install-test integrations build/openapi.json build/generator/.installed tests/plugins/ozone_backend/node_modules/.installed  ## Every adapter against its client's real code
	@integrations/make_python_models.sh build/generator/bin/datamodel-codegen build/openapi.json build/models.py
	@cmp build/models.py integrations/python_client/ntf_client/models.py || { echo "Run \`make clients\`."; exit 1; }
	@cd integrations && node make_api_types.mjs ../build/openapi.json --check && npm run --silent types
	$(BIN)/pytest -m integrations $(ARGS)

extension: extension/node_modules/.installed     ## Write the browser extension's archives to extension/dist/ (Node 20.19 or newer)
	@cd extension && npm run --silent zip
	@ls -l extension/dist

extension/node_modules/.installed: extension/package.json extension/package-lock.json
	@cd extension && npm ci --silent --ignore-scripts
	@touch $@

test-extension: install-test extension  ## The browser extension: types, units, and real browsers
	@tests/end_to_end/install_browsers_of_extension.sh
	@PYTHONPATH=. $(BIN)/python extension/scripts/print_openapi.py > extension/build/openapi.json
	@cd extension && npm run --silent make-api && npm run --silent types && npm test --silent && PYTHON=$(CURDIR)/$(BIN)/python npm run --silent test:browser

$(VENV)/.installed-bench: $(VENV)/.installed-test requirements/bench.txt
	@echo "Installing what the benchmarks compare with …"
	@$(PIP) -r requirements/bench.txt
	@touch $@

bench: $(VENV)/.installed-bench  ## Measure everything, a quarter of an hour on a machine at rest; ARGS='--only limits'
	@$(BIN)/python -m benchmarks.all $(ARGS)

soak: $(VENV)/.installed-bench   ## An hour of mixed load; memory must not grow. ARGS='--minutes 10'
	@$(BIN)/python -m benchmarks.soak $(ARGS)

chaos: install-test      ## Kill every process while checks are asked for; nothing may be lost
	@$(BIN)/python -m tests.chaos $(ARGS)

lock: install-test      ## Pin every requirement again (needs the package index)
	@requirements/lock.sh $(BIN)

clean:           ## Remove what can be made again; the data in var/ stay
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage*
