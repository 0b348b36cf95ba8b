# Two commands are all a newcomer needs: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PORT ?= 8000
YOLO ?= 1
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
# Says what it collects; the whole log is kept, and shown when it fails.
define install
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off $(1) 2>&1 \
	  | tee $(STAMPS)/pip.log | sed -un 's/^Collecting \([^ ]*\).*/   \1/p' \
	  || { tail -20 $(STAMPS)/pip.log; exit 1; }
endef
DEV := $(STAMPS)/dev
NEEDED := $(DEV) $(STAMPS)/system $(if $(filter 0,$(YOLO)),,$(STAMPS)/yolo)
# Their short versions hold on a machine that is busy with other things, too: part of `make test`.
HOLDING := operations pipeline sync

# One worker more than cores: many tests wait for a camera or a page. tests/conftest.py says which
# of them share a worker, for the server and the browser that they share.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest
SIDE_BY_SIDE := --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder
CORE_COVERAGE := 99
COVERAGE := 92
# What the tests in Node and in the browser count, for `web-lines` to add up.
WEB_COVERAGE := $(CURDIR)/tests/js/coverage
BUSY_LOOPS := 4
FUZZ_S ?= 600

.PHONY: help demo test test-busy test-long fuzz coverage lint types js core unit web web-lines bench bench-check bench-short live soak-workers pictures lab notebooks yolo model clean

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(STAMPS)/base  ## install what the demo needs and watch a synthetic street
	@$(BIN)/streamlab demo --port $(PORT)

lab: $(STAMPS)/lab  ## install what the notebooks need and open the first one in JupyterLab
	@echo "== JupyterLab; Ctrl-C ends it"
	@$(BIN)/python -m jupyterlab --LabApp.default_url=/lab/tree/notebooks/01_first_stream.ipynb --port $(PORT) --log-level WARN \
	  --ServerApp.answer_yes=True $(if $(filter 0,$(shell id -u)),--allow-root)

test: $(DEV)  ## install what the tests need and run every check
	@$(MAKE) --no-print-directory $(NEEDED) $(STAMPS)/node
	@$(MAKE) --no-print-directory -j2 lint js types core
	@$(MAKE) --no-print-directory bench-short NOTEBOOKS="$(HOLDING)"
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory web-lines

test-busy: $(NEEDED)  ## run the tests beside busy loops: their verdict must be the same
	@echo "== pytest beside $(BUSY_LOOPS) busy loops, which end with this shell"
	@for _ in {1..$(BUSY_LOOPS)}; do while kill -0 $$$$; do :; done 2>/dev/null & done; \
	  $(PYTEST) -m 'not long' $(SIDE_BY_SIDE)

test-long: $(NEEDED)  ## run the tests that take too long for every change
	@$(PYTEST) -m long

fuzz: $(NEEDED)  ## feed parsers, media and the API what they do not expect, for FUZZ_S seconds
	$(call install,atheris schemathesis)
	@$(BIN)/python -m tests.fuzz $(FUZZ_S) $(FUZZ_PARTS)

coverage: $(NEEDED)  ## run the tests and say which branches of the package they leave out
	@rm -f .coverage .coverage.*
	@$(BIN)/coverage run -m pytest $(SIDE_BY_SIDE)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report --fail-under $(COVERAGE)

lint: $(DEV)
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEV)
	@echo "== mypy"
	@$(BIN)/mypy

js: $(DEV) $(STAMPS)/node
	@echo "== tsc and the player's own tests"
	@cd tests/js && PATH="$(abspath $(BIN)):$$PATH" npm run --silent check
	@cd tests/js && PATH="$(abspath $(BIN)):$$PATH" npm run --silent shipped
	@rm -rf $(WEB_COVERAGE)/node
	@cd tests/js && PATH="$(abspath $(BIN)):$$PATH" NODE_V8_COVERAGE=$(WEB_COVERAGE)/node npm test --silent

web: $(DEV) $(STAMPS)/node  ## bundle the front end anew, after a change in src/streamlab/web
	@cd tests/js && PATH="$(abspath $(BIN)):$$PATH" npm run --silent build

core: $(DEV)
	@echo "== the tests of the core, and the branches that they take"
	@rm -f .coverage.core*
	@COVERAGE_FILE=.coverage.core $(BIN)/coverage run -m pytest -q tests/core
	@COVERAGE_FILE=.coverage.core $(BIN)/coverage combine --quiet
	@COVERAGE_FILE=.coverage.core $(BIN)/coverage report --include '*/streamlab/core/*' \
	  --fail-under $(CORE_COVERAGE)

