#!/bin/sh
# Runs once in a fresh PostgreSQL container: makes the role that the service works under. It owns nothing.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set=password="$APP_PASSWORD" <<'SQL'
CREATE ROLE app LOGIN PASSWORD :'password';
SQL
