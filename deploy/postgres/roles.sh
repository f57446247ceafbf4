#!/bin/sh
# The service's own role, before the first migration: the migrations grant it what it needs and no more.
# The PostgreSQL image runs this once, as the owner of a new database.
set -eu
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set=password="$APP_PASSWORD" <<'SQL'
CREATE ROLE messenger_app LOGIN PASSWORD :'password';
SQL
