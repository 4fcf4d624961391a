"""The addresses of campaigns."""

from __future__ import annotations

from django.urls import path

from crm.access import whole_organisation as whole
from mailings import views

urlpatterns = [
    path("", whole(views.campaigns), name="campaigns"),
    path("figures/", views.steward_figures, name="steward-figures"),
    path("new/", whole(views.add), name="add-campaign"),
    path("<uuid:public_id>/", whole(views.campaign), name="campaign"),
    path("<uuid:public_id>/text/", whole(views.text), name="campaign-text"),
    path("<uuid:public_id>/test/", whole(views.test), name="test-campaign"),
    path("<uuid:public_id>/approve/", whole(views.approve), name="approve-campaign"),
    path("<uuid:public_id>/cancel/", whole(views.cancel), name="cancel-campaign"),
    path("<uuid:public_id>/pause/", whole(views.pause), name="pause-campaign"),
    path("<uuid:public_id>/go-on/", whole(views.go_on), name="go-on-campaign"),
    path("<uuid:public_id>/doubt/", whole(views.doubt), name="campaign-doubt"),
    path("<uuid:public_id>/outcome/<slug:code>/", whole(views.outcome), name="campaign-outcome"),
    path(
        "<uuid:public_id>/outcome/<slug:code>/export/",
        whole(views.export_outcome),
        name="export-outcome",
    ),
    path("<uuid:public_id>/copy/", whole(views.copy), name="copy-campaign"),
    path("<uuid:public_id>/people/<uuid:person_id>/", views.why, name="why"),
    path("people/<uuid:public_id>/", views.person_mail, name="person-mail"),
]
