"""The app's registration."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CrmConfig(AppConfig):
    """People, consent and the wall between organisations."""

    name = "crm"
    verbose_name = "Reference tables"

    def ready(self) -> None:
        """Load what each app says of the data it holds: how it is shown, exported and forgotten, and what binds."""
        autodiscover_modules("exportable", "holdings", "retention", "ties")
