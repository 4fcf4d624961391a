"""The addresses of campaigns."""

from __future__ import annotations

from django.urls import path

from mailings import views

urlpatterns = [
    path("", views.campaigns, name="campaigns"),
    path("figures/", views.steward_figures, name="steward-figures"),
    path("new/", views.add, name="add-campaign"),
    path("<uuid:public_id>/", views.campaign, name="campaign"),
    path("<uuid:public_id>/text/", views.text, name="campaign-text"),
    path("<uuid:public_id>/test/", views.test, name="test-campaign"),
    path("<uuid:public_id>/approve/", views.approve, name="approve-campaign"),
    path("<uuid:public_id>/cancel/", views.cancel, name="cancel-campaign"),
    path("<uuid:public_id>/copy/", views.copy, name="copy-campaign"),
    path("people/<uuid:public_id>/", views.person_mail, name="person-mail"),
]
