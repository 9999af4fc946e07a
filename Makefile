# make demo    the main job on a local AWS, from nothing
# make test    every check and test, from nothing
# make help    the rest

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint types template build unit golden browser picture bench faults soak fleet peers money clean

# The first Python that is new enough; say `make PYTHON=…` for another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

export SAM_CLI_TELEMETRY := 0
export AWS_EC2_METADATA_DISABLED := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1

SAM := .venv-sam/bin/sam
REGION := eu-west-1

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: .venv/ready .venv-sam/ready .venv-lambda/ready .venv-checkov/ready  ## the environments: tests and demo, SAM CLI, Lambda's runtime

.venv/ready: requirements/dev.txt layers/vpce/pyproject.toml
.venv-sam/ready: requirements/sam.txt
.venv-lambda/ready: requirements/lambda.txt
.venv-checkov/ready: requirements/checkov.txt
.venv-custodian/ready: requirements/custodian.txt
.venv-prowler/ready: requirements/prowler.txt

.venv/ready .venv-sam/ready .venv-lambda/ready .venv-checkov/ready .venv-custodian/ready .venv-prowler/ready:
	@test -n "$(PYTHON)" || { echo "vpce needs Python 3.11 or later with venv; none was found" >&2; exit 1; }
	@echo "setting up $(@D) ($$($(PYTHON) --version)) ..."
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet -r $< $(if $(filter .venv/ready,$@),-e layers/vpce)
	@touch $@

demo: ## the main job on a local AWS: deploy, tag, break, audit, heal
	@$(MAKE) --no-print-directory -j3 .venv/ready .venv-sam/ready .venv-lambda/ready
	@.venv/bin/python -m embedded.demo

# Three on two cores: whoever plays the deployed template mostly waits for it.
test: ## everything: lint, types, template, unit, strict EC2, end to end
	@$(MAKE) --no-print-directory -j3 setup
	@$(MAKE) --no-print-directory browser lint types template build
	.venv/bin/pytest -n 3 --dist loadscope

lint: .venv/ready  ## ruff
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: .venv/ready  ## mypy --strict
	.venv/bin/mypy

template: .venv-sam/ready .venv-checkov/ready  ## sam validate --lint, checkov
	AWS_DEFAULT_REGION=$(REGION) $(SAM) validate --lint
	.venv-checkov/bin/checkov --config-file .checkov.yaml --file template.yaml

build: .venv-sam/ready  ## what would be deployed, under .aws-sam/build
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(SAM) build > /dev/null

unit: .venv/ready  ## the fast tests only
	.venv/bin/pytest -q tests/unit

golden: .venv/ready  ## rewrite the texts that people read; review them as prose
	.venv/bin/pytest -q tests/unit --update-golden

# Without one the tests of the page are skipped, and say so; where CI runs they fail.
browser:  ## Debian's Chromium, for the tests of the report page, where root can install it
	@for b in chromium chromium-browser google-chrome google-chrome-stable; do command -v $$b > /dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  echo "installing Chromium for the tests of the report page ..."; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
	    chromium fonts-dejavu-core; } > /dev/null || echo "no Chromium: the report page will not be tried" >&2; \
	else echo "no Chromium, and no root with apt-get to install it: the report page will not be tried" >&2; fi

picture: .venv/ready browser  ## docs/report.png, as Chromium shows the report page
	.venv/bin/python -m tests.browser.picture

bench: .venv/ready  ## calls per reconcile and per audit, against the floor
	.venv/bin/python -m benchmarks.calls

faults: .venv/ready .venv-sam/ready .venv-lambda/ready  ## whatever goes wrong, injected; writes the table in docs/reliability.md
	.venv/bin/pytest -q tests/end_to_end/test_faults.py --write-reliability

soak: .venv/ready  ## the state machine, 20,000 examples: what people, AWS and vpce may do, in any order
	.venv/bin/python -m tests.aws.soak

SEED := 1
VPCS := 300

fleet: .venv/ready  ## precision and recall of every check, on VPCS=300 with known defects, by SEED=1
	.venv/bin/python -m benchmarks.judge --seed $(SEED) --vpcs $(VPCS)

peers: .venv/ready .venv-custodian/ready .venv-prowler/ready  ## the same fleet for Cloud Custodian and Prowler; writes docs/comparison.md
	.venv/bin/python -m benchmarks.peers --seed $(SEED) --vpcs $(VPCS)

money: .venv/ready  ## logs of known truth: services found, bytes, records per second against awk; the break-even table
	.venv/bin/python -m benchmarks.money

clean:  ## everything that was made here
	rm -rf .venv .venv-sam .venv-lambda .venv-checkov .venv-custodian .venv-prowler .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis
