"""What somebody without a login sent in, before anyone looked whether they are known."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class Submission(models.Model):
    """One public form that was sent. A page only adds it, and answers: so it answers everyone alike.

    A worker carries it out and blanks the fields. A sign-up and a new address wait for their confirmation; when
    nobody confirms in time, what was written is forgotten.
    """

    class Kind(models.TextChoices):
        """Which form it was."""

        STOP = "stop", "Stop emails"
        LINK = "link", "Send me my link"
        SIGN_UP = "sign_up", "A sign-up"
        ADDRESS = "address", "A new address"
        VOUCHED = "vouched", "A yes told to staff, to be confirmed"
        CONFIRM = "confirm", "A confirmation of what was asked"
        UNDO = "undo", "Take a stop back"
        REQUEST = "request", "A request about one's data"
        COMPLAINT = "complaint", "A complaint"

    # Made of the form's nonce and what was written: a double click is one row, a corrected form another.
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    fields = models.JSONField(default=dict)
    received_at = models.DateTimeField(auto_now_add=True)
    carried_out_at = models.DateTimeField(null=True)
    waits_until = models.DateTimeField(
        null=True, help_text="Kept so long for a confirmation; then the fields are blanked."
    )

    class Meta:
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(carried_out_at__isnull=True),
                name="submission_to_do",
            ),
            models.Index(
                fields=["waits_until"],
                condition=Q(waits_until__isnull=False),
                name="submission_waiting",
            ),
        ]
