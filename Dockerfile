# One image for Heroku and Kubernetes. `make image` builds it.
# checkov:skip=CKV_DOCKER_2:Heroku ignores HEALTHCHECK, and Kubernetes has probes of its own
FROM docker.io/library/python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY requirements.txt requirements-build.txt ./
RUN python3 -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python3 install --quiet --require-hashes --only-binary :all: -r requirements.txt \
 && python3 -m venv /opt/tools \
 && /opt/tools/bin/pip install --quiet --require-hashes -r requirements-build.txt
RUN /opt/tools/bin/cyclonedx-py environment --output-reproducible --of JSON -o /opt/python.cdx.json /opt/venv/bin/python3
COPY manage.py gunicorn.conf.p[y] entrypoint.sh /app/
COPY .profile.d/ /app/.profile.d/
COPY actorsite/ /app/actorsite/
COPY actors/ /app/actors/
WORKDIR /app
# The settings require a key, hosts and a database. These values apply to this command only.
RUN SECRET_KEY="$(python3 -c 'import secrets; print(secrets.token_urlsafe(50))')" \
    ALLOWED_HOSTS=localhost DATABASE_URL=sqlite:////nonexistent \
    PYTHONDONTWRITEBYTECODE=1 /opt/venv/bin/python3 manage.py collectstatic --no-input --verbosity 0 \
 && find /app -name __pycache__ -prune -exec rm -rf {} + \
 && /opt/venv/bin/python3 -m compileall -q --invalidation-mode unchecked-hash /app \
 && chmod -R a+rX,go-w /app && chmod 755 entrypoint.sh

FROM docker.io/library/python:3.13-slim-trixie
# bash (as /bin/sh), curl and openssh-server: `heroku ps:exec`; postgresql-client: `manage.py backup`.
# pg_dump refuses a server that is newer than itself: only the client and libpq come from the suite with the newest
# version. Its index expires after a week; the check is off, so that a mirror that lags does not break the build.
# systemd-standalone-sysusers keeps openssh-server from installing systemd. Host keys must not be in an image.
# Debian stable has only the patched version of a package: a pinned version would break the build (DL3008).
# SHELL applies to builds only, and Heroku does not support it: /bin/sh is changed for the running dyno (DL4005).
# If apt has no mirror, it refuses the line without one, so pipefail is not needed (DL4006).
# hadolint ignore=DL3008,DL4005,DL4006
RUN apt-get update \
 && mirror=$(apt-get indextargets --format "\$(SITE)" 'Created-By: Packages' | grep -m 1 '/debian/*$') \
 && echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no]' \
        "$mirror" forky main > /etc/apt/sources.list.d/forky.list \
 && printf 'Package: %s\nPin: release n=forky\nPin-Priority: %s\n\n' \
        '*' -1 'postgresql-client-18 libpq5' 990 > /etc/apt/preferences.d/forky \
 && apt-get update \
 && apt-get install -y --no-install-recommends \
        bash curl openssh-server postgresql-client-18 systemd-standalone-sysusers \
 && ln -sf bash /bin/sh \
 && rm -rf /etc/apt/*.d/forky* /etc/ssh/ssh_host_* /var/lib/apt/lists/* /var/cache/* /var/log/*
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
COPY bin/sbom.py /tmp/sbom.py
RUN --mount=type=bind,from=build,source=/opt/python.cdx.json,target=/mnt/python.cdx.json \
    python3 /tmp/sbom.py /mnt/python.cdx.json > /app/sbom.cdx.json && rm /tmp/sbom.py
# PostgreSQL's own programs come before Debian's wrappers, which need a passwd entry.
ENV PATH=/opt/venv/bin:/usr/lib/postgresql/18/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
ENTRYPOINT ["/app/entrypoint.sh"]
CMD ["serve"]
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Actorsite" \
      org.opencontainers.image.description="A public directory of screen actors" \
      org.opencontainers.image.licenses="BSD-3-Clause" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim-trixie" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
