"""What every installation shares. The environment is read in this package and nowhere else."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from psycopg.conninfo import conninfo_to_dict

BASE_DIR = Path(__file__).resolve().parent.parent.parent
COALESCE_HOME = Path(os.environ.get("COALESCE_HOME") or BASE_DIR / ".local")

SECRET_KEY = os.environ.get("SECRET_KEY", "")
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key]
# "id:hex" of the key that turns addresses into keyed hashes; apart from SECRET_KEY (decision 0004).
COALESCE_HASH_KEY = os.environ.get("COALESCE_HASH_KEY", "")

DEBUG = False
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
BASE_URL = os.environ.get("COALESCE_BASE_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "crm",
    "imports",
    "mailings",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "anymail",
    "csp",
    "import_export",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "crm.middleware.VisitorMiddleware",  # holds the transaction: everything below reads the database
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.middleware.OrganisationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # every page, unless it says otherwise
    "crm.access.MembershipRequiredMiddleware",  # and a role in some organisation
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.middleware.organisation_context",
            ],
        },
    },
]


def database(login: str) -> dict[str, Any]:
    """Give Django's database settings for a login: `DATABASE_URL_<LOGIN>`, else `DATABASE_URL`."""
    url = os.environ.get(f"DATABASE_URL_{login.upper()}") or os.environ.get("DATABASE_URL", "")
    parts = conninfo_to_dict(url)
    named = {
        "NAME": parts.pop("dbname", "coalesce"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        **named,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,  # works behind a transaction pooler too
        "OPTIONS": parts,
    }


DATABASES = {"default": database(os.environ.get("COALESCE_LOGIN", "worker"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "crm.User"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
SESSION_ENGINE = "crm.sessions"  # each request reaches its own session and no other
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = (
    "django.contrib.messages.storage.session.SessionStorage"  # they name people: no cookie
)
# Which entry of a request's META says who asks; behind a web server it is the header that this one writes.
COALESCE_CLIENT_ADDRESS = "REMOTE_ADDR"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 60 * 60

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = False
USE_TZ = True
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
INSTALLED_APPS.append("django.forms")

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "crm.files.SealedStorage",
        "OPTIONS": {"location": COALESCE_HOME / "files", "file_permissions_mode": 0o600},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True  # a spreadsheet must not run what somebody typed
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
COALESCE_UPLOAD_LIMIT = 200 * 1024 * 1024

# Mail. COALESCE_SMTP is the relay: smtp://[user:password@]host:port, or smtps:// for TLS from the start.
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
COALESCE_SMTP = os.environ.get("COALESCE_SMTP", "smtp://127.0.0.1:25")
_relay = urlsplit(COALESCE_SMTP)
EMAIL_HOST, EMAIL_PORT = _relay.hostname or "127.0.0.1", _relay.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = (
    unquote(_relay.username or ""),
    unquote(_relay.password or ""),
)
EMAIL_USE_SSL = _relay.scheme == "smtps"
EMAIL_USE_TLS = _relay.scheme == "smtp" and bool(_relay.username)
EMAIL_TIMEOUT = 60
COALESCE_SENDING_SLOTS = int(
    os.environ.get("COALESCE_SENDING_SLOTS", "2")
)  # workers for a campaign
# How many messages a second a relay sends to each group of receivers (mailings/groups.py), such as
# "gmail=20 yahoo=5 microsoft=5 other=50"; what is not named has no limit but that of the relay.
COALESCE_PACE = {
    group: float(rate)
    for group, _, rate in (
        part.partition("=") for part in os.environ.get("COALESCE_PACE", "").split()
    )
}
# What is due, or half sent, and stood still so long is sent only when somebody says that it still may be.
COALESCE_LATE_AFTER = timedelta(hours=float(os.environ.get("COALESCE_LATE_HOURS") or 3))
# Whether each message waits until the disk has its place in the queue. "off" is quicker, and a crash of PostgreSQL
# itself may then send the last messages before it twice (decision 0018).
COALESCE_CURSOR_COMMIT = os.environ.get("COALESCE_CURSOR_COMMIT", "on")
# Campaigns may leave by another route than service mail: smtp, smtps, mailgun://KEY@domain?region=eu,
# postmark://TOKEN@stream?template=coalesce or ses://KEY:SECRET@region. COALESCE_ROUTE is the platform's, for joint and
# coordinated mail and for whoever has none of their own; COALESCE_ROUTE_SOCR that of SOCR, for its own mail.
COALESCE_ROUTE = os.environ.get("COALESCE_ROUTE", "")
COALESCE_ROUTES = {
    name.removeprefix("COALESCE_ROUTE_"): url
    for name, url in os.environ.items()
    if name.startswith("COALESCE_ROUTE_") and url
}
# How the webhooks of mail services show that they are theirs: Mailgun signs with a key, the others know a
# "user:password". Several, with commas, while one is changed, or where organisations have accounts of their own.
COALESCE_WEBHOOK_SECRETS = [
    s for s in os.environ.get("COALESCE_WEBHOOK_SECRETS", "").split(",") if s
]
COALESCE_MAILGUN_SIGNING_KEYS = [
    key for key in os.environ.get("COALESCE_MAILGUN_SIGNING_KEYS", "").split(",") if key
]
# Mailboxes to which mail comes back, where the relay reports by mail alone: maildir:///path or
# imaps://user:password@host/Folder; several with spaces.
COALESCE_RETURNS = os.environ.get("COALESCE_RETURNS", "").split()
DEFAULT_FROM_EMAIL = os.environ.get("COALESCE_PLATFORM_ADDRESS", "coalesce@example.org")

# Whom people may complain to: its name is changing (docs/reference/law.md).
COALESCE_REGULATOR = os.environ.get("COALESCE_REGULATOR") or "Information Commissioner’s Office"
COALESCE_REGULATOR_URL = (
    os.environ.get("COALESCE_REGULATOR_URL") or "https://ico.org.uk/make-a-complaint/"
)

CELERY_BROKER_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
CELERY_TASK_IGNORE_RESULT = True
# A task is a wake-up: it is acknowledged when taken, and a lost one is made good by the next sweep. A late
# acknowledgement to a broker that went away meanwhile would end the worker itself.
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 60.0
CELERY_TASK_SOFT_TIME_LIMIT = 15 * 60
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 60 * 60}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_DB_REUSE_MAX = 1000  # else Celery closes the database connection around each task
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "imports.tasks.*": {"queue": "imports"},
    "crm.tasks.match_lists": {"queue": "matching"},
    "crm.tasks.carry_out": {"queue": "transactional"},
    "crm.tasks.write_journal": {"queue": "transactional"},
    "mailings.tasks.send_chunk": {"queue": "bulk"},
    "mailings.tasks.send_service_mail": {"queue": "transactional"},
    "mailings.tasks.settle_events": {"queue": "transactional"},
    "mailings.tasks.read_returned_mail": {"queue": "transactional"},
}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "send what is due": {"task": "mailings.tasks.sweep", "schedule": 5.0},
    "settle what mail servers reported": {
        "task": "mailings.tasks.settle_events",
        "schedule": 5.0,
    },
    "read mail that came back": {
        "task": "mailings.tasks.read_returned_mail",
        "schedule": 60.0,
    },
    "forget reports about no message of ours": {
        "task": "mailings.tasks.forget_events",
        "schedule": crontab(hour="4", minute="50"),
    },
    "seal the ledger": {"task": "crm.tasks.seal_ledger", "schedule": 60.0},
    "do what visitors asked for": {"task": "crm.tasks.carry_out", "schedule": 5.0},
    "forget what nobody confirmed": {"task": "crm.tasks.forget_submissions", "schedule": 3600.0},
    "journal refusals": {"task": "crm.tasks.write_journal", "schedule": 60.0},
    "carry out rights": {"task": "crm.tasks.sweep_rights", "schedule": 60.0},
    "report what has had its time": {
        "task": "crm.tasks.report_retention",
        "schedule": crontab(hour="4", minute="30"),
    },
    "find duplicates": {"task": "crm.tasks.match_lists", "schedule": 300.0},
    "resume imports": {"task": "imports.tasks.sweep", "schedule": 30.0},
    "make and delete exports": {"task": "crm.tasks.sweep_exports", "schedule": 60.0},
    "bring permissions up to date": {
        "task": "crm.tasks.check_consent",
        "schedule": crontab(hour="3", minute="15"),
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.logs.QuietFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
