# The two commands a newcomer needs are `make demo` and `make test`; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# A release younger than this is not taken: seven days for others to notice a bad one.
UV ?= uv
COOLED = $(shell date -u -d "7 days ago" +%Y-%m-%d)

# Without byte code each process that the demo or the tests start would compile all of lintas anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check bench seeds soak words pictures lock assets clean install
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

install: $(STAMP) ## set up .venv with pinned, hash-checked requirements

# What the browser files are built from; without the folder that npm fills.
WEB := hatch_build.py $(wildcard web/*.json web/.npmrc web/src/*)

$(STAMP): requirements/dev.txt pyproject.toml $(WEB)
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"lintas needs Python 3.11 or newer; {sys.executable} is {v.major}.{v.minor}. Run make with PYTHON=/path/to/python3.11")'
	@echo "setting up in $(VENV): some minutes, once"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

assets: $(STAMP) ## build the console's browser files from web/ (install does it too)
	$(BIN)/python hatch_build.py

demo: $(STAMP) ## play the main job between four fictional jurisdictions (ARGS="--headless": options of `lintas demo`)
	$(BIN)/lintas demo $(ARGS)

test: $(STAMP) ## lint, types, import rule, unit, integration, simulation
	$(BIN)/ruff check src tests bench docs hatch_build.py
	$(BIN)/ruff format --check src tests bench docs hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(STAMP) ## the quick half of the suite: lint, types, import rule, unit tests
	$(BIN)/ruff check src tests bench docs hatch_build.py
	$(BIN)/ruff format --check src tests bench docs hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/unit

bench: $(STAMP) ## measure, and print each figure beside its bar
	$(BIN)/python -m bench

seeds: $(STAMP) ## the demo over twenty seeds, its ledgers verified by lintas and by the program in Go
	$(BIN)/python -m tests.e2e.seeds

soak: $(STAMP) ## the simulation over many more seeds (SEEDS=10000), real nodes killed 200 times, and all on PostgreSQL
	LINTAS_SIMULATION_SEEDS=$${SEEDS:-10000} $(BIN)/python -m pytest -n 2 tests/simulation
	LINTAS_SIGKILL_ROUNDS=200 $(BIN)/python -m pytest -s tests/faults/test_killed.py
	LINTAS_BOTH_ENGINES=1 $(BIN)/python -m pytest -n 2 -k postgresql tests/integration

words: $(STAMP) ## find new messages in pages and code, and add them to the catalogues of translations
	$(BIN)/python docs/translate.py

pictures: $(STAMP) ## take the pictures of the console anew, with Chromium
	$(BIN)/python -m docs.pictures

lock: $(STAMP) ## renew requirements/*.txt from pyproject.toml (needs uv)
	cd requirements && $(UV) pip compile -q ../pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --exclude-newer "$(COOLED)" -o run.txt
	cd requirements && $(UV) pip compile -q ../pyproject.toml --group ../pyproject.toml:dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --exclude-newer "$(COOLED)" -o dev.txt

clean: ## remove the virtual environment, caches and built browser files
	rm -rf web/node_modules web/.built src/lintas/console/static/built src/lintas/gateway/names/static/built
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
