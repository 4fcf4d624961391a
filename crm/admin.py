"""Django's admin for reference tables only: roles, topics, tags and types of email."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from import_export.admin import ExportMixin

from crm.models import Role, Tag, Topic

admin.site.site_header = "Coalesce: roles, topics and tags"
admin.site.site_title = "Coalesce"
admin.site.index_title = "Reference tables"


@admin.register(Role)
class RoleAdmin(ExportMixin, admin.ModelAdmin):  # type: ignore[type-arg, misc]
    """The vocabulary of roles, with the words that spreadsheets use for them."""

    list_display = ["label", "code", "is_special"]


class OwnedAdmin(ExportMixin, admin.ModelAdmin):  # type: ignore[type-arg, misc]
    """A table of one's own organisation: row-level policies show no others."""

    fields = ["name"]
    list_display = ["name"]
    search_fields = ["name"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Give a new row to the organisation that the request works in."""
        obj.organisation = request.organisation  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)


admin.site.register(Topic, OwnedAdmin)
admin.site.register(Tag, OwnedAdmin)
