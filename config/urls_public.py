"""Addresses of the public host: what Beacon is, sign-up and sign-in, operators' admin, health."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("apps.agencies.urls_public")),
    path("", include("apps.alerts.urls_public")),
    path("", include("config.urls_track")),
]

handler500 = "apps.core.failures.server_error"
