"""Mails that the application sends itself: HTML in Beacon's looks and the same as plain text."""

from collections.abc import Mapping

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def mail_send(
    template: str, *, to: str, context: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> None:
    """Send `<template>_subject.txt`, `_message.txt` and `_message.html` to one address.

    Raises OSError, SMTPException.
    """
    values = dict(context)
    subject = " ".join(render_to_string(f"{template}_subject.txt", values).split())
    text = render_to_string(f"{template}_message.txt", values).strip() + "\n"
    message = EmailMultiAlternatives(subject, text, to=[to], headers=dict(headers or {}))
    message.attach_alternative(render_to_string(f"{template}_message.html", values), "text/html")
    message.send()
