"""Property tests draw the same examples on every run, and take no longer on a slow machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "coalesce",
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    # The organisations and wordings of a test are made once; each example is written in a savepoint.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("coalesce")
