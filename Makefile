# What a person or a CI system asks of this checkout; each target prepares all that it needs.

.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python

.PHONY: help setup image demo test lint unit bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## Install what this machine lacks and make .venv (does nothing when all is there)
	@setup/bootstrap

image: setup ## Build the images (does nothing when they are up to date)
	@.venv/bin/ospilot image build

demo: image ## A whole pool on this machine, with jobs running in it
	@.venv/bin/ospilot demo

test: image lint ## Every check and every test
	@$(PYTHON) -m pytest

lint: setup ## Lint, formatting and types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

unit: setup ## The tests that need no image
	@$(PYTHON) -m pytest tests/unit

bench: image ## Measure the budgets; JSON=FILE keeps the figures
	@$(PYTHON) bench/run.py $(if $(JSON),--json $(JSON))

clean: ## Remove what builds and tests left here (images and .venv stay)
	rm -rf .build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -path ./.venv -prune -o -type d -name __pycache__ -exec rm -rf {} +
