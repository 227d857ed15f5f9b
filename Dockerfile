# One image, three commands: `web` (REST and admin), `live` (websocket and streams), `work` (jobs); see compose.yaml.
FROM python:3.11-slim AS build
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=config.settings
RUN useradd --system --uid 10001 --home-dir /app revsync
WORKDIR /app
COPY --from=build /venv /venv
COPY . .
# Keys of the build only: collectstatic reads the settings, and no setting of a build reaches the image.
RUN DEBUG=true python manage.py collectstatic --noinput \
    && rm -rf var/secrets && mkdir -p var/files && chown -R revsync var/files
USER revsync
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
    CMD python -c "import os, urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:8000/healthz', \
        headers={'Host': os.environ['ALLOWED_HOSTS'].split(',')[0].strip(' .*') or 'localhost'}), timeout=2)"
STOPSIGNAL SIGTERM
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "4", "config.wsgi:application"]
