"""Addresses of mails about companies, on an agency's host."""

from django.urls import path

from . import digest_views, views

app_name = "alerts"
urlpatterns = [
    path("account/alerts", views.my_alerts, name="my-alerts"),
    path("s/<slug:slug>/alerts", views.site_alerts, name="site-alerts"),
    path("s/<slug:slug>/alerts/digest", digest_views.digest, name="digest"),
    path("s/<slug:slug>/alerts/digest/mail", digest_views.digest_mail, name="digest-mail"),
    path("s/<slug:slug>/alerts/digest/send", digest_views.digest_send, name="digest-send"),
]
