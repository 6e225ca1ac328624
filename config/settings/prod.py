"""Production: own servers, https, mail by SMTP."""

import os

from config import env

# Before base, which makes the tag's address and the page policy of it, and the log's format.
os.environ.setdefault("BEACON_SCHEME", "https")
os.environ.setdefault("BEACON_LOG_FORMAT", "json")

from .base import *  # noqa: F403

BEACON_URL_PORT = env.port("BEACON_URL_PORT", 443)
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
