# `make help` lists the targets. Every target first sets up what is missing, and repeats nothing that is done.
#
#   ARGS=…          more arguments for run (Hydra overrides), test (pytest) or bench…
#   PYTHON=…        the interpreter the environment is made with (tested with Python 3.11)
#   TORCH=…         another torch than the pinned one. PyPI's torch brings CUDA, some GB; without a GPU use
#                     make run TORCH=torch==2.13.0+cpu PIP_EXTRA_INDEX_URL=<PyTorch's CPU index>
#   BSCNET_WHEEL_DIR=…  where the built MinkowskiEngine wheel is kept and looked for (default: .cache/wheels)
#   SKIP_SYSTEM=1   leave system packages alone
#   JOBS=…          test files that run at a time (default: one a processor)
#
# make hands variables given on its command line to the programs it starts, so any PIP_… setting works the same way.

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv/bin
# MinkowskiEngine starts 16 threads where nothing is said.
export OMP_NUM_THREADS ?= $(shell nproc)
JOBS ?= $(shell nproc)
SETUP := PYTHONPATH=scripts PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m setup_env
NOTEBOOKS := $(wildcard notebooks/*.ipynb)
CPP := $(wildcard csrc/*.cpp csrc/*.h csrc/*/*.cpp csrc/*/*.h benchmarks/*/*.cpp)

.PHONY: help setup setup-dev engine run test lint format docs demo wheels bench bench-training bench-data bench-peers doctor clean distclean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## system packages, environment, package, MinkowskiEngine
	@$(SETUP) --extras train

setup-dev:  ## the same with what the tests and linters need
	@$(SETUP) --extras dev

engine:  ## try again to build MinkowskiEngine after a failure
	@$(SETUP) --extras train --retry-engine

run: setup  ## the main job: every stage of BSC-Net on simulated rooms, a few minutes
	$(VENV)/python -m bscnet.run experiment=first_run $(ARGS)

test: setup-dev  ## the whole test suite
	$(VENV)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup-dev  ## ruff, mypy, import order, notebooks, C++ format
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(if $(NOTEBOOKS),$(VENV)/nbstripout --verify $(NOTEBOOKS))
	$(if $(CPP),$(VENV)/clang-format --dry-run --Werror $(CPP))

format: setup-dev  ## let ruff and nbstripout put the files in order
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .
	$(if $(NOTEBOOKS),$(VENV)/nbstripout $(NOTEBOOKS))
	$(if $(CPP),$(VENV)/clang-format -i $(CPP))

docs: setup-dev  ## the documentation site: build/site/index.html
	NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build --quiet --strict

demo: setup  ## the page that labels clouds in a browser: build/demo/index.html; says what it needs (docs/browser.md)
	PYTHONPATH=scripts $(VENV)/python -m build_demo $(ARGS)

wheels:  ## source archive and a wheel for each platform, all made here: dist/ (docs/wheels.md)
	test -x .cache/release/bin/python || $(PYTHON) -m venv .cache/release
	.cache/release/bin/python -m pip install --quiet -c constraints.txt -r scripts/build_wheels/requirements.txt
	PYTHONPATH=scripts .cache/release/bin/python -m build_wheels $(ARGS)

bench: setup  ## packed runtime against its peers, floor and targets: benchmarks/runtime.md and .json
	$(VENV)/python -m benchmarks.runtime $(ARGS)

bench-training: setup  ## speed and memory of training steps: benchmarks/training.md and .json
	$(VENV)/python -m benchmarks.training $(ARGS)

bench-data: setup-dev  ## scenes a second and waiting for data: benchmarks/data.md and .json
	$(VENV)/python -m benchmarks.data $(ARGS)

# In a folder of its own: what it brings must not stand in for the project's packages.
bench-peers: setup  ## fetch spconv's CPU build, which `make bench` then measures too
	$(VENV)/python -m pip install --quiet --upgrade --target .cache/peers -c constraints.txt spconv==2.3.8

doctor: setup  ## what is installed, what works, what to do about the rest
	$(VENV)/python -m bscnet doctor $(ARGS)

clean:  ## delete caches and build leftovers; environment, wheels and runs stay
	rm -rf build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## also delete the environment and the built wheel: the next set-up starts from nothing
	rm -rf .venv .cache
