"""The addresses that stand in mail: they need no login."""

from __future__ import annotations

from django.urls import path

from crm import views_public as views

urlpatterns = [
    path("<token>/", views.preferences_page, name="preferences"),
    path("<token>/stop/", views.one_click, name="one-click"),
]
