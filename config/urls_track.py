"""Addresses of the ingest door. The slim way in (apps.tracking.door) answers the same ones before Django sees them."""

from django.urls import URLPattern, URLResolver, path

from apps.tracking.apis import PixelApi, TrackBatchApi, TrackEventApi
from apps.tracking.exposition import metrics
from apps.tracking.health import health, ready

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/track/batch", TrackBatchApi.as_view(), name="track-batch"),
    path("api/track/event", TrackEventApi.as_view(), name="track-event"),
    path("api/track/pixel.gif", PixelApi.as_view(), name="track-pixel"),
    path("health", health, name="health"),
    path("ready", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
]
