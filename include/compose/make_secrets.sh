#!/bin/bash
# sudo include/compose/make_secrets.sh FOLDER: make the secrets that docker-compose.yaml names.
# What is there already is kept. Each file can be read only by the user in the container that needs it.
set -euo pipefail
umask 077

folder="${1:?请写明密钥文件夹，例如 /etc/poverty-watch/secrets}"
database_user=999 # postgres in its official image
program_user=10001
[ "$(id -u)" = 0 ] || { echo "请用 sudo 执行：文件要交给容器里的用户。" >&2; exit 1; }
install -d -m 0711 "$folder"

keep() { # keep NAME OWNER: standard input becomes the secret, unless there is one
    local value
    value="$(cat)"
    if [ ! -s "$folder/$1" ]; then
        printf '%s' "$value" > "$folder/.$1"
        chmod 0400 "$folder/.$1"
        chown "$2:$2" "$folder/.$1"
        mv "$folder/.$1" "$folder/$1"
    fi
}
random() { head --bytes=32 /dev/urandom | base64 --wrap=0 | tr '+/' '-_'; } # what Fernet takes for a key
password() { head --bytes=24 /dev/urandom | od --address-radix=n --format=x1 --output-duplicates | tr -d ' \n'; }

password | keep postgres_password $database_user
password | keep postgres_airflow_password $database_user
password | keep postgres_ledger_password $database_user
password | keep redis_password $program_user
password | keep airflow_admin_password $program_user
password | keep airflow_api_secret_key $program_user
password | keep airflow_jwt_secret $program_user
random | keep airflow_fernet_key $program_user

of() { cat "$folder/$1"; }
airflow="airflow:$(of postgres_airflow_password)@postgres:5432/airflow"
echo "postgresql+psycopg2://$airflow" | keep airflow_database_url $program_user
echo "db+postgresql+psycopg2://$airflow" | keep airflow_result_backend $program_user
echo "postgresql+psycopg://ledger:$(of postgres_ledger_password)@postgres:5432/ledger" | keep ledger_url $program_user
echo "redis://:$(of redis_password)@redis:6379/0" | keep airflow_broker_url $program_user
echo '{}' | keep airflow_connections.json $program_user
printf '%s\n' "requirepass $(of redis_password)" "bind * -::*" "port 6379" 'save ""' "appendonly no" "dir /data" \
    "maxmemory-policy noeviction" | keep redis_conf $program_user

echo "密钥在 $folder。请连同备份一起保管，不要放进代码库。"
