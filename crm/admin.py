"""Django's admin for reference tables only: roles, topics, tags and branches.

Its addresses carry keys, so it holds no table whose keys are counted (crm/migrations/0036_random_keys.py); types of
email have pages of their own.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.forms import ExportForm

from crm.access import is_admin
from crm.forms.settings import NamedForm
from crm.models import Branch, Role, Segment, SupporterTag, SupporterTopic, Tag, Topic
from crm.spreadsheets import PlainResource


class ReferenceSite(admin.AdminSite):
    """The reference tables, for admins of the organisation that the request works in."""

    site_header = "Coalesce: reference tables"
    site_title = "Coalesce"
    index_title = "Roles, topics, tags and branches"
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Being an admin elsewhere gives no right here."""
        return request.user.is_authenticated and is_admin(request)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one page for signing in; whoever did and may not be here is told so."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect("sign-in" if not request.user.is_authenticated else "admin:index")


site = ReferenceSite()


class ReferenceAdmin(ExportMixin, admin.ModelAdmin):  # type: ignore[type-arg, misc]
    """A table that can be exported as CSV or XLSX."""

    export_formats = [CSV, XLSX]
    export_form_class = ExportForm  # the other one needs inline script, which our policy forbids
    exported: tuple[str, ...] = ("name",)

    def get_export_resource_classes(self, request: HttpRequest) -> list[type[PlainResource]]:
        """Give the columns to export; sequential keys stay inside."""

        class Resource(PlainResource):
            class Meta:
                model = self.model
                fields = self.exported

        return [Resource]


@admin.register(Role, site=site)
class RoleAdmin(ReferenceAdmin):
    """The vocabulary of roles, with the words that spreadsheets use for them."""

    list_display = ["label", "code", "is_special"]
    exported = ("code", "label", "synonyms", "is_special")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every organisation's people share the roles, and nobody here may learn who has one."""
        return False


class OwnedAdmin(ReferenceAdmin):
    """A table of one's own organisation: row-level policies show no others."""

    form = NamedForm
    list_display = ["name"]
    fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Say again what the policies say."""
        own = request.organisation  # type: ignore[attr-defined]
        return super().get_queryset(request).filter(organisation=own)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        """Bind the form to the organisation that the request works in."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.organisation = request.organisation  # type: ignore[attr-defined]
        bound: type[forms.ModelForm[Any]] = form
        return bound


class LabelAdmin(OwnedAdmin):
    """Tags and topics: they can be deleted, unless a segment asks for them."""

    rule = ""
    links: Any = None

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Give what goes with a label as a number, not as a list of everybody who has it."""
        labels = list(objs)
        used = [
            f"Segment: {segment.name}"
            for segment in Segment.objects.filter(organisation=request.organisation)  # type: ignore[attr-defined]
            for rule in segment.rules.get("rules", [])
            if rule["field"] == self.rule and rule["value"] in {label.pk for label in labels}
        ]
        people = self.links.filter(**{f"{self.rule}__in": labels}).count()
        counts = {str(self.opts.verbose_name_plural): len(labels), "people who have it": people}
        return [str(label) for label in labels], counts, set(), used


@admin.register(Topic, site=site)
class TopicAdmin(LabelAdmin):
    """What people may choose to hear about."""

    rule = "topic"
    links = SupporterTopic.objects


@admin.register(Tag, site=site)
class TagAdmin(LabelAdmin):
    """What the organisation notes about people."""

    rule = "tag"
    links = SupporterTag.objects


@admin.register(Branch, site=site)
class BranchAdmin(OwnedAdmin):
    """The parts of an organisation; people and colleagues belong to them, so none can be deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rename it instead."""
        return False
