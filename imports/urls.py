"""The addresses of imports."""

from __future__ import annotations

from django.urls import path

from imports import views

urlpatterns = [
    path("", views.imports, name="imports"),
    path("new/", views.add, name="add-import"),
    path("stop/", views.stop, name="stop-addresses"),
    path("<uuid:public_id>/", views.show, name="import"),
    path("<uuid:public_id>/columns/", views.columns, name="import-columns"),
    path("<uuid:public_id>/apply/", views.apply, name="apply-import"),
    path("<uuid:public_id>/wording/", views.wording, name="import-wording"),
    path("<uuid:public_id>/undo/", views.undo, name="undo-import"),
    path("<uuid:public_id>/mend.xlsx", views.rows_to_mend, name="rows-to-mend"),
    path("<uuid:public_id>/signatures.xlsx", views.signatures, name="petition-signatures"),
    path("<uuid:public_id>/report.xlsx", views.report, name="import-report"),
]
