"""Addresses of sockets."""

from typing import Any

from channels.routing import URLRouter
from channels.sessions import CookieMiddleware
from django.urls import path, re_path

from .consumers import LiveConsumer


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Turn a socket away that is asked for under no address of ours. (Without it, that is an error of the server.)"""
    await receive()
    await send({"type": "websocket.close"})


sockets = CookieMiddleware(
    URLRouter([path("s/<slug:slug>/live/socket", LiveConsumer.as_asgi()), re_path("", refuse)])  # type: ignore[arg-type]
)
