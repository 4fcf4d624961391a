"""What the scenarios share with the tests of mailings: a real mail server on this machine."""

from tests.mailings.conftest import relay

__all__ = ["relay"]
