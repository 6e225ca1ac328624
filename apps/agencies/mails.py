"""Mails that the application sends itself: HTML in Beacon's looks and the same as plain text."""

from collections.abc import Mapping

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def mail_send(template: str, *, to: str, context: Mapping[str, object]) -> None:
    """Send `<template>_subject.txt`, `_message.txt` and `_message.html` to one address."""
    values = dict(context)
    subject = " ".join(render_to_string(f"{template}_subject.txt", values).split())
    message = EmailMultiAlternatives(
        subject, render_to_string(f"{template}_message.txt", values).strip() + "\n", to=[to]
    )
    message.attach_alternative(render_to_string(f"{template}_message.html", values), "text/html")
    message.send()
