"""Fixtures of the tests of tracking."""

from tests.tracking.doors import door, fresh_process, route, streams

__all__ = ["door", "fresh_process", "route", "streams"]
