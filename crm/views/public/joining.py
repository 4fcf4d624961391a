"""Signing up: an organisation's form, the same inside its own site, and the invitation to the joint list."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.clickjacking import xframe_options_exempt

from crm import tokens, wall
from crm.forms.public import JoinForm, answers, name_of, wording_of
from crm.limits import is_flood
from crm.models import ContactPoint, Organisation, Role, SignUpBox, SignUpForm, Submission, Topic
from crm.services import preferences
from crm.services.signing_in import client_address
from crm.views.public.anybody import A_MINUTE, open_page, send_in, too_many
from crm.views.public.preferences import is_easy, show, unknown

OF_A_FORM = 600  # sign-ups in a minute


@dataclass(frozen=True, slots=True)
class Asked:
    """An open form with all that it asks."""

    form: SignUpForm
    organisation: Organisation
    boxes: list[SignUpBox]
    roles: list[Role]
    topics: list[Topic]


def _asked(**which: Any) -> Asked:
    """Find an open form with what it asks. Raises Http404."""
    form = SignUpForm.objects.select_related("organisation").filter(is_open=True, **which)
    found = form.order_by("pk").first()
    if found is None:
        raise Http404
    boxes = list(
        found.boxes.select_related(
            "wording", "easy_wording", "purpose", "role", "organisation"
        ).order_by("-organisation__is_partner", "organisation__name", "pk")
    )
    if not any(box.purpose_id for box in boxes):
        raise Http404  # nobody could say yes to anything
    special = [box.role_id for box in boxes if box.role_id]
    roles = Role.objects.filter(is_special=False) | Role.objects.filter(pk__in=special)
    topics = Topic.objects.filter(organisation=found.organisation)
    return Asked(
        form=found,
        organisation=found.organisation,
        # The joint emails first, then each partner's; agreements to keep a role last.
        boxes=sorted(boxes, key=lambda box: (box.role_id is not None, box.organisation.is_partner)),
        roles=list(roles.order_by("label")) if found.asks_roles else [],
        topics=list(topics) if found.asks_topics else [],
    )


@open_page
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a sign-up form and take it."""
    return _join(request, _asked(slug=slug), embedded=False)


@open_page
@xframe_options_exempt  # the policy below names who may frame it
def embedded(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the form inside a page of the sites that it names, and of no others."""
    asked = _asked(slug=slug)
    answer = _join(request, asked, embedded=True)
    answer._csp_replace = {"frame-ancestors": asked.form.sites.split() or ["'none'"]}  # type: ignore[attr-defined]
    return answer


def _join(request: HttpRequest, asked: Asked, *, embedded: bool) -> HttpResponse:
    easy = is_easy(request)
    form = JoinForm(
        request.POST or None,
        boxes=asked.boxes,
        roles=asked.roles,
        topics=asked.topics,
        asks_postcode=asked.form.asks_postcode,
        easy=easy,
    )
    context: dict[str, Any] = {
        "form": form,
        "asked": asked.form,
        "organisation": asked.organisation,
        "embedded": embedded,
    }
    if request.method != "POST":
        return show(request, "join", context)
    if form.is_child:
        _turn_away(asked.form, _nonce(request))
        return show(request, "join_child", context)
    if form.is_valid():
        if _is_flood(request, asked.form, form.cleaned_data["email"]):
            return too_many(request)
        context["sent"] = _take(asked, form)
        context["left_out"] = form.is_minor and _has_joint(asked, form)
        return show(request, "join_done", context)
    return show(request, "join", context)


def _is_flood(request: HttpRequest, form: SignUpForm, email: str) -> bool:
    """Tell whether too many sign-ups come for one address, from one computer, or by one form."""
    computer = _computer(request)
    return (
        is_flood(f"join {form.pk}", most=OF_A_FORM)
        or is_flood(f"join {email.casefold()}", most=A_MINUTE)
        or (computer != "" and is_flood(f"join from {computer}", most=A_MINUTE))
    )


def _computer(request: HttpRequest) -> str:
    """Give where a sign-up comes from; nothing inside one's own network, where everyone may come from one proxy."""
    text = client_address(request.META)
    return text if text and ip_network(text).is_global else ""


def _turn_away(form: SignUpForm, nonce: uuid.UUID) -> None:
    """Count a child under 13, of whom nothing is kept (scenario 22)."""
    if is_flood(f"child {nonce}", most=1):  # pressed twice
        return
    with wall.scope("visitor"), connection.cursor() as cursor:
        cursor.execute("SELECT crm_turn_away(%s)", [form.pk])


def _take(asked: Asked, form: JoinForm) -> bool:
    """Take a sign-up; give whether an email goes out, which it does not for 13 to 17 who ticked joint emails only."""
    written = form.written()
    if form.is_minor:
        joint = {box.organisation_id for box in asked.boxes if not box.organisation.is_partner}
        written["yes"] = [yes for yes in written["yes"] if yes[0] not in joint]
    if written["yes"] and not form.is_trapped:
        fields = {
            **written,
            "form": asked.form.slug,
            "organisation": asked.organisation.pk,
        }
        send_in(Submission.Kind.SIGN_UP, form.written_with, fields)
    return bool(written["yes"])


def _has_joint(asked: Asked, form: JoinForm) -> bool:
    return any(
        form.cleaned_data.get(name_of(box))
        for box in asked.boxes
        if box.purpose_id and not box.organisation.is_partner
    )


@open_page
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Invite the reader of an organisation's own email to the joint list, by boxes that are not ticked.

    A link may have been passed on, so a yes counts only when it is confirmed from a fresh email to the address.
    """
    try:
        preference = tokens.read_preference_token(token)
        with wall.scope("keeper", organisation_id=preference.organisation_id):
            organisation = preferences.find(preference).organisation
    except (tokens.BadTokenError, ContactPoint.DoesNotExist):
        return unknown(request)
    asked = _asked(organisation__is_partner=False)
    easy = is_easy(request)
    boxes = [box for box in asked.boxes if box.purpose_id and not box.organisation.is_partner]
    ticked = [box for box in boxes if request.POST.get(name_of(box))]
    if ticked:
        fields = {
            "point": str(preference.point),
            "organisation": organisation.pk,
            "form": asked.form.slug,
            "easy": easy,
            **answers(ticked, set(), easy=easy),
        }
        send_in(Submission.Kind.SIGN_UP, _nonce(request), fields)
    context = {
        "organisation": organisation,
        "boxes": [(name_of(box), wording_of(box, easy=easy).words) for box in boxes],
        "nonce": uuid.uuid4(),
        "done": bool(ticked),
        "nothing_ticked": request.method == "POST" and not ticked,
    }
    return show(request, "invitation", context)


def _nonce(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("nonce", ""))
    except ValueError:
        return uuid.uuid4()
