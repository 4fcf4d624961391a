"""What mail services report, taken without looking and settled by a worker: so every report is answered alike."""

from __future__ import annotations

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from crm.wakeups import wake
from mailings import dispatch
from mailings.services import events as services
from mailings.tasks import settle_events

log = logging.getLogger(__name__)
TEXT = "text/plain; charset=utf-8"


@login_not_required
@never_cache
@csrf_exempt  # a server has no cookie; it signs, or knows the secret
def events(request: HttpRequest, provider: str) -> HttpResponse:
    """Take the reports of a mail service: 200 once they are kept, 403 if they are not from it."""
    if provider not in dispatch.PROVIDERS:
        raise Http404
    if request.method == "HEAD":  # Postmark asks whether anybody is there
        return HttpResponse()
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST", "HEAD"])
    if provider == "ses" and "Authorization" not in request.headers:
        # Amazon sends the secret only when it is asked for it (RFC 7617).
        headers = {"WWW-Authenticate": 'Basic realm="events"'}
        return HttpResponse("Say who you are.", TEXT, status=401, headers=headers)
    try:
        reports = dispatch.read(provider, request)
    except dispatch.NotFromThemError:
        return HttpResponse("Not from this service.", TEXT, status=403)
    except dispatch.UnreadableError as error:
        log.error("an event of %s could not be read: %s", provider, error)
        return HttpResponse("It could not be read. Send it again later.", TEXT, status=400)
    if services.receive(reports):
        wake(settle_events)
    return HttpResponse("Kept.", TEXT)
