# What there is to do here.
default:
    @just --list

# Serve on the embedded default, with data in ./data.
run:
    cargo run --release

# The whole suite on both databases.
test:
    scripts/test

# Format, lints, documentation.
check:
    scripts/check

# Rewrite what is generated from the code: the contract, the pages, the settings' example.
openapi:
    cargo run --release -- openapi > openapi.yaml
    cargo run --release -- errors > docs/errors.md
    cargo run --release -- operations > docs/operation-table.md
    cargo run --release -- env-example > .env.example

# Lint the contract.
contract:
    scripts/contract

# Keep the contract as the one that the next is held against; date the changelog by hand.
release:
    tests/contract/.venv/bin/python tests/contract/breaking.py --freeze openapi.yaml > tests/contract/released.yaml

# Generate, compile and package the SDKs, and walk the journeys on SQLite.
sdk:
    scripts/sdk
    scripts/sdk --journeys sqlite

# Make the folders of a new migration, alike for both databases.
migration name:
    for database in sqlite postgres; do \
        folder=migrations/$database/$(date +%F)-000001_{{name}}; mkdir -p $folder; touch $folder/up.sql $folder/down.sql; \
    done

# Kill the service fifty times on each database and look for losses.
crash:
    scripts/crash --db sqlite --kills 50
    scripts/crash --db postgres --kills 50

# Walk a verification on both databases and both kinds of store, and kill it in uploads.
kyc:
    cargo build --release --example s3
    scripts/kyc --db sqlite --files folder
    scripts/kyc --db sqlite --files s3
    scripts/with-postgres scripts/kyc --db postgres --files folder
    scripts/with-postgres scripts/kyc --db postgres --files s3

# Exactly what CI runs.
ci:
    .ci/run
