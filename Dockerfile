# The portal's image: web, workers, beat and commands are the same image with another command.
# docker build --tag pettracker .

# --- Packages, built where pip may be ---------------------------------------
FROM python:3.13-slim-bookworm AS packages

RUN python -m venv /opt/venv
COPY requirements-production.txt /tmp/
# Only files whose hashes are in the list, and only wheels, so nothing is compiled here. pyvips is
# published as source alone; it is plain Python, and finds libvips in the wheel pyvips-binary.
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --no-binary pyvips \
        --requirement /tmp/requirements-production.txt

# --- What runs ---------------------------------------------------------------
FROM python:3.13-slim-bookworm

# A number, so that Kubernetes can see that it is not root.
RUN groupadd --system --gid 10001 portal \
    && useradd --system --uid 10001 --gid portal --no-create-home --home-dir /nonexistent portal \
    && install --directory --owner portal --group portal --mode 0700 /var/lib/portal

# VIPS_BLOCK_UNTRUSTED: libvips uses only loaders that are fit for strangers' files.
# VIPS_CONCURRENCY: one thread for each process; there are as many processes as cores.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=portal.settings \
    PORTAL_DATA_DIR=/var/lib/portal \
    STATIC_ROOT=/srv/static \
    VIPS_BLOCK_UNTRUSTED=1 \
    VIPS_CONCURRENCY=1

COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/portal
COPY manage.py ./
COPY portal ./portal
COPY pets ./pets
COPY photos ./photos
COPY storage_admin ./storage_admin

# Settings want a key to be read; this one signs nothing and stays in this line. Byte code is
# written now, for later nobody may write here.
RUN SECRET_KEY=only-for-collectstatic python manage.py collectstatic --no-input \
    && rm -rf /var/lib/portal/* \
    && python -m compileall -q portal pets photos storage_admin manage.py

USER 10001:10001
EXPOSE 8000
VOLUME /var/lib/portal

# Whether this process takes requests, asked under a name that ALLOWED_HOSTS lets in. Whether
# database, Redis and store answer says /health/ready. Workers and beat answer no HTTP: they
# have checks of their own, or none (compose.yaml).
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; host = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip(' .*') or 'localhost'; web.urlopen(web.Request('http://127.0.0.1:8000/health/live', headers={'Host': host}), timeout=4)"]

# A temporary directory in memory for heartbeats: on a slow disk gunicorn would kill its workers.
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "30", "--max-requests", "5000", "--max-requests-jitter", "500", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-", "--logger-class", "portal.gunicorn_log.TokenlessLogger"]
