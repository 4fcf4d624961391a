# One image for web, worker and beat; the command says which.
FROM python:3.13-slim-trixie

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    COALESCE_HOME=/var/lib/coalesce

WORKDIR /app

COPY requirements/production.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/production.txt \
    && useradd --system --uid 10001 --home-dir /var/lib/coalesce --create-home coalesce

COPY manage.py ./
COPY config config
COPY crm crm
COPY imports imports
COPY mailings mailings
COPY templates templates
COPY static static

# Static files are gathered with settings that need no secrets.
RUN DJANGO_SETTINGS_MODULE=config.settings.build python manage.py collectstatic --noinput

USER 10001
VOLUME /var/lib/coalesce
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--max-requests", "2000"]
