# The commands of this repository. They need Rust and make; what else is missing, `make deps` installs.

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
# The one that scripts/install-deps chose, whatever else is on the PATH.
DENY := $(abspath $(TARGET_DIR))/tools/bin/cargo-deny

# cargo may be where rustup puts it without being on the PATH; and where scripts/install-deps puts cargo's tools.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(abspath $(TARGET_DIR))/tools/bin

.DEFAULT_GOAL := help
.PHONY: help deps demo run test check torture bench thrift deb package-test

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

deps: ## installs what is missing (PostgreSQL, C compiler, perl; with apt-get)
	@scripts/install-deps

demo: deps ## PostgreSQL, simulated Twilio and the daemon in one command, until Ctrl-C (DEMO_HISTORY=1: a year lies behind it)
	@[ -x $(TARGET_DIR)/quick/examples/demo ] || echo 'The first build takes some minutes; the demo itself starts in seconds.'
	cargo build --profile quick --locked -p callbunker --bins --example demo
	@exec $(TARGET_DIR)/quick/examples/demo

run: deps ## the same with your own Twilio account, data that stay, and a question before it buys (YES=1 agrees): docs/first-day.md
	@[ -x $(TARGET_DIR)/quick/examples/run ] || echo 'The first build takes some minutes.'
	cargo build --profile quick --locked -p callbunker --bins --example run
	@exec $(TARGET_DIR)/quick/examples/run $(if $(YES),--yes)

# `make test PG=13` to `PG=18`: what talks to the database, with that PostgreSQL.
# Of the command line alone: others may have a variable of that name in their environment.
ifeq ($(origin PG),command line)
test: deps
	@scripts/test-postgresql $(PG)
else

# The tests mostly wait for each other's daemons and databases: more of them at a time than there are cores.
export RUST_TEST_THREADS ?= 6

test: check ## formatting, lints and all tests, those in a browser too
	@scripts/install-deps --browser
	@scripts/install-deps --mail
	@scripts/test

endif
check: ## formatting, lints and the links in the documentation only
	@scripts/install-deps --lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features failpoints --locked -- -D warnings
	cargo clippy -p callbunker --lib --bins --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --features failpoints --locked
	cargo test --features failpoints --locked --lib -q source::
	@$(DENY) --locked check licenses bans sources
	@if timeout 60 $(DENY) fetch db >/dev/null 2>&1; then $(DENY) check --disable-fetch advisories; \
		else echo 'check: known weaknesses of crates were not looked up: the advisory database cannot be reached from here' >&2; fi

torture: deps ## the long hunt: kills at every step, 200 random rounds (TORTURE_ROUNDS=, TORTURE_SEED=), failover under Patroni (FAILOVER_ROUNDS=), fuzzed API (FUZZ_SECS=, FUZZ_SEED=)
	@scripts/torture

deb: ## the Debian packages, in target/debian (the first time builds cargo-deb and others, then the program: half an hour)
	@scripts/deb

package-test: ## installs, upgrades under load, removes and purges them in a Debian of its own (root only; needs make deb before)
	@tests/package/run

bench: deps ## how many assignments a second, how fast
	cargo bench --locked -p callbunker --bench assignments

thrift: ## how thrifty advised thresholds are, on made-up traffic, beside a fixed one and a clairvoyant's
	cargo bench --locked -p callbunker --bench thrift
