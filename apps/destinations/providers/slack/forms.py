"""Slack's settings: the address to post to, and when it is to be quiet."""

import re
from datetime import time
from typing import Any

from django import forms

from ..base import SettingsForm

# GovSlack has a host of its own.
ADDRESS = re.compile(r"https://hooks\.slack(-gov)?\.com/services/[A-Z0-9]+/[A-Z0-9]+/[A-Za-z0-9]+")
DOCUMENTS = "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks"


class SlackForm(SettingsForm):
    secret_fields = frozenset({"webhook_url"})
    steps = (
        "On https://api.slack.com/apps, choose “Create New App”, “From scratch”, name it Beacon and choose your "
        "workspace.",
        "Under “Incoming Webhooks”, switch “Activate Incoming Webhooks” on.",
        "Choose “Add New Webhook to Workspace” below, choose the channel and “Allow”: copy the address of the new line "
        "and put it here. Whoever has it can post there, so Beacon keeps it as a secret.",
        "Send a test, and look into the channel.",
    )
    help_urls = {
        "webhook_url": "https://api.slack.com/apps",
        "channel": DOCUMENTS,
        "quiet_from": "https://slack.com/help/articles/214908388",
    }

    webhook_url = forms.CharField(
        label="Webhook address",
        max_length=300,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="It begins with https://hooks.slack.com/services/. One for each channel.",
    )
    channel = forms.CharField(
        label="Channel",
        required=False,
        max_length=80,
        help_text="As you call it, such as #sales. It only tells this destination from others: the address decides.",
    )
    quiet_from = forms.TimeField(
        label="Quiet from",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="By the site’s time zone, such as 20:00. What happens then is posted when the quiet hours end.",
    )
    quiet_until = forms.TimeField(
        label="Quiet until",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="Such as 08:00. Leave both empty for none.",
    )

    def clean_webhook_url(self) -> str:
        url: str = self.cleaned_data["webhook_url"].strip()
        if not url and self.has_secrets:
            return ""
        if "/triggers/" in url or "/workflows/" in url:
            raise forms.ValidationError(
                "That is the address of a workflow, which takes other messages. An incoming webhook’s has /services/."
            )
        if not ADDRESS.fullmatch(url):
            raise forms.ValidationError("It looks like https://hooks.slack.com/services/T…/B…/…: copy it whole.")
        return url

    def clean_channel(self) -> str:
        name: str = self.cleaned_data["channel"].strip().lstrip("#")
        return f"#{name}" if name else ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if since is not None and until is None and "quiet_until" not in self.errors:
            self.add_error("quiet_until", "Say until when, too.")
        if until is not None and since is None and "quiet_from" not in self.errors:
            self.add_error("quiet_from", "Say from when, too.")
        if since is not None and since == until:
            self.add_error("quiet_until", "That is when they begin: it would never be quiet, or always.")
        for name in ("quiet_from", "quiet_until"):
            if name in cleaned:
                cleaned[name] = _kept(cleaned[name])
        return cleaned


def _kept(at: time | None) -> str:
    """Return a time as settings keep it: "20:00"."""
    return at.strftime("%H:%M") if at else ""
