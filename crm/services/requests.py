"""Carrying out what somebody without a login asked or complained of: a case for each organisation it is about."""

from __future__ import annotations

from crm.models import Case, Organisation, Submission
from crm.services import cases
from crm.services.visitors import EVERYONE


def ask(submission: Submission) -> None:
    """Enter a request or a complaint, and acknowledge it. Platform scope.

    The answer goes to the address that was given, and says nothing of whether it is on a list.
    """
    fields = submission.fields
    kind = Case.Kind(fields["what"])
    about = Organisation.objects.all()
    if fields["organisation"] != EVERYONE:
        about = about.filter(code=fields["organisation"])
    for organisation in about.order_by("pk"):
        case = cases.add(
            organisation_id=organisation.pk,
            new=cases.NewCase(
                kind=kind,
                came_by=Case.CameBy.FORM,
                received_at=submission.received_at,
                who=fields["name"],
                address=fields["email"],
                words=fields["words"],
            ),
        )
        cases.acknowledge(case)
