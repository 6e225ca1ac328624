"""docs/data-points.md holds every column, and one rich visit fills the points through the real door and writer."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from apps.agencies.models import SiteRoute
from apps.core.tenancy import in_schema
from apps.networks import databases
from apps.tracking.filters import FIELDS
from apps.tracking.models import Event, Session
from config.env import ROOT
from tests.cast import Cast
from tests.networks.databases import make_databases
from tests.networks.mmdb import Value, write_mmdb
from tests.tracking.arrivals import store
from tests.tracking.doors import Streams, now_ms

TEXT = (ROOT / "docs" / "data-points.md").read_text(encoding="utf-8")
POINTS = TEXT.partition("## Points")[2].partition("## Beside them")[0]
BESIDE = TEXT.partition("## Beside them")[2]
COLUMN = re.compile(r"\b(event|session)\.([a-z_]+)(?:\.([a-z_]+))?")
AT_LEAST = 65
PHONE = (
    "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.7339.51 Mobile Safari/537.36"
)


def lines(part: str) -> list[list[str]]:
    """Return the cells of a table's lines, without its head."""
    rows = [line.strip("| ").split(" |") for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def columns(text: str) -> set[str]:
    return {f"{table}.{column}" for table, column, _ in COLUMN.findall(text)}


def documented() -> set[str]:
    homes = [row[1] for row in lines(POINTS)] + [row[0] for row in lines(BESIDE)]
    return columns(" ".join(homes))


def test_every_column_of_the_models_has_a_line_and_every_line_a_column() -> None:
    fields = {f"event.{field.column}" for field in Event._meta.concrete_fields}
    fields |= {f"session.{field.column}" for field in Session._meta.concrete_fields}
    assert documented() == fields


def test_every_column_of_the_database_has_a_line_of_its_type(in_alder: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name || '.' || column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name IN ('event', 'session')",
            [in_alder.alder.schema_name],
        )
        types = dict(cursor.fetchall())
    assert documented() == set(types)
    for name, home, kind, *_ in lines(POINTS):
        if not home.startswith("derived"):
            table, column, _ = COLUMN.findall(home)[0]
            assert kind == {"timestamp with time zone": "timestamptz"}.get(
                types[f"{table}.{column}"], types[f"{table}.{column}"]
            ), name


def test_no_point_stands_twice_and_filters_are_those_there_are() -> None:
    names = [row[0] for row in lines(POINTS)]
    assert len(names) == len(set(names))
    filters = {row[4]: row[1] for row in lines(POINTS) if len(row) > 4 and row[4]}
    assert filters.keys() == FIELDS.keys()
    for name, home in filters.items():
        assert home.rpartition(".")[2] == FIELDS[name].column


@pytest.fixture
def data_folder(tmp_path: Path, settings: Settings) -> Path:
    """The small databases, and the operator's own for the postal area."""
    settings.BEACON_DATA_DIR = make_databases(tmp_path)
    place: dict[str, Value] = {
        "country": {"iso_code": "GB"},
        "city": {"names": {"en": "London"}},
        "subdivisions": [{"names": {"en": "England"}}],
        "postal": {"code": "EC2V"},
        "location": {"latitude": 51.51, "longitude": -0.09},
    }
    write_mmdb(tmp_path / "databases" / databases.OPERATOR_PLACE, {"9.9.0.0/16": place})
    databases.forget()
    return tmp_path


def rich_visit(site_key: str) -> dict[str, Any]:
    page = "019ab000-0000-7000-8000-000000000001"
    query = "utm_source=News&utm_medium=email&utm_campaign=May&utm_term=shoes&utm_content=top&utm_id=7"
    ids = "&".join(
        f"{name}=x1" for name in ("gclid", "gbraid", "wbraid", "fbclid", "msclkid", "ttclid", "li_fat_id", "twclid")
    )
    return {
        "site_key": site_key,
        "sent_at": now_ms() - 5_000,
        "context": {
            "screen": [412, 915],
            "viewport": [412, 780],
            "pixel_ratio": 2.625,
            "languages": ["en-GB", "de"],
            "time_zone": "Europe/London",
            "color_scheme": "dark",
            "touch": True,
            "connection": "4g",
        },
        "consent": {
            "analytics": "granted",
            "marketing": "denied",
            "source": "tcf",
            "at": now_ms() - 70_000,
            "text_version": "7",
        },
        "events": [
            {
                "id": page,
                "kind": "pageview",
                "at": now_ms() - 65_000,
                "url": f"https://first.example/shoes?{query}&{ids}#sizes",
                "referrer": "https://www.google.com/search",
                "title": "Shoes",
                "canonical": "https://first.example/shoes?size=7",
                "content_group": "Catalogue",
                "language": "en_GB",
            },
            {
                "id": "019ab000-0000-7000-8000-000000000002",
                "kind": "engagement",
                "at": now_ms() - 35_000,
                "page_id": page,
                "engaged_ms": 21_000,
                "scroll_percent": 80,
            },
            {
                "id": "019ab000-0000-7000-8000-000000000003",
                "kind": "vitals",
                "at": now_ms() - 35_000,
                "page_id": page,
                "vitals": {"ttfb": 90, "fcp": 300, "lcp": 900, "inp": 40, "cls": 0.02, "load": 1200},
            },
            {
                "id": "019ab000-0000-7000-8000-000000000004",
                "kind": "event",
                "name": "purchase",
                "at": now_ms() - 15_000,
                "page_id": page,
                "url": "https://first.example/shoes",
                "value": "59.90",
                "currency": "EUR",
                "transaction_id": "T-1",
                "items": [{"sku": "S1", "quantity": 1}],
                "props": {"size": 43},
                "target": {"selector": "#buy", "text": "Buy", "x": 20, "y": 30, "href": "https://first.example/buy"},
            },
            {
                "id": "019ab000-0000-7000-8000-000000000005",
                "kind": "identify",
                "at": now_ms() - 10_000,
                "user": {"id": "customer-7", "email": "jo.doe@mail.kestrel.example"},
            },
            {
                "id": "019ab000-0000-7000-8000-000000000006",
                "kind": "error",
                "name": "TypeError",
                "at": now_ms() - 9_000,
                "page_id": page,
                "url": "https://first.example/shoes",
                "props": {"message": "x is undefined", "file": "/app.js?v=2", "line": 3, "column": 14},
            },
        ],
    }


def is_filled(value: object) -> bool:
    return value is not None and value not in ("", b"", {}, [])


def values(rows: list[Event], session: Session, home: str) -> list[object]:
    """Return what stands in a point's home: a column, or a part of one that is JSON."""
    table, column, part = COLUMN.findall(home)[0]
    found: list[Any] = [getattr(row, column) for row in rows] if table == "event" else [getattr(session, column)]
    return [(value or {}).get(part) for value in found] if part else found


@pytest.mark.usefixtures("data_folder", "fresh_process")
def test_one_rich_visit_fills_the_points_through_door_and_writer(in_alder: Cast, streams: Streams) -> None:
    site = in_alder.site
    SiteRoute.objects.update_or_create(
        site_key=site.site_key,
        defaults={
            "agency": in_alder.alder,
            "schema": in_alder.alder.schema_name,
            "site_id": site.id,
            "domains": ["first.example"],
            "settings": {"hash_routes": True},
        },
    )
    headers = {"Origin": "https://first.example", "User-Agent": PHONE, "Accept-Language": "en-GB,en", "Sec-GPC": "1"}
    answer = Client().post(
        "/api/track/batch",
        data=json.dumps(rich_visit(site.site_key)),
        content_type="text/plain",
        headers=headers | {"DNT": "1", "Host": "localhost"},
        REMOTE_ADDR="9.9.1.2",
    )
    assert (answer.status_code, json.loads(answer.content)["rejected"]) == (202, [])
    with in_schema(str(in_alder.alder.schema_name)):
        store(*streams.envelopes)
        (session,) = Session.objects.filter(site_id=site.id)
        rows = list(Event.objects.filter(site_id=site.id))
    filled: set[str] = set()
    empty: set[str] = set()
    for name, home, *_ in lines(POINTS):
        if not home.startswith("derived"):
            (filled if any(map(is_filled, values(rows, session, home))) else empty).add(name)
    # Found later by company matching; a bot's; where the agent says no more.
    assert empty == {"company", "bot name", "bot signals"}
    assert len(filled) >= AT_LEAST
    (page,) = (row for row in rows if row.kind == "pageview")
    (error,) = (row for row in rows if row.kind == "error")
    assert (error.name, error.is_interactive, (error.props or {})["file"]) == ("TypeError", False, "/app.js")
    assert (session.events, session.interactive_events) == (1, 1)
    assert (page.canonical_url, page.content_group, page.page_language) == ("first.example/shoes", "Catalogue", "en-GB")
    assert (session.postal, session.region, session.set_aside) == ("EC2V", "England", "")
