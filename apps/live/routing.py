"""Addresses of sockets."""

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from django.urls import path

from .consumers import LiveConsumer

sockets = AuthMiddlewareStack(URLRouter([path("s/<slug:slug>/live/socket", LiveConsumer.as_asgi())]))
