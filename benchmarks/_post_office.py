"""Sends with django-post-office, in a venv of its own: `_post_office.py HOST PORT NUMBER`; prints messages a second.

The message comes as JSON on standard input: subject, text and html, with Django's marks for what is merged.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time

import django
from django.conf import settings


def main(host: str, port: int, number: int) -> float:
    """Queue and send; give how many messages a second were sent, the queueing left out."""
    settings.configure(
        SECRET_KEY="bench",
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["POST_OFFICE"]}
        },
        EMAIL_BACKEND="post_office.EmailBackend",
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "BATCH_SIZE": number,
            "THREADS_PER_PROCESS": 1,
            "LOG_LEVEL": 0,
        },
        EMAIL_HOST=host,
        EMAIL_PORT=port,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )
    django.setup()
    logging.disable(logging.CRITICAL)
    from django.core.management import call_command
    from post_office import mail  # type: ignore[import-not-found]
    from post_office.models import EmailTemplate  # type: ignore[import-not-found]

    call_command("migrate", verbosity=0)
    words = json.load(sys.stdin)
    template = EmailTemplate.objects.create(
        name="bench",
        subject=words["subject"],
        content=words["text"],
        html_content=words["html"],
    )
    mail.send_many(
        [
            {
                "recipients": [f"p{n}@example.org"],
                "sender": "news@socr.example.org",
                "template": template,
                "context": {"first_name": "Priya"},
                "render_on_delivery": True,
            }
            for n in range(number)
        ]
    )
    began = time.perf_counter()
    sent, failed, _ = mail.send_queued(processes=1)
    assert (sent, failed) == (number, 0), f"{sent} sent, {failed} failed"
    return number / (time.perf_counter() - began)


if __name__ == "__main__":
    print(round(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])), 1))
