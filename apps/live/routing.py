"""Addresses of sockets."""

from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path

from .consumers import LiveConsumer

sockets = CookieMiddleware(URLRouter([path("s/<slug:slug>/live/socket", LiveConsumer.as_asgi())]))
