#!/bin/bash
# Runs once, when the database folder is still empty: one database and one role for Airflow, one for the ledger.
set -euo pipefail

make_database() {
    # The password comes in on standard input: the command line of a process can be read by others.
    psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username=postgres <<SQL
CREATE ROLE $1 LOGIN;
\\set password \`cat /run/secrets/postgres_$1_password\`
ALTER ROLE $1 PASSWORD :'password';
CREATE DATABASE $1 OWNER $1 ENCODING 'UTF8';
REVOKE ALL ON DATABASE $1 FROM PUBLIC;
SQL
}

export PGPASSWORD="$POSTGRES_PASSWORD"
make_database airflow
make_database ledger
