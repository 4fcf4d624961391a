"""The app's registration."""

from __future__ import annotations

from django.apps import AppConfig


class CrmConfig(AppConfig):
    """People, consent and the wall between organisations."""

    name = "crm"
    verbose_name = "Reference tables"
