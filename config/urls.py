"""All addresses of the site."""

from __future__ import annotations

from django.urls import include, path

from crm import admin

urlpatterns = [
    path("", include("crm.urls")),
    path("", include("crm.public_urls")),
    path("", include("mailings.public_urls")),
    path("imports/", include("imports.urls")),
    path("campaigns/", include("mailings.urls")),
    path("admin/", admin.site.urls),
]