unit: $(NEEDED)
	@echo "== pytest"
	@rm -rf $(WEB_COVERAGE)/browser
	@STREAMLAB_WEB_COVERAGE=$(WEB_COVERAGE)/browser $(PYTEST) -m 'not long' --ignore tests/core $(SIDE_BY_SIDE)

web-lines: $(STAMPS)/node
	@echo "== the lines of the front end that Node and the browser ran"
	@cd tests/js && PATH="$(abspath $(BIN)):$$PATH" npm run --silent coverage

notebooks: $(DEV)  ## run all notebooks and save what they show in them
	@echo "== notebooks"
	@$(BIN)/python -m tests.notebooks.save

bench: $(NEEDED) $(STAMPS)/peers  ## run all benchmark notebooks; a report is in benchmarks/out
	@$(BIN)/python -m benchmarks.harness run $(NOTEBOOKS) $(BENCH_ARGS)

bench-check:  ## say what got worse in the last run of the benchmarks
	@$(BIN)/python -m benchmarks.harness check $(NOTEBOOKS)

bench-short: $(DEV) $(STAMPS)/system  ## the short benchmarks, and what got worse
	@echo "== benchmarks, the short version"
	@$(BIN)/python -m benchmarks.harness run --short $(NOTEBOOKS)
	@$(BIN)/python -m benchmarks.harness check $(NOTEBOOKS)

live: $(DEV)  ## ten minutes each of live drift, measured on delivered bytes: street, with faults; then in a browser
	@failed=0; \
	  for measurement in live_drift "live_drift --faults" presented_drift; do \
	    $(BIN)/python -m benchmarks.$$measurement || failed=1; \
	  done; exit $$failed

KILLS ?= 300
soak-workers: $(NEEDED)  ## kill KILLS processes of a running server; then watch while one is killed
	@failed=0; \
	  $(BIN)/python -m benchmarks.worker_soak --kills $(KILLS) || failed=1; \
	  $(BIN)/python -m benchmarks.worker_load || failed=1; \
	  exit $$failed

PICTURES := test_pictures.py test_lab.py::test_the_widget test_dashboard.py test_truth.py
pictures: $(NEEDED)  ## make the pictures in docs/images anew: every page at three sizes, light and dark
	@$(PYTEST) $(addprefix tests/browser/,$(PICTURES))
	@$(BIN)/python -m tests.browser.keep_pictures

yolo: $(STAMPS)/yolo  ## install the Ultralytics backend: torch first and by name, one OpenCV

model: $(STAMPS)/yolo  ## train the detector that ships with the package (an hour on two cores)
	@YOLO_AUTOINSTALL=false $(BIN)/python -m benchmarks.street_model $(MODEL_ARGS)

clean:  ## remove what these commands made
	rm -rf $(VENV) tests/js/node_modules tests/js/coverage benchmarks/node_modules benchmarks/out tests/artifacts .mypy_cache .ruff_cache .pytest_cache

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "streamlab needs Python 3.11 or newer; try: make PYTHON=python3.12 ..."; exit 1; }
	@echo "== making $(VENV)"
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/base: pyproject.toml | $(STAMPS)/venv
	@echo "== installing streamlab (a minute, the first time)"
	$(call install,--editable .)
	@touch $@

$(STAMPS)/lab: pyproject.toml | $(STAMPS)/venv
	@echo "== installing streamlab and JupyterLab (two minutes, the first time)"
	$(call install,--editable '.[lab]')
	@touch $(STAMPS)/base $@

$(DEV): pyproject.toml | $(STAMPS)/venv
	@echo "== installing streamlab and what its tests need (a few minutes, the first time)"
	$(call install,--editable '.[dev]')
	@touch $(STAMPS)/base $@

$(STAMPS)/yolo: pyproject.toml $(DEV)
	@echo "== installing torch and Ultralytics (make test YOLO=0 does without)"
	$(call install,torch==2.13.0 torchvision==0.28.0)
	$(call install,--editable '.[yolo]')
	@$(BIN)/python -m pip uninstall --quiet --yes opencv-python opencv-python-headless
	$(call install,'opencv-python-headless>=5')
	@touch $@

$(STAMPS)/node: tests/js/package.json $(DEV)
	@echo "== installing TypeScript, esbuild and axe"
	@cd tests/js && PATH="$(abspath $(BIN)):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock
	@touch $@

$(STAMPS)/peers: benchmarks/package.json $(DEV)
	@echo "== installing the players and servers that the benchmarks stand beside"
	@cd benchmarks && PATH="$(abspath $(BIN)):$$PATH" npm install --silent --no-audit --no-fund --no-package-lock \
	  || echo "npm could not install them: their figures will be missing."
	@touch $@

$(STAMPS)/system: tests/install_system.sh $(DEV)
	@PYTHON=$(BIN)/python sh tests/install_system.sh
	@touch $@
