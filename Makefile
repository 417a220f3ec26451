# What CI runs and what you run: the same commands.
#
#   make run     build everything and start Prahari at http://localhost:8000
#   make test    everything that must hold: format, lints, types, tests, a browser
#   make build   target/release/prahari, with the dashboard in it

.PHONY: run build web test test-rust test-web test-browser prove fuzz lint fmt openapi setup-build setup-test setup-fuzz clean

CARGO ?= cargo
RUN_FLAGS ?=

run: build
	./target/release/prahari run $(RUN_FLAGS)

build: web
	$(CARGO) build --release --locked -p app

# The dashboard, built when a source of it is newer than the last build.
WEB_SOURCES := $(shell find web/src web/index.html web/package-lock.json web/vite.config.ts -type f 2>/dev/null)

web: web/dist/index.html

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run --silent build
	touch $@

web/node_modules/.package-lock.json: web/package-lock.json | setup-build
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

test: lint test-web test-rust prove test-browser

lint: web
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	cd web && npm run --silent lint && npm run --silent check

test-web: web
	cd web && npm test --silent

test-rust: web | setup-test
	scripts/postgres $(CARGO) test --workspace --locked --lib --bins --tests --examples

# The fake world is held against real clients from PyPI.
prove: | setup-test
	$(CARGO) build --locked -p testkit --bin fake-world
	scripts/prove

# Hostile input for every parser, each for SECONDS; no part of `make test`.
SECONDS ?= 120
fuzz: | setup-fuzz
	scripts/fuzz $(SECONDS)

# One journey through the real binary in headless Chromium.
test-browser: web | setup-test
	$(CARGO) build --locked --workspace --bins
	cd web && npm run --silent e2e

# docs/openapi.json and the dashboard's types from the code.
openapi:
	$(CARGO) run --locked -p app -- openapi > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json
	cd web && npm run --silent types

fmt:
	$(CARGO) fmt --all
	cd web && npm run --silent format

setup-build:
	scripts/setup build

setup-test:
	scripts/setup test

setup-fuzz:
	scripts/setup fuzz

clean:
	$(CARGO) clean
	rm -rf web/dist web/node_modules
