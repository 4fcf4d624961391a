"""A supporter's own page: reached by a fresh link that went to the address, good for one hour."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from crm import tokens
from crm.forms.public import NewAddressForm, OwnDetailsForm
from crm.models import ContactPoint
from crm.services import own_page as services
from crm.tasks import carry_out
from crm.views.public.anybody import open_page
from crm.views.public.preferences import is_easy, show, unknown
from crm.wakeups import wake


@open_page
def own_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is kept of a person, and let them change it."""
    try:
        link = tokens.read("fresh", token)
        shown = services.show(link=link)
        forms = _forms(request, shown)
        done = _act(request, link, forms) if request.method == "POST" else ""
        if done == "ended":
            return show(request, "own_page_ended", {"organisation": shown.organisation})
        if done:
            shown = services.show(link=link)
            forms = _forms(None, shown)
    except (tokens.BadTokenError, ContactPoint.DoesNotExist):
        return unknown(request)
    context = {
        **forms,
        "page": shown,
        "organisation": shown.organisation,
        "done": DONE.get(done, ""),
        "details": done == "move",
    }
    return show(request, "own_page", context)


DONE = {
    "topics": "Your topics are saved",
    "resume": "Your emails start again",
    "all": "You will get all emails again, not only important ones",
    "details": "Your details are saved",
    "keep": "You keep getting these emails",
    "yes": "You will get these emails",
    "role": "We have removed this from your details",
    "move": "Please look into your new inbox",
}


def _forms(request: HttpRequest | None, shown: services.OwnPage) -> dict[str, Any]:
    """Give the two forms of the page, filled in; with what was sent, the one that was sent."""
    which = request.POST.get("do", "") if request is not None and request.method == "POST" else ""
    posted = request.POST if request is not None else None
    return {
        "details_form": OwnDetailsForm(
            posted if which == "details" else None,
            roles=shown.all_roles,
            initial={
                "first_name": shown.supporter.first_name,
                "last_name": shown.supporter.last_name,
                "postcode": shown.supporter.postcode,
                "age_band": shown.supporter.age_band,
                "roles": [found.role.code for found in shown.roles],
            },
        ),
        "address_form": NewAddressForm(posted if which == "move" else None),
    }


def _act(request: HttpRequest, link: tokens.Link, forms: dict[str, Any]) -> str:
    """Do what a button says; give which, or nothing where there is something to mend."""
    do = request.POST.get("do", "")
    if do == "topics":
        services.choose_topics(link=link, kept=set(request.POST.getlist("topic")))
    elif do == "resume":
        services.resume(link=link)
    elif do == "all":
        services.all_again(link=link)
    elif do == "role":
        services.drop_role(link=link, code=request.POST.get("role", ""))
    elif do == "details":
        return _save_details(link, forms["details_form"])
    elif do == "move":
        return _move(link, forms["address_form"])
    elif do == "keep":
        return do if services.keep(link=link, which=request.POST.get("which", "")) else ""
    elif do == "yes":
        ticked = set(request.POST)
        return do if services.say_yes(link=link, ticked=ticked, easy=is_easy(request)) else ""
    elif do == "ended":
        services.end_links(link=link)
    else:
        return ""
    return do


def _save_details(link: tokens.Link, form: OwnDetailsForm) -> str:
    if not form.is_valid():
        return ""
    cleaned = form.cleaned_data
    services.save_details(
        link=link,
        first_name=cleaned["first_name"],
        last_name=cleaned["last_name"],
        postcode=cleaned["postcode"],
        age_band=cleaned["age_band"],
        role_ids={role.pk for role in cleaned["roles"]},
    )
    return "details"


def _move(link: tokens.Link, form: NewAddressForm) -> str:
    if not form.is_valid():
        return ""
    try:
        services.ask_to_move(link=link, email=form.cleaned_data["email"], nonce=form.written_with)
    except ValidationError as error:
        form.add_error(None, error)
        return ""
    wake(carry_out)
    return "move"
