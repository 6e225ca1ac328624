"""Addresses of the ingest door. The slim way in (apps.tracking.door) answers the same ones before Django sees them."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
