"""Settings for making an image: enough to gather the static files, and no secrets."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403

SECRET_KEY = "only for gathering static files: no process runs with it"
