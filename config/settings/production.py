"""Settings of a real deployment. Each missing or weak value stops the start with a sentence that names it."""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *  # noqa: F403
from config.settings.base import (
    ALLOWED_HOSTS,
    BASE_DIR,
    BASE_URL,
    COALESCE_HASH_KEY,
    COALESCE_ROUTE,
    COALESCE_ROUTES,
    COALESCE_WEBHOOK_SECRETS,
    SECRET_KEY,
)

HASH_KEYS = COALESCE_HASH_KEY.split(",")  # the chain, its links from the first to the newest


def refuse_unless(good: bool, sentence: str) -> None:
    """Stop the start with one sentence that says what is wrong and what to do."""
    if not good:
        raise ImproperlyConfigured(sentence)


refuse_unless(
    len(SECRET_KEY) >= 50 and len(set(SECRET_KEY)) >= 10,
    "SECRET_KEY is missing or weak: set it to at least 50 random characters.",
)
refuse_unless(
    all(
        re.fullmatch(r"[\w-]{1,20}:([0-9a-f]{2}){32,}", link) and len(set(link)) >= 8
        for link in HASH_KEYS
    ),
    "COALESCE_HASH_KEY is missing or weak: set it to an id, a colon and 64 random hexadecimal digits. "
    "After a rotation it has several such links, with commas.",
)
refuse_unless(
    len({link.partition(":")[0] for link in HASH_KEYS}) == len(HASH_KEYS),
    "COALESCE_HASH_KEY has two links of one id: set it to what rotate_hash_key printed.",
)
refuse_unless(
    SECRET_KEY not in COALESCE_HASH_KEY
    and not any(link.partition(":")[2] in SECRET_KEY for link in HASH_KEYS),
    "COALESCE_HASH_KEY must not be part of SECRET_KEY: make a separate one.",
)
refuse_unless(
    bool(os.environ.get("DATABASE_URL")),
    "DATABASE_URL is missing: name the PostgreSQL login of this process (web, worker or owner).",
)
refuse_unless(
    "postgres@" not in os.environ.get("DATABASE_URL", "")
    and "//postgres:" not in os.environ.get("DATABASE_URL", ""),
    "DATABASE_URL names the superuser postgres: use coalesce_web, coalesce_worker or coalesce_owner.",
)
refuse_unless(
    bool(os.environ.get("REDIS_URL")), "REDIS_URL is missing: name the Valkey or Redis server."
)
refuse_unless(
    bool(ALLOWED_HOSTS) and "*" not in ALLOWED_HOSTS,
    "ALLOWED_HOSTS is missing or '*': list the host names of this site, with commas.",
)
refuse_unless(
    BASE_URL.startswith("https://"),
    "COALESCE_BASE_URL must start with https://: it is the address in every unsubscribe link.",
)
refuse_unless(
    bool(os.environ.get("COALESCE_SMTP")),
    "COALESCE_SMTP is missing: name the mail relay, such as smtp://user:password@relay.example.org:587.",
)
for name, route in {"": COALESCE_ROUTE, **COALESCE_ROUTES}.items():
    refuse_unless(
        not route or urlsplit(route).scheme in ("smtp", "smtps", "mailgun", "postmark", "ses"),
        f"COALESCE_ROUTE{name and '_'}{name} must begin with smtp, smtps, mailgun, postmark or ses: "
        "see docs/how-to/check-your-deliverability.md.",
    )
refuse_unless(
    all(":" in secret and len(secret) >= 20 for secret in COALESCE_WEBHOOK_SECRETS),
    "COALESCE_WEBHOOK_SECRETS must be user:password, of at least 20 characters: whoever guesses it can stop mail.",
)
refuse_unless(
    bool(os.environ.get("COALESCE_HOME")),
    "COALESCE_HOME is missing: name the folder that keeps uploaded files.",
)

STATIC_ROOT = BASE_DIR / "staticfiles"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
COALESCE_CLIENT_ADDRESS = "HTTP_X_FORWARDED_FOR"
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = [BASE_URL]
