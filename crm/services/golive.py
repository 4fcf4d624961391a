"""What an organisation lacks before it may send, and the switch itself."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

MISSING = {
    "imprint": "The imprint is missing: add the legal name and the postal address.",
    "dpia": "The data protection impact assessment is not signed off: say which, by whom and when.",
    "sender": "The sending domain is not that of the sender’s address.",
    "approvers": "Two colleagues must have signed in, so that one writes and another approves.",
}


def missing() -> list[str]:
    """Give what the organisation of this scope lacks, as codes of MISSING."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT crm_own_golive_missing()")
        (codes,) = cursor.fetchone()
    return list(MISSING if codes is None else codes)


def turn(*, is_on: bool) -> None:
    """Turn sending on or off for the organisation of this scope. The second time changes nothing.

    Raises ValidationError, a sentence for each thing that is missing.
    """
    lacking = missing() if is_on else []
    if lacking:
        raise ValidationError([MISSING[code] for code in lacking])
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT crm_turn_sending(%s)", [is_on])
    except IntegrityError as error:  # somebody changed a setting meanwhile
        raise ValidationError("Something is missing now. Load the page again.") from error
