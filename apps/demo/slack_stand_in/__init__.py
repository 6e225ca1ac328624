"""Slack's side of an incoming webhook, as strict as its documents."""
