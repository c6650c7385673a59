# The commands of README. Each works from a bare clone with Python 3.11+ and make alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
IMAGE := tween:latest

.PHONY: setup check fix test test-fast demo docs run bench image pin-images audit lock clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Tween needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@echo "Installing into $(VENV), once (about 500 MB)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Four at a time: an end-to-end test waits more than it computes.
test: export HYPOTHESIS_PROFILE := thorough
test: setup
	$(BIN)/python -m pytest -n 4 --dist worksteal

# What a change breaks first: no database, no process but the media children, few drawn examples.
test-fast: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" \
		tests/domain tests/chat tests/provider tests/cogs tests/media

demo: setup
	$(BIN)/python -m sandbox.demo

# The pictures, replies, options and diagrams of docs/, from the running bot.
docs: setup
	$(BIN)/python -m tools.write_docs

run: setup
	$(BIN)/python -m bot run

bench: setup
	$(BIN)/python -m tests.benchmarks

# The first builder that works: a docker client without its engine does not. podman and buildah
# would leave HEALTHCHECK out, which OCI's format does not know; docker ignores BUILDAH_FORMAT.
# PYTHON_IMAGE is the base to build on, IMAGE_FLAGS are for the builder.
image: export BUILDAH_FORMAT := docker
image:
	@for builder in docker podman buildah; do \
		if $$builder info >/dev/null 2>&1; then \
			echo "Building $(IMAGE) with $$builder"; \
			exec $$builder build --tag $(IMAGE) \
				$(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE)) $(IMAGE_FLAGS) .; \
		fi; \
	done; \
	echo "make image needs docker, podman or buildah, and a docker engine that runs" >&2; exit 1

# Base images by digest, as their tags stand today; run it again to renew them. Needs docker, skopeo
# or crane, and the images' registry.
pin-images: setup
	$(BIN)/python -m tools.pin_images

# What is known of the versions in requirements.lock. Error 1: something; Error 3: the advisory
# services cannot be reached, so nothing is known either way. Not part of the checks.
audit: setup
	$(BIN)/python -m tools.audit

# Brings the lock files up to pyproject.toml, all for development and what a host needs; a version
# stays while it fits, unless its lines were deleted. Needs uv on the PATH.
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --quiet
lock:
	$(COMPILE) --all-extras --output-file requirements-dev.lock
	$(COMPILE) --extra postgres --constraint requirements-dev.lock --output-file requirements.lock

clean:
	rm -rf $(VENV) demo-out
