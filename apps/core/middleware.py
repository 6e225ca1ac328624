"""A request id on every answer, and what is counted of every page."""

from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse

from . import metering
from .request_ids import HEADER, id_from, request_id

PAGES = metering.Counter("beacon_pages", "Pages and fragments answered", ["method", "status"])
PAGE_SECONDS = metering.Histogram("beacon_page_seconds", "Time to answer a page", buckets=metering.SECONDS)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class RequestIdMiddleware:
    """Name the request, for its log lines, its tasks and its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        id_ = id_from(request.headers.get(HEADER))
        # Django logs some answers when this is over, and hangs the request on those records.
        request.request_id = id_  # type: ignore[attr-defined]
        token = request_id.set(id_)
        began = perf_counter()
        try:
            response = self.get_response(request)
            response[HEADER] = id_
            # A method is whatever the sender calls it, and a label must be one of few.
            method = request.method if request.method in METHODS else "other"
            PAGES.labels(method, str(response.status_code)).inc()
            PAGE_SECONDS.observe(perf_counter() - began)
            return response
        finally:
            request_id.reset(token)
