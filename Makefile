# Two commands: `make demo` shows the gateway at work, `make test` proves it.
# Needed: Python 3.11 or newer with venv, make, git. Everything else is installed into .venv.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# Most tests wait for processes and sockets more than they compute: three files at a time suit two cores.
JOBS ?= 3
# Errors are shown; warnings about the machine's own package mirrors are not.
PIP := $(RUN) -m pip --disable-pip-version-check --quiet --quiet

.PHONY: demo services test lint types layers unit bench chaos clean
.DELETE_ON_ERROR:

demo: $(VENV)/.product
	@$(RUN) -P -m gateway.cli demo $(if $(KEEP),--keep)

test: lint types layers unit
	@echo "== all phases passed"

lint: $(VENV)/.tests
	@echo "== 1/4 lint: ruff"
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --quiet --check .

types: $(VENV)/.tests
	@echo "== 2/4 types: mypy --strict"
	@$(RUN) -m mypy

layers: $(VENV)/.tests
	@echo "== 3/4 layers: import-linter"
	@$(VENV)/bin/lint-imports --no-cache >$(VENV)/layers.log || { cat $(VENV)/layers.log; exit 1; }

unit: $(VENV)/.tests
	@echo "== 4/4 tests: pytest"
	@$(RUN) -m pytest -n $(JOBS) --dist loadfile

services: $(VENV)/.product
	@$(RUN) -P -m gateway.sandbox.all_services

bench: $(VENV)/.tests
	@$(RUN) -m benchmarks.accept

APPLICATIONS ?= 10000
KILLS ?= 300
chaos: $(VENV)/.tests
	@$(RUN) -m tests.chaos --applications $(APPLICATIONS) --kills $(KILLS) $(if $(SEED),--seed $(SEED))

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "missing: Python 3.11 or newer as $(PYTHON) (Debian: apt-get install python3; or make PYTHON=...)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "missing: the venv module (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "== creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.product: $(VENV)/.python pyproject.toml constraints.txt
	@echo "== installing the product (about a minute)"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.tests: $(VENV)/.product
	@echo "== installing what the tests need"
	@$(PIP) install --constraint constraints.txt --editable '.[test]'
	@touch $@

clean:
	rm -rf $(VENV) var
