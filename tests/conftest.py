"""Fixtures of the whole suite. The servers are up already: tests/servers.py starts them before Django is set up."""

pytest_plugins = ["tests.cast"]
