"""The ingest endpoints, one class each. They do no I/O but the last step of the plain way in.

Two ways in, one view: the slim ASGI door (`door`) calls a view inline on its event loop and appends what it returns
together with everybody else's; the URL file serves plain Django (tests, WSGI, the OpenAPI document) and appends at
once.

Status codes: 202, 400, 401, 403, 404, 405, 413, 415, 429, 503, as the ingest contract says; the pixel always 200.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock

from . import measures
from .answers import HEADERS, Answer, answer_taken, answer_turned, answer_unavailable
from .entrance import read_body, received_day, take_in
from .inbox import Load, Refused, append_now
from .intake import Door, Head, Intake, Turned, TurnedFromSite
from .loading import NotLoaded, Unavailable
from .payload import Payload
from .pixel import GIF, read_pixel
from .throttles import Limits

Read = Callable[[], Payload]

PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Encoding, Content-Type",
    "Access-Control-Max-Age": "86400",
    "Cache-Control": "no-store",
}
PIXEL_HEADERS = HEADERS | {
    "Content-Type": "image/gif",
    "Cache-Control": "no-store, no-cache, must-revalidate, private",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# A view is asked again after loading what was missing: route, key, salts, sealing key, limits, what ran out meanwhile.
MOST_LOADS = 12

limits = Limits(
    rate_per_ip=settings.INGEST_RATE_PER_IP,
    rate_per_site=settings.INGEST_RATE_PER_SITE,
    is_open_alone=settings.INGEST_LIMITS_OPEN,
)


def decide(head: Head, read: Read) -> tuple[Answer, Load]:
    """Return what to answer once the load is durable. Raises NotLoaded."""
    try:
        intake = take_in(head, read, limits)
    except TurnedFromSite as turned:
        intake = turned.intake
        return answer_turned(turned, events=intake.total), Load(refused=_refused_whole(turned, intake))
    except Turned as turned:
        return answer_turned(turned, events=1), Load()
    except Unavailable as error:
        return answer_unavailable(error), Load()
    return answer_taken(intake), Load(intake.envelopes, _refused(intake))


def _refused_whole(turned: Turned, intake: Intake) -> Refused | None:
    if turned.refusal is None:
        return None
    return _counted(intake, {turned.refusal.value: intake.total})


def _refused(intake: Intake) -> Refused | None:
    counts = {refusal.value: count for refusal, count in intake.refused.items() if count}
    return _counted(intake, counts) if counts else None


def _counted(intake: Intake, counts: dict[str, int]) -> Refused:
    return Refused(intake.route.schema, intake.route.site_id, received_day(intake.head.received_ms), counts)


def decide_now(head: Head, read: Read) -> Answer:
    """Decide, loading what is missing, and append; for servers where waiting is no harm."""
    try:
        for _ in range(MOST_LOADS):
            try:
                answer, load = decide(head, read)
            except NotLoaded as missing:
                missing.load()
            else:
                append_now(load)
                return count_now(head, answer, load)
    except Unavailable as error:
        return count_now(head, answer_unavailable(error), Load())
    return count_now(head, answer_unavailable(Unavailable("the site's settings can't be read")), Load())


def count_now(head: Head, answer: Answer, load: Load) -> Answer:
    """Count an answered request at once; the slim door does it by the hundred."""
    measures.DOOR_REQUESTS.labels(head.door, str(answer.status)).inc()
    if answer.status == HTTPStatus.ACCEPTED:
        measures.ACCEPTED.inc(answer.data["accepted"])
    for reason, count in (load.refused.counts if load.refused else {}).items():
        measures.REFUSED.labels(reason).inc(count)
    return answer


class SlimRequest(HttpRequest):
    """What the views need of a request, without what Django's own prepares for pages."""

    def __init__(self, method: str, head: Head, content: bytes, query: str) -> None:
        # Not Django's __init__: its seven dictionaries cost more than the rest of a request.
        self.method = method
        self.META = {"QUERY_STRING": query}
        self.head = head
        self.content = content


class SlimResponse(HttpResponseBase):
    """What the door needs of a view's response: the answer, and what to append before it is given."""

    def __init__(self, answer: Answer, load: Load) -> None:
        # Not Django's __init__, for the same reason.
        self.answer = answer
        self.load = load


