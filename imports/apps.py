"""The app's registration."""

from __future__ import annotations

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Files, staging and mappings."""

    name = "imports"
