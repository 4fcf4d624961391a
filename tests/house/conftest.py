"""What the house's tests borrow from those of an app."""

from __future__ import annotations

from tests.mailings.conftest import relay

__all__ = ["relay"]
