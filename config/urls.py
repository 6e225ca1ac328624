"""Addresses of an agency's host."""

from django.urls import include, path

urlpatterns = [
    path("", include("apps.agencies.urls")),
    path("", include("apps.sites.urls")),
    path("", include("apps.tracking.urls")),
    path("", include("apps.installation.urls")),
    path("", include("apps.scoring.urls")),
    path("", include("apps.analytics.companies.urls")),
    path("", include("apps.alerts.urls")),
    path("", include("apps.destinations.urls")),
    path("", include("apps.live.urls")),
    path("", include("apps.analytics.urls")),
]

handler500 = "apps.core.failures.server_error"
