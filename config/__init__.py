"""Settings, addresses and entry points: what puts the apps together."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
