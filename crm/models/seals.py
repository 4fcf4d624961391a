"""Seals over the ledger: proof that no event was changed, added or taken away after it was written."""

from __future__ import annotations

from django.db import models


class Seal(models.Model):
    """The digest of the events up to an id, chained to the seal before (docs/decisions/0008-seals.md).

    `hashes` covers the two keyed hashes of the same events and stands outside the chain: a rotation of the
    hash key changes them, and with them this digest alone.
    """

    through = models.BigIntegerField(unique=True, help_text="The highest event id that it covers.")
    events = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)
    hashes = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(auto_now_add=True)


class SealMark(models.Model):
    """A place up to which the ledger will be sealed once everybody who may still write below it is done."""

    through = models.BigIntegerField(primary_key=True)
    # PostgreSQL's number of a transaction begun after the mark was set; all below it must have ended.
    horizon = models.BigIntegerField(null=True)
