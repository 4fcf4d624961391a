"""The addresses that supporters reach without a login, beside the preference link."""

from __future__ import annotations

from django.urls import path

from crm import views_join, views_open, views_own_page, views_renewal, views_rights

urlpatterns = [
    path("requests/new/", views_rights.new_request, name="new-request"),
    path("complaint/", views_rights.complaint, name="complaint"),
    path("responsible/", views_rights.responsible, name="responsible"),
    path("privacy/", views_rights.privacy, name="privacy"),
    path("stop/", views_open.stop_emails, name="stop-emails"),
    path("join/<slug:slug>/", views_join.join, name="join"),
    path("join/<slug:slug>/embed/", views_join.embedded, name="join-embedded"),
    path("confirm/<token>/", views_open.confirm_sign_up, name="confirm-sign-up"),
    path("address/<token>/", views_open.confirm_address, name="confirm-address"),
    path("undo/<token>/", views_open.undo_stop, name="undo-stop"),
    path("mine/<token>/", views_own_page.own_page, name="own-page"),
    path("p/<token>/renew/", views_renewal.renewal, name="renewal"),
    path("p/<token>/joint/", views_join.invitation, name="joint-invitation"),
]
