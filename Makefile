# Two commands do everything: `make demo` and `make test`. Each sets up .venv by itself.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
SYNC = $(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
INSTALL = $(BIN)/uv pip install --quiet --no-deps --python $(BIN)/python --editable .
# An install that inherits this writes no bytecode, and every Dagster run then costs three times as much.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

.PHONY: setup check test e2e dev demo soak bench

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("arb_pipelines needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (choose another: make PYTHON=python3.12 setup)" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "venv failed: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@echo "installing the locked packages (about 1.6 GB) into .venv ..."
# The second try takes the system's certificates: uv brings its own, which a company's proxy does not satisfy.
	@$(SYNC) 2>/dev/null || $(SYNC) --system-certs
	@$(INSTALL) 2>/dev/null || $(INSTALL) --system-certs
	@touch $(STAMP)

setup: $(STAMP)  ## create .venv and install the locked packages

check: $(STAMP)  ## ruff, mypy, import-linter, and the docs against the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 0 arb_pipelines_tests/architecture/test_docs.py

test: $(STAMP)  ## every test that needs no account, the end-to-end one included
	$(BIN)/python -m pytest -m "not e2e" -n 2 --dist loadgroup
	$(BIN)/python -m pytest -m e2e

e2e: $(STAMP)  ## the end-to-end tests alone: real daemon, web server, browser
	$(BIN)/python -m pytest -m e2e

dev: $(STAMP)  ## Dagster page and daemon over your own sites, all sensors off
	$(BIN)/arb dev

demo: $(STAMP)  ## the whole trade over 500 loopback shops; Ctrl-C ends it
	$(BIN)/arb demo $(ARGS)

# make soak ROUNDS=100 is a quick look; the figures are printed as JSON, a violation is exit status 1.
ROUNDS ?= 1000
soak: $(STAMP)  ## kill workers 1,000 times at any statement, on SQLite and PostgreSQL, baselines beside them
	$(BIN)/python -m arb_pipelines_tests.faults.soak --rounds $(ROUNDS)

bench: $(STAMP)  ## every benchmark, JSON into artifacts/
	@mkdir -p artifacts
	@for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python $$script --json > artifacts/$$(basename $$script .py).json || exit 1; done