class IngestApi(APIView):
    """Base of the endpoints. A SlimRequest gets a SlimResponse: the caller appends, and loads what is missing."""

    door: Door
    payload_of: Callable[[HttpRequest, Head], Payload]
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    parser_classes = ()
    renderer_classes = (JSONRenderer,)
    schema = None
    _renderer = JSONRenderer()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a SlimRequest without DRF's life cycle, of which it needs nothing: the door has checked the method."""
        if isinstance(request, SlimRequest):
            return SlimResponse(*decide(request.head, lambda: self.payload_of(request, request.head)))
        return super().dispatch(request, *args, **kwargs)

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {}

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        return Request(request)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nothing to negotiate: one form of answer, no users, and the limits are a step of the intake."""
        request.accepted_renderer = self._renderer
        request.accepted_media_type = self._renderer.media_type

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, NotLoaded):
            raise exc
        return super().handle_exception(exc)

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return Response(status=HTTPStatus.NO_CONTENT, headers=PREFLIGHT_HEADERS)

    def take(self, request: Request) -> HttpResponseBase:
        given = request._request
        head = head_of(given, self.door)
        return self.respond(decide_now(head, lambda: self.payload_of(given, head)))

    def respond(self, answer: Answer) -> HttpResponseBase:
        """Return the answer as plain Django gives it."""
        return Response(answer.data, answer.status, headers=HEADERS | answer.headers)


def read_track(request: HttpRequest, head: Head) -> Payload:
    return read_body(head, request.content if isinstance(request, SlimRequest) else request.body)


class TrackApi(IngestApi):
    """`POST`: JSON events as the ingest contract lays down; bounds and rules in docs/ingest.md."""

    payload_of = staticmethod(read_track)

    def post(self, request: Request) -> HttpResponseBase:
        return self.take(request)


class TrackBatchApi(TrackApi):
    """Up to 100 events of one visitor."""

    door = "batch"


class TrackEventApi(TrackApi):
    """One event."""

    door = "event"


def read_query(request: HttpRequest, head: Head) -> Payload:
    return read_pixel(request.META.get("QUERY_STRING", ""), head)


class PixelApi(IngestApi):
    """A page view, or the event `name`, by an image. The picture is always the same; see Beacon-Reason."""

    door = "pixel"
    payload_of = staticmethod(read_query)

    def get(self, request: Request) -> HttpResponseBase:
        return self.take(request)

    def head(self, request: Request) -> HttpResponse:
        """Count nothing: who asks for the headers alone shows nobody a picture."""
        return HttpResponse(GIF, headers=PIXEL_HEADERS)

    def respond(self, answer: Answer) -> HttpResponse:
        return HttpResponse(GIF, headers=pixel_headers(answer))


def pixel_headers(answer: Answer) -> dict[str, str]:
    """Return the headers of a pixel, which has no status and body to give a reason with."""
    if "Beacon-Reason" in answer.headers:
        return PIXEL_HEADERS | {"Beacon-Reason": answer.headers["Beacon-Reason"]}
    if answer.status == HTTPStatus.ACCEPTED:
        return PIXEL_HEADERS
    is_away = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
    return PIXEL_HEADERS | {"Beacon-Reason": "unavailable" if is_away else "invalid"}


def head_of(request: HttpRequest, door: Door) -> Head:
    """Return the head of a request that came through Django."""
    headers = request.headers
    return Head(
        door=door,
        received_ms=clock.now_ms(),
        peer=request.META.get("REMOTE_ADDR", ""),
        content_type=headers.get("Content-Type", ""),
        content_encoding=headers.get("Content-Encoding", ""),
        origin=headers.get("Origin"),
        authorization=headers.get("Authorization", ""),
        user_agent=headers.get("User-Agent", ""),
        accept_language=headers.get("Accept-Language", ""),
        referer=headers.get("Referer", ""),
        gpc=headers.get("Sec-GPC", ""),
        dnt=headers.get("DNT", ""),
        x_forwarded_for=headers.get("X-Forwarded-For", ""),
        forwarded=headers.get("Forwarded", ""),
        told_address=headers.get(settings.BEACON_CLIENT_ADDRESS_HEADER, ""),
        proxy_key=headers.get("Beacon-Proxy-Key", ""),
        proxied_address=headers.get("Beacon-Client-Address", ""),
        hint_brands=headers.get("Sec-CH-UA", ""),
        hint_mobile=headers.get("Sec-CH-UA-Mobile", ""),
        hint_platform=headers.get("Sec-CH-UA-Platform", ""),
        fetch_site=headers.get("Sec-Fetch-Site", ""),
        fetch_mode=headers.get("Sec-Fetch-Mode", ""),
        fetch_dest=headers.get("Sec-Fetch-Dest", ""),
    )
