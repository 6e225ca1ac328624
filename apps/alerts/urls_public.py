"""Addresses of mails about companies on the public host: whoever ends a mail needn't log in."""

from django.urls import path

from . import unsubscribe_view

urlpatterns = [path("mail/stop/<str:token>", unsubscribe_view.unsubscribe, name="alerts-unsubscribe")]
