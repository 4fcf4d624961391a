"""Taking a stop back that was pressed by mistake: by a link that went to the address, within 24 hours (decision 1)."""

from __future__ import annotations

from uuid import UUID

from crm.models import ServiceMail, Submission
from crm.services import matching, permissions
from crm.services.sign_ups import Yes, write_yes
from crm.sql import undoing


def undo(submission: Submission) -> None:
    """Write anew, as the person's own act, each yes that a stop took away at the address. Platform scope.

    It counts for the organisation whose email had the link, and for the joint list; the second time there is
    nothing left to write. Nothing is unstopped that anything else speaks against.
    """
    mail = ServiceMail.objects.select_related("contact_point__supporter__canonical").get(
        public_id=submission.fields["about"]
    )
    assert mail.contact_point is not None
    act, at = UUID(mail.facts["about"]), submission.received_at
    for point in matching.with_joint(mail.contact_point):
        for purpose_id, statement_id in undoing.taken_away(point.pk, act):
            yes = Yes(point.organisation_id, purpose_id, statement_id)
            write_yes(point, yes, said_at=at, confirmed=at, detail="took a stop back")
        permissions.refold(supporter_ids=[point.supporter_id])
