"""The app's registration."""

from __future__ import annotations

from django.apps import AppConfig


class MailingsConfig(AppConfig):
    """Campaigns and what became of them."""

    name = "mailings"
