"""Settings for making an image: enough to gather the static files, and no secrets."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403
from config.settings.base import BASE_DIR

SECRET_KEY = "only for gathering static files: no process runs with it"
STATIC_ROOT = BASE_DIR / "staticfiles"
