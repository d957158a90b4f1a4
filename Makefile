# 防贫守望 · Poverty Watch. A fresh Debian or Ubuntu needs: git, make, Python 3.11+ with venv.
#   make run [MONTH=2021-04] [INBOX=folder]     make up [PORT=8080] [SCHEDULE=1]     make down
#   make backfill FROM=2021-02 TO=2021-04 [REASON=why] [BY=who] [KNOWN=now|then] [INBOX=folder]
#   make test    make lint    make bench    make lock    make drill [SHAPE=embedded]
# POVERTY_WATCH_HOME (default: var/) holds all that a run writes.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup run test up down backfill bench drill lint lock

VENV ?= .venv
BIN := $(VENV)/bin
CLI := $(BIN)/poverty-watch
UV := $(BIN)/uv
INSTALL := scripts/install.sh $(abspath $(VENV))
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
export POVERTY_WATCH_HOME ?= $(CURDIR)/var

help:
	@sed -n '1,6s/^# \{0,1\}//p' Makefile

$(VENV)/.bootstrapped: requirements-bootstrap.lock scripts/find_python.sh
	@python="$$(scripts/find_python.sh)" && echo "建立 Python 环境（$$python）……" && "$$python" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bootstrap.lock
	@touch $@

$(VENV)/.runtime: $(VENV)/.bootstrapped requirements.lock pyproject.toml
	@echo "安装程序库（第一次需要几分钟）……"
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: $(VENV)/.runtime requirements-dev.lock
	@echo "安装测试工具……"
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.development

run: $(VENV)/.runtime
	@$(CLI) run $(if $(MONTH),--month "$(MONTH)") $(if $(INBOX),--inbox "$(INBOX)")

up: $(VENV)/.runtime
	@$(CLI) up $(if $(PORT),--port "$(PORT)") $(if $(SCHEDULE),--schedule) $(if $(INBOX),--inbox "$(INBOX)")

down: $(VENV)/.runtime
	@$(CLI) down

backfill: $(VENV)/.runtime
	@$(CLI) backfill --from "$(FROM)" --to "$(TO)" $(if $(REASON),--reason "$(REASON)") $(if $(BY),--by "$(BY)") \
		$(if $(KNOWN),--known "$(KNOWN)") $(if $(INBOX),--inbox "$(INBOX)")

test: lint
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadgroup

lint: $(VENV)/.development
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@MYPYPATH=plugins:dags $(BIN)/mypy dags
	@$(BIN)/sqlfluff lint --quiet --processes 2 sql
	@$(BIN)/lint-imports --no-cache

bench: $(VENV)/.development
	@$(BIN)/python -m scripts.bench

drill: $(VENV)/.development
	@$(BIN)/python -m scripts.drill $(if $(SHAPE),--shape "$(SHAPE)")

lock: $(VENV)/.bootstrapped
	@$(COMPILE) requirements-bootstrap.in --output-file requirements-bootstrap.lock
	@$(COMPILE) pyproject.toml --output-file requirements.lock
	@$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	@touch $(VENV)/.bootstrapped
