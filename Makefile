# Everything a developer or a curious user does here. `make` lists it.
SHELL := /bin/bash
PYTHON := .venv/bin/python
READY := .venv/.ready

.PHONY: help run test lint setup clean bench bench-isolation bench-drain bench-scale bench-deadlines bench-reconcile \
	bench-sendmail bench-classify bench-router bench-sla bench-api bench-roads bench-day bench-commands bench-filter \
	bench-connections fuzz fuzz-api plots chaos docs soak compat

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

run: $(READY) ## the lanes at work on this machine: a private Postfix, real mail, a live table
	@$(PYTHON) -m contrib.demo

test: $(READY) lint ## what CI runs: linters, types, architecture, all tests
	@$(PYTHON) -m pytest -n 5 --dist loadfile --no-loadscope-reorder # most wait for real servers; the small ones come last

lint: $(READY)
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-cache

bench: $(READY) ## all benchmarks, one table: ONLY="drain scale" chooses, QUICK=1 is a short form, AGAINST=FILE compares
	@$(PYTHON) -m tests.bench.all $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick) $(if $(AGAINST),--against $(AGAINST))

bench-isolation: $(READY) ## how long urgent mail waits behind a bulk backlog, with and without lanes
	@$(PYTHON) -m tests.bench.isolation $(BACKLOGS)

bench-drain: $(READY) ## what lanes cost in throughput
	@$(PYTHON) -m tests.bench.drain

bench-connections: $(READY) ## what batches save in connections
	@$(PYTHON) -m tests.bench.connections

bench-scale: $(READY) ## what a million held messages cost: a tick of the manager, the scripts in Redis, memory
	@$(PYTHON) -m tests.bench.scale

bench-deadlines: $(READY) ## deadlines missed under load, by policy, in simulated time
	@$(PYTHON) -m tests.bench.deadlines

bench-day: $(READY) ## a day of traffic in simulated time: what is late, what it costs, with lanes and without
	@$(PYTHON) -m tests.bench.day

bench-commands: $(READY) ## what Redis is asked for a message
	@$(PYTHON) -m tests.bench.commands

bench-filter: $(READY) ## what the filter costs in throughput: without one, the least in Python, opendkim, ours
	@$(PYTHON) -m tests.bench.filter

bench-router: $(READY) ## how soon the router answers Postfix
	@$(PYTHON) -m tests.bench.router

bench-sendmail: $(READY) ## how fast held mail leaves a Sendmail
	@$(PYTHON) -m tests.bench.sendmail

bench-reconcile: $(READY) ## how long a Redis that forgot everything takes to know 100,000 held messages again
	@$(PYTHON) -m tests.bench.reconcile

bench-classify: $(READY) ## what a classification costs, and how good it is
	@$(PYTHON) -m tests.bench.classify

bench-sla: $(READY) ## what it costs to measure, to show and to tell: log lines, scrapes, the API, alerts
	@$(PYTHON) -m tests.bench.sla

bench-api: $(READY) ## what an answer of the API takes, with 100,000 messages on hold
	@$(PYTHON) -m tests.bench.api

fuzz: $(READY) ## hostile input for minutes: MINUTES=..., ONLY=target,target
	@nice -n 10 $(PYTHON) -m tests.fuzz $(if $(MINUTES),--minutes $(MINUTES)) $(if $(ONLY),--only $(ONLY))

fuzz-api: $(READY) ## whatever the API's document allows or forbids, asked of a real server for minutes
	@$(PYTHON) -m tests.fuzz.api

bench-roads: $(READY) ## how soon mail leaves a relay that fails, what it costs, the router, Sendmail's releases
	@$(PYTHON) -m tests.bench.roads

chaos: $(READY) ## 200 rounds of faults at random under steady traffic, and what must be so after each
	@$(PYTHON) -m tests.chaos $(if $(SEED),--seed $(SEED))

soak: $(READY) ## a whole site under steady mixed mail for an hour (HOURS=, MINUTES=, RATE=), and whether anything grows
	@$(PYTHON) -m tests.soak --hours $(or $(HOURS),1) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE))

compat: $(READY) ## with which versions it works: Python, RQ, Redis, Valkey, Postfix, Debian (CELLS=)
	@$(PYTHON) -m tests.compat $(CELLS)

docs: $(READY) ## write the documents that are made from the code: settings, commands, metrics, man pages
	@$(PYTHON) -m lanes.config > docs/settings.md
	@$(PYTHON) -m lanes.cli > docs/commands.md
	@$(PYTHON) -m lanes.metrics > docs/metrics.md
	@$(PYTHON) -m contrib.man

plots: $(READY) ## draw docs/*.svg from what the benchmarks measured here last
	@$(PYTHON) -m tests.bench.plot

setup: $(READY) ## install what is missing (Debian packages, .venv)

$(READY): pyproject.toml constraints.txt contrib/setup.sh contrib/sandbox/unpack_sendmail.sh contrib/sandbox/sendmail_preload.c
	@contrib/setup.sh && touch $@

clean: ## remove what the other targets made
	rm -rf .venv .demo .compat build dist bench .mypy_cache .pytest_cache .ruff_cache .hypothesis
