"""A page of the shell with every component that has a script, for tests in a real browser; no database behind it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

from django.template import Context, Template
from django.test import RequestFactory

from apps.core import charts
from apps.core.axes import Unit
from apps.core.periods import period_read, zone_of

DIST = Path(__file__).parents[2] / "static" / "dist"
# As strict as what pages are served with (config/settings/base.py, CONTENT_SECURITY_POLICY).
POLICY = "default-src 'self'; img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
NOW = datetime(2026, 11, 20, 8, 41, tzinfo=UTC)
PAGE = Path(__file__).with_suffix(".html").read_text()
PANEL = '<section class="panel" id="sources"><h2>Sources</h2><div class="panel-body">arrived</div></section>'


@dataclass
class Pages:
    """What the small server answers; `failing` makes the panel's address fail."""

    failing: bool = True
    asked: list[str] = field(default_factory=list)


def navigation() -> SimpleNamespace:
    sites = [
        SimpleNamespace(
            name=name, domain=f"{slug}.example", slug=slug, url=f"/?site={slug}", live_count=3, state="live"
        )
        for name, slug in (("Kestrel Instruments", "kestrel"), ("Oakhollow Medical", "oakhollow"))
    ]
    item = SimpleNamespace(url="/?live", label="Live", icon="radio", is_current=False, count=3, is_live=True, key="")
    return SimpleNamespace(
        agency=SimpleNamespace(name="Harbour & Pine", url="/?agency"),
        site=sites[0],
        sites=sites,
        sites_shown=sites,
        sites_more=0,
        groups=[SimpleNamespace(label="", items=[item])],
        tabs=[item],
        user=SimpleNamespace(name="Ida Sandvik", email="ida@harbour.example", role="Manager"),
        logout_url="/logout",
        find_url="",
    )


def picker() -> SimpleNamespace:
    week = SimpleNamespace(url="/?period=7d", label="Last 7 days", key="W", is_current=False)
    custom = SimpleNamespace(action="/", first="", last="", latest="2026-11-20", hidden=[], is_current=False)
    return SimpleNamespace(
        label="Last 30 days",
        earlier_url="/?earlier",
        later_url=None,
        groups=[[week]],
        comparisons=[],
        custom=custom,
        compare_custom=None,
    )


def chart() -> charts.LineChart:
    period = period_read({"period": "7d"}, zone=zone_of("Europe/Berlin"), now=NOW)
    assert period.comparison is not None
    buckets, before = period.span.buckets(period.granularity), period.comparison.buckets(period.granularity)
    return charts.line_chart(
        name="Visitors",
        unit=Unit.COUNT,
        granularity=period.granularity,
        current=charts.Series(period.span, buckets, [10, 20, 30, 40, 50, 60, 5]),
        previous=charts.Series(period.comparison, before, [20, 20, 20, 20, 20, 20, 20]),
        others={"Returning": [4, 8, 12, 16, 20, 24, 2], "From abroad": [None, 1, 2, 3, 4, 5, 0]},
        now=NOW,
        zoom_url="/?period=custom&from={from}&to={to}",
    )


def page(cookie: str) -> str:
    request = RequestFactory().get("/", headers={"cookie": cookie})
    started = datetime.now(UTC) - timedelta(seconds=100)
    values = {"request": request, "navigation": navigation(), "picker": picker(), "chart": chart(), "started": started}
    return Template(PAGE).render(Context({**values, "csrf_token": "token", "messages": []}))


@contextmanager
def served(pages: Pages) -> Iterator[str]:
    """Serve the page and the built assets on a free port; give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            pages.asked.append(self.path)
            if path.startswith("/static/dist/"):
                file = DIST / path.removeprefix("/static/dist/")
                self.answer(200, file.read_bytes(), TYPES[file.suffix])
            elif path == "/panel":
                self.answer(500 if pages.failing else 200, PANEL.encode(), "text/html")
            else:
                self.answer(200, page(self.headers.get("Cookie", "")).encode(), "text/html; charset=utf-8")

        def answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
