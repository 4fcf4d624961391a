"""The addresses that need no login: those that stand in mail, and those that anybody may open."""

from __future__ import annotations

from django.urls import path

from crm.views.public import anybody, joining, own_page, preferences, renewal, rights

urlpatterns = [
    path("p/<token>/", preferences.preferences_page, name="preferences"),
    path("p/<token>/stop/", preferences.one_click, name="one-click"),
    path("p/<token>/renew/", renewal.renewal, name="renewal"),
    path("p/<token>/joint/", joining.invitation, name="joint-invitation"),
    path("mine/<token>/", own_page.own_page, name="own-page"),
    path("undo/<token>/", anybody.undo_stop, name="undo-stop"),
    path("address/<token>/", anybody.confirm_address, name="confirm-address"),
    path("confirm/<token>/", anybody.confirm_sign_up, name="confirm-sign-up"),
    path("stop/", anybody.stop_emails, name="stop-emails"),
    path("join/<slug:slug>/", joining.join, name="join"),
    path("join/<slug:slug>/embed/", joining.embedded, name="join-embedded"),
    path("requests/new/", rights.new_request, name="new-request"),
    path("complaint/", rights.complaint, name="complaint"),
    path("responsible/", rights.responsible, name="responsible"),
    path("privacy/", rights.privacy, name="privacy"),
]
