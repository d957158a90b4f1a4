# The image of all Airflow services of docker-compose.yaml. It holds the program and no secret.
# The base image is named by version; a county that can reach a registry pins it by digest as well.
ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
WORKDIR /opt/poverty-watch
COPY requirements-bootstrap.lock requirements.lock ./
COPY scripts/install.sh scripts/install.sh
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-bootstrap.lock \
    && scripts/install.sh /opt/venv --no-cache --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY plugins plugins
# Editable: the library finds sql/, expectations/ and include/ beside itself.
RUN scripts/install.sh /opt/venv --no-cache --no-deps --no-build-isolation --editable .

FROM python:${PYTHON}
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TZ=Asia/Shanghai \
    LANG=C.UTF-8
# Volumes take over owner and mode of the folders that they are mounted on.
RUN groupadd --gid 10001 poverty-watch \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /opt/airflow --shell /usr/sbin/nologin poverty-watch \
    && install -d -o 10001 -g 10001 -m 0700 /opt/airflow /var/lib/poverty-watch /var/log/airflow \
    && install -d -m 0755 /srv/inbox
COPY --from=build /opt/venv /opt/venv
WORKDIR /opt/poverty-watch
COPY pyproject.toml README.md ./
COPY plugins plugins
COPY dags dags
COPY expectations expectations
COPY include include
COPY sql sql
# Stands in every report's manifest: docker compose build --build-arg COMMIT="$(git rev-parse HEAD)"
ARG COMMIT=
ENV POVERTY_WATCH_COMMIT=${COMMIT}
RUN python -m compileall -q plugins dags
USER 10001:10001
ENTRYPOINT []
CMD ["airflow", "version"]
