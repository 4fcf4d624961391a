"""The addresses that mail services call: no login, but a signature or a secret."""

from __future__ import annotations

from django.urls import path

from mailings import webhooks

urlpatterns = [path("events/<slug:provider>/", webhooks.events, name="mail-events")]
