"""The installation check of a site, on an agency's host."""

from django.urls import path

from . import apis, views

app_name = "installation"
urlpatterns = [
    path("s/<slug:slug>/settings/check", views.checks, name="checks"),
    path("s/<slug:slug>/settings/check/<int:check_id>", views.check, name="check"),
    path("api/v1/sites/<slug:slug>/checks", apis.checks_api, name="checks-api"),
    path("api/v1/sites/<slug:slug>/checks/<int:check_id>", apis.check_api, name="check-api"),
]
