"""Mail that went out binds people to the list: they can still stop it, and it is told when their import is undone."""

from __future__ import annotations

from crm.ties import register
from mailings.sql import reach

register(
    condition="EXISTS (SELECT FROM mailings_delivery d WHERE d.supporter_id = e.id)",
    mailed=reach.mailed_of_batch,
)
