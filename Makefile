# Everything here works in a fresh clone with only Python 3.11 or newer and make.
# Each goal sets up what it needs and nothing twice; what it fetches is locked in requirements/ and package-lock.json.

.DEFAULT_GOAL := help
.PHONY: help run dev setup test check fmt types e2e reliability bench openapi migration psql lock audit sbom clean

python := sh scripts/python.sh

help: ## Show what there is
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)$$/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

run: ## Set up and start everything: API and app on :8000, worker, PostgreSQL, demo data, handsets on :8025
	@$(python) scripts/bootstrap.py run
	@.venv/bin/messenger up

dev: ## The same, reloading edited Python, with the app served by Vite on :5173, which reloads it too
	@$(python) scripts/dev.py

setup: ## Install everything that running, checking and testing need
	@$(python) scripts/bootstrap.py test
	@$(python) scripts/bootstrap.py build

test: ## Every check and every test; T=tests/consent runs a part of the tests of the service
ifdef T
	@$(python) scripts/bootstrap.py test
	@.venv/bin/python -m pytest $(T)
else
	@$(python) scripts/check.py all
endif

check: ## Only the checks: lint, format, types, order of imports, lock files, generated files
	@$(python) scripts/check.py checks

fmt: ## Format the Python code and mend what ruff can mend
	@$(python) scripts/bootstrap.py test
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

types: ## Only the types: mypy and tsc
	@$(python) scripts/bootstrap.py test
	@.venv/bin/mypy && .venv/bin/mypy scripts && cd frontend && PATH="$(abspath .venv/nodejs/bin):$$PATH" npx tsc --noEmit

e2e: ## Only the tests in the browser
	@$(python) scripts/check.py e2e

reliability: ## The reliability tests (R1 … R13) at full size, with progress and a table; SEED=n repeats a run
	@$(python) scripts/bootstrap.py test
	@.venv/bin/python scripts/reliability.py $(if $(SEED),--seed $(SEED)) $(ARGS)

bench: ## Speeds beside their floors (P1 … P4), about 6 minutes; ARGS=P1 takes one
	@$(python) scripts/bootstrap.py test
	@.venv/bin/python -m benchmarks $(ARGS)

openapi: ## Write openapi.json and the app's API types anew
	@$(python) scripts/bootstrap.py test
	@$(python) scripts/freshness.py openapi --write
	@$(python) scripts/freshness.py schema --write

migration: ## Write an empty migration with the next number: m="add notes"
	@$(python) scripts/bootstrap.py test
	@test -n "$(m)" || { echo 'Say what it does: make migration m="add notes"' >&2; exit 1; }
	@.venv/bin/alembic revision -m "$(m)" --rev-id "$$(printf %04d $$(( 1$$(ls migrations/versions | sed -n 's/^\([0-9]\{4\}\)_.*/\1/p' | tail -1) - 10000 + 1 )))"

psql: ## Open psql on MESSENGER_DATABASE_URL, or on the embedded database of a running `make run`
	@$(python) scripts/bootstrap.py test
	@.venv/bin/python scripts/psql.py

lock: ## Write the Python lock files anew; UPGRADE=1 takes the newest versions
	@$(python) scripts/lock.py $(if $(UPGRADE),--upgrade)

audit: ## Ask the registries for known vulnerabilities of what is shipped
	@$(python) scripts/bootstrap.py test
	@.venv/bin/python scripts/audit.py check

sbom: ## Write lists of what is shipped (CycloneDX) to build/
	@$(python) scripts/bootstrap.py test
	@.venv/bin/python scripts/audit.py sbom

clean: ## Remove all that set-up and tests have made; the data in .data stays
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build *.egg-info
	rm -rf frontend/node_modules frontend/dist frontend/test-results frontend/playwright-report scripts/chromium/node_modules
	find . -name __pycache__ -not -path './.data/*' -prune -exec rm -rf {} +
