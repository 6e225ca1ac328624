"""Slack by an incoming webhook: a message to a channel for people, about who did what; no identifier of a person."""
