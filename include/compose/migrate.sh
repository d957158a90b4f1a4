#!/bin/sh
# Bring both databases to this version's schema and make sure that there is an administrator.
set -eu
airflow db migrate
python - <<'END'
from poverty_watch.identity import Keyring
from poverty_watch.ledger.store import open_ledger
from poverty_watch.settings import Settings

settings = Settings.from_environment()
open_ledger(settings)
Keyring.open(settings.keys)
END
python include/compose/first_administrator.py /run/secrets/airflow_admin_password
