# The commands of README. Each works from a bare clone with Python 3.11+ and make alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup check fix test demo run lock clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tween needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@echo "Installing into $(VENV), once (about 500 MB)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal

demo: setup
	$(BIN)/python -m sandbox.demo

run: setup
	$(BIN)/python -m bot run

# Resolves pyproject.toml anew; needs uv on the PATH.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --generate-hashes --no-annotate --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) demo-out
