# make demo: install, make synthetic data, train a grid, report.   make test: install, run every test.
# make image: the trainer's image, for GPUs; TORCH_BUILD=cpu for CPUs alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml constraints.txt
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

BUILDER ?= docker
IMAGE ?= gridctl-trainer:1
TORCH_BUILD ?= cuda

# Two more than there are cores, since many tests wait for pods and processes.
TEST_WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)

.PHONY: demo test slow lint check docs image clean

# Shows each command as a user would type it, with .venv activated.
demo: $(VENV)/.trainer data/phantom
	@set -e; PATH="$(abspath $(BIN)):$$PATH"; \
	for command in "submit experiments/demo.yaml" status "report --significance" "report --format html -o report"; do \
	    printf '\n$$ gridctl %s\n' "$$command"; gridctl $$command; \
	done

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder -m "not slow"

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile tests/cluster/image/Dockerfile examples/Dockerfile

check: lint test

docs: $(VENV)/.dev  # the pages that are made from the program
	$(BIN)/python -m gridctl.experiment.reference.documentation docs

# BUILDER=podman or buildah; IMAGE=the name under which the cluster's nodes pull it.
image:
	$(BUILDER) build $$(PYTHON=$(PYTHON) image/source_arguments) --build-arg TORCH_BUILD=$(TORCH_BUILD) -t $(IMAGE) .

data/phantom: | $(VENV)/.trainer
	$(BIN)/gridctl-trainer data phantom $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.trainer: $(SOURCES) | $(BIN)/python
	@echo "installing into $(VENV): torch is large, this takes a minute or two"
	$(PIP_INSTALL) -e '.[trainer]'
	@touch $@

$(VENV)/.dev: $(SOURCES) | $(BIN)/python
	@echo "installing into $(VENV): torch is large, this takes a minute or two"
	$(PIP_INSTALL) -e '.[trainer,dev]'
	@touch $@ $(VENV)/.trainer

clean:
	rm -rf $(VENV) data/phantom runs report .gridctl .mypy_cache .ruff_cache .pytest_cache .hypothesis
