"""A fixed present moment, and a month of companies whose figures were worked out by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from apps.companies.models import Company
from apps.companies.services import visits_match
from apps.core import clock
from apps.networks import databases
from apps.scoring.models import Score
from apps.tracking import valkey
from apps.tracking.models import Session
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make
from tests.networks.databases import make_databases

from . import acme as acme_server
from .acme import FakeAcme, fake_acme
from .ipinfo import TOKEN, FakeIPinfo, fake_ipinfo

NOW = datetime(2026, 5, 13, 10, tzinfo=UTC)


def ago(*, days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
    return NOW - timedelta(days=days, hours=hours, minutes=minutes)


def network(name: str, domain: str, *, kind: str = "business", asn: int = 64500) -> dict[str, Any]:
    """Return a visit's fields as the writer leaves them for somebody in this organisation's network."""
    return {"network_kind": kind, "organisation": name, "network_domain": domain, "network_name": name, "asn": asn}


VARNHOLT = network("Varnholt AG", "varnholt.example", asn=64501)
QUARRY = network("Quarrystone_100% Ferrous", "quarrystone.example", asn=64502)
WESTMERE = network("University of Westmere", "westmere.example", kind="education", asn=64503)
PROVIDER = network("Example Telecom", "telecom.example", kind="consumer")


def score_put(site_id: int, domain: str, intent: float, *, days: float = 0) -> None:
    """Store a score of a company whose only part is `intent`, reached so many days ago."""
    Score.objects.create(
        site_id=site_id,
        company_id=Company.objects.get(domain=domain).id,
        as_of=NOW - timedelta(days=days),
        visits=0,
        views=0,
        engaged_minutes=0,
        scroll_ratio=0,
        visitors=0,
        rule_sums=[intent],
        rule_caps=[100.0],
        weights=[0.0, 0.0, 1.0, 0.0, 0.0],
        temperature="cold",
        category="looker",
        calculated_at=NOW,
    )


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def worked_month(in_alder: Cast) -> Cast:
    """Visits, in UTC; "new" is who the client saw for the first time within seven days.

    | site   | who         | ago      | visitor | pages (engaged)              | source, country |
    | first  | Varnholt    | 20 days  | 1       | / (10 s)                     | Google, DE      |
    | first  | Varnholt    | 2 days   | 2       | / (5 s), /pricing (60 s)     | LinkedIn, DE    |
    | first  | Varnholt    | 1 hour   | 2       | /pricing (30 s)              | LinkedIn, AT    |
    | first  | Quarrystone | 3 days   | 3       | /docs (1 s)                  | Direct, US      |
    | first  | a provider  | 1 hour   | 4       | / (2 s)                      | Google, DE      |
    | second | Varnholt    | 1 day    | 5       | /offer (7 s)                 | Google, DE      |
    | second | Westmere    | 40 days  | 6       | / (3 s)                      | Bing, GB        |

    So on the first site within 30 days: Varnholt 3 visits, 2 visitors, 4 page views, 105 s; Quarrystone 1, 1, 1, 1 s;
    3 visits of 5... 4 of 5 have a company. New on the first: Quarrystone; on the second: Varnholt.
    """
    first, second = in_alder.site, in_alder.other_site

    def made(*about: Any, **fields: Any) -> Session:
        return visit_make(*about, **fields)

    made(first, ago(days=20), visitor=1, pages=[Page("/", engaged_s=10)], source="Google", country="DE", **VARNHOLT)
    two = [Page("/", engaged_s=5), Page("/pricing", 10, engaged_s=60)]
    made(first, ago(days=2), visitor=2, pages=two, source="LinkedIn", country="DE", **VARNHOLT)
    pricing = [Page("/pricing", engaged_s=30)]
    made(first, ago(hours=1), visitor=2, pages=pricing, source="LinkedIn", country="AT", **VARNHOLT)
    made(first, ago(days=3), visitor=3, pages=[Page("/docs", engaged_s=1)], source="Direct", country="US", **QUARRY)
    made(first, ago(hours=1), visitor=4, pages=[Page("/", engaged_s=2)], source="Google", country="DE", **PROVIDER)
    made(second, ago(days=1), visitor=5, pages=[Page("/offer", engaged_s=7)], source="Google", country="DE", **VARNHOLT)
    made(second, ago(days=40), visitor=6, pages=[Page("/", engaged_s=3)], source="Bing", country="GB", **WESTMERE)
    visits_match()
    return in_alder


@pytest.fixture(scope="session")
def _databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_databases(tmp_path_factory.mktemp("networks"))


@pytest.fixture
def ipinfo(settings: Any, _databases: Path) -> Iterator[FakeIPinfo]:
    """A local IPinfo that the settings name, with a token; small local databases; nothing known from other tests."""
    settings.BEACON_DATA_DIR = _databases
    names = valkey.volatile().keys("beacon:enrichment:*")
    if names:
        valkey.volatile().delete(*cast("list[bytes]", names))
    with fake_ipinfo() as fake:
        settings.BEACON_IPINFO_TOKEN = TOKEN
        settings.BEACON_IPINFO_URL = fake.url
        settings.BEACON_IPINFO_BUDGET = 5_000
        yield fake
    databases.forget()


@pytest.fixture
def acme(settings: Any) -> Iterator[FakeAcme]:
    """A local service for profiles that the settings name, with a token; nothing counted by other tests."""
    names = valkey.volatile().keys("beacon:profiles:*")
    if names:
        valkey.volatile().delete(*cast("list[bytes]", names))
    with fake_acme() as fake:
        settings.BEACON_PROFILE_URL = fake.url
        settings.BEACON_PROFILE_TOKEN = acme_server.TOKEN
        settings.BEACON_PROFILE_NAME = "Acme API"
        yield fake
