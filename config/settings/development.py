"""Settings for one's own machine: the embedded services, plain HTTP."""

from __future__ import annotations

from config.settings.base import *  # noqa: F403

ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
