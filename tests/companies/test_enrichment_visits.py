"""From IPinfo's answer to the visit's network, its company and its day; and what stays where it can't be asked."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from apps.agencies.models import Agency
from apps.companies.models import Company, CompanyClue, CompanyMatch, NetworkLookup
from apps.companies.resolving import networks_resolve, networks_sweep, networks_tidy, pause
from apps.companies.services import visits_match
from apps.companies.tasks import networks_resolve_task, networks_sweep_task
from apps.companies.waking import to_be_asked
from apps.core import clock
from apps.core.tenancy import call_in_schema, in_schema
from apps.networks.lookup import Network, NetworkKind
from apps.sites.models import Site
from apps.tracking import sealing, valkey
from apps.tracking.facts import EventsStored
from apps.tracking.models import ExclusionRule, RollupMark, Session, VisitToJudge
from apps.tracking.network_links import visits_network_set
from apps.tracking.writer.addresses import KEPT_SECONDS, address_key
from tests import factories
from tests.cast import Cast
from tests.factories_tracking import visit_make
from tests.queries import queries_asked

from .conftest import NOW, PROVIDER, VARNHOLT, ago, network
from .correcting import clue
from .ipinfo import BANK, BROKEN, NOBODY, TELECOM, TOKEN, FakeIPinfo, core, limited, stored

LOCAL_BANK = network("Example Bank", "bank.example", asn=64500)


@pytest.fixture
def alder(in_alder: Cast, ipinfo: FakeIPinfo) -> Cast:
    ipinfo.entries = {BANK: core(), TELECOM: core(), NOBODY: core()}
    return in_alder


def visit(site: Site, ip: str, *, minutes: float = 5, is_left: bool = True, **fields: Any) -> Session:
    """Store a visit with its address sealed and left, as the writer does; matched where the writer says so."""
    ip_hash = uuid4().bytes[:8]
    if is_left:
        hour = sealing.hour_of(clock.now_ms())
        sealing.load(hour)
        valkey.volatile().set(address_key(ip_hash), b"%d:%b" % (hour, sealing.seal_address(ip, hour)), ex=KEPT_SECONDS)
    made = visit_make(site, ago(minutes=minutes), ip_hash=ip_hash, **fields)
    visits_match(session_ids=[made.id])
    return made


def fresh(visit: Session) -> Session:
    visit.refresh_from_db()
    return visit


def resolved(*visits: Session) -> int:
    return networks_resolve(session_ids=[visit.id for visit in visits])


def later(monkeypatch: pytest.MonkeyPatch, **by: float) -> None:
    at = clock.now() + timedelta(**by)
    monkeypatch.setattr(clock, "now", lambda: at)


def company_of(visit: Session) -> str:
    company_id = fresh(visit).company_id
    return "" if company_id is None else Company.objects.get(id=company_id).name


def grounds() -> Sequence[tuple[str, str]]:
    return [(match.company.name, match.evidence["source"]) for match in CompanyMatch.objects.all()]


# --- what an answer changes -------------------------------------------------------------------------------------------


def test_a_providers_customer_becomes_the_company_that_it_is(alder: Cast) -> None:
    found = visit(alder.site, NOBODY, **PROVIDER)
    assert company_of(found) == ""
    RollupMark.objects.all().delete()
    assert resolved(found) == 1
    assert company_of(found) == "Varnholt AG"
    assert (found.network_kind, found.organisation, found.network_domain, found.asn) == (
        "business", "Varnholt AG", "varnholt.example", 64510,
    )  # fmt: skip
    assert (found.country, found.region, found.city, found.postal) == ("AT", "Styria", "Graz", "8010")
    assert grounds() == [("Varnholt AG", "IPinfo")]
    assert set(RollupMark.objects.values_list("site_id", "day")) == {(alder.site.id, found.local_day)}
    row = NetworkLookup.objects.get()
    assert (row.session_id, row.source, row.due_at, row.resolved_at) == (found.id, "IPinfo", None, NOW)


def test_another_company_takes_the_place_of_the_local_one(alder: Cast) -> None:
    found = visit(alder.site, NOBODY, **LOCAL_BANK)
    assert grounds() == [("Example Bank", "local")]
    resolved(found)
    assert (company_of(found), grounds()) == ("Varnholt AG", [("Varnholt AG", "IPinfo")])


def test_a_company_that_IPinfo_confirms_stays_and_says_so(alder: Cast, ipinfo: FakeIPinfo) -> None:
    ipinfo.entries[BANK] = core("Example Bank", "bank.example", asn="AS64500") | {"geo": {}}
    found = visit(alder.site, BANK, **LOCAL_BANK | {"network_name": "Example Bank"})
    company_id, matched_at = fresh(found).company_id, found.matched_at
    resolved(found)
    assert (fresh(found).company_id, found.matched_at) == (company_id, matched_at)
    assert grounds() == [("Example Bank", "IPinfo")]


@pytest.mark.parametrize(
    "entry", [core(type_="isp"), core(is_hosting=True), core(is_anonymous=True, anonymous={"is_vpn": True})]
)
def test_who_isnt_a_company_after_all_loses_it(alder: Cast, ipinfo: FakeIPinfo, entry: dict[str, Any]) -> None:
    ipinfo.entries[NOBODY] = entry
    found = visit(alder.site, NOBODY, **VARNHOLT)
    resolved(found)
    assert (company_of(found), grounds()) == ("", [])
    assert found.matched_at == NOW


def test_behind_a_vpn_the_city_is_the_exits(alder: Cast, ipinfo: FakeIPinfo) -> None:
    ipinfo.entries[NOBODY] = core(is_anonymous=True, anonymous={"is_vpn": True})
    found = fresh(visit(alder.site, NOBODY, city="Vienna", country="AT", **PROVIDER))
    resolved(found)
    assert (fresh(found).country, found.city, found.latitude, found.is_vpn) == ("AT", "", None, True)
    assert found.network_kind == "vpn"


def test_what_the_network_spoke_against_is_believed_once_it_is_another(alder: Cast, ipinfo: FakeIPinfo) -> None:
    """An e-mail (odds 9) against a network (5.67) and a link (4): 9 / 19.67, unknown. Behind a VPN 9 / 14 stands."""
    ipinfo.entries[NOBODY] = core(is_anonymous=True, anonymous={"is_vpn": True})
    found = visit(alder.site, NOBODY, **network("Ashby Ltd", "ashby.example"))
    clue(found, "link", "quarrystone.example")
    clue(found, "email", "varnholt.example")
    visits_match()
    assert company_of(fresh(found)) == ""
    resolved(found)
    assert company_of(fresh(found)) == "varnholt.example"


@pytest.mark.parametrize(
    "entry",
    [
        core("Example Telecom", "telecom.example", type_="isp"),
        core("Example Hosting", "hosting.example", type_="hosting", is_hosting=True),
        core(is_anonymous=True, anonymous={"is_vpn": True}),
        core(is_anonymous=True, anonymous={"is_proxy": True}),
        core(is_mobile=True),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_hosts_name_tells_nothing_behind_what_hides_or_sells_whoever_answers_first(
    alder: Cast, ipinfo: FakeIPinfo, entry: dict[str, Any], is_first: bool
) -> None:
    ipinfo.entries[NOBODY] = entry
    found = visit(alder.site, NOBODY, **network("Carrier", "carrier.example", kind="unknown"))
    if not is_first:
        resolved(found)
    clue(found, "host_name", "varnholt.example")
    visits_match()
    if is_first:
        assert company_of(found) == "varnholt.example"
        resolved(found)
    assert (company_of(found), grounds()) == ("", [])
    assert CompanyClue.objects.count() == 1  # for whatever is told of the network later


def test_a_hosts_name_counts_once_the_network_is_an_unknown_one_after_all(alder: Cast, ipinfo: FakeIPinfo) -> None:
    ipinfo.entries[NOBODY] = core("Carrier", "carrier.example", type_="")
    found = visit(alder.site, NOBODY, **PROVIDER)
    clue(found, "host_name", "varnholt.example")
    visits_match()
    assert company_of(found) == ""
    resolved(found)
    assert (fresh(found).network_kind, company_of(found)) == ("unknown", "varnholt.example")


def test_a_network_that_turns_out_a_proxy_is_no_company(alder: Cast) -> None:
    found = visit(alder.site, NOBODY, **VARNHOLT)
    assert company_of(found) == "Varnholt AG"
    told = Network(kind=NetworkKind.BUSINESS, organisation="Varnholt AG", domain="varnholt.example", is_proxy=True)
    changed = visits_network_set(site_id=alder.site.id, networks={found.id: told})
    assert changed.unmatched == (found.id,)
    visits_match()
    assert company_of(found) == ""


def test_done_twice_it_changes_nothing_more(alder: Cast, ipinfo: FakeIPinfo) -> None:
    found = visit(alder.site, NOBODY, **PROVIDER)
    resolved(found)
    before = Session.objects.filter(id=found.id).values().get()
    RollupMark.objects.all().delete()
    assert resolved(found) == 0
    NetworkLookup.objects.update(due_at=NOW)  # as if the first time had broken off behind its rows
    assert networks_sweep() == 1
    assert Session.objects.filter(id=found.id).values().get() == before
    assert (RollupMark.objects.count(), grounds()) == (0, [("Varnholt AG", "IPinfo")])
    assert len(ipinfo.asked) == 1


def test_rules_judge_the_visit_by_what_it_is_now(alder: Cast) -> None:
    without_rules = visit(alder.other_site, NOBODY, **PROVIDER)
    ExclusionRule.objects.create(
        site_id=alder.site.id,
        conditions=[{"field": "country", "op": "is", "values": ["AT"]}],
        state=ExclusionRule.State.ACTIVE,
        created_at=NOW,
        created_by_id=1,
    )
    found = visit(alder.site, NOBODY, **PROVIDER)
    resolved(found, without_rules)
    assert list(VisitToJudge.objects.values_list("session_id", "due_at")) == [(found.id, NOW)]


@pytest.mark.parametrize("visits", [1, 40])
def test_many_visits_take_as_many_queries_as_one(alder: Cast, ipinfo: FakeIPinfo, visits: int) -> None:
    ips = [f"9.14.2.{number}" for number in range(visits)]
    ipinfo.entries = {ip: core() for ip in ips}
    found = [visit(alder.site, ip, **PROVIDER) for ip in ips]
    # Note, take, hashes; site lock, set, mark, rules, hosts' names, record; and matching's seventeen.
    with queries_asked(26):
        assert resolved(*found) == visits


# --- where it can't be asked ------------------------------------------------------------------------------------------


def test_while_ipinfo_is_away_the_local_answer_stands_and_it_is_asked_again(
    alder: Cast, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    ipinfo.script.append(BROKEN)
    found = visit(alder.site, NOBODY, **LOCAL_BANK)
    assert resolved(found) == 0
    assert (company_of(found), grounds()) == ("Example Bank", [("Example Bank", "local")])
    assert networks_sweep() == 0  # not due yet
    assert len(ipinfo.lines) == 1
    later(monkeypatch, seconds=70)
    assert networks_sweep() == 1
    assert (company_of(found), grounds()) == ("Varnholt AG", [("Varnholt AG", "IPinfo")])


def test_after_a_day_the_local_answer_stands_and_is_called_so(
    alder: Cast, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    ipinfo.script.append(limited(Retry_After="3600"))
    found = visit(alder.site, NOBODY, **LOCAL_BANK)
    resolved(found)
    later(monkeypatch, hours=24)
    assert networks_sweep() == 0
    row = NetworkLookup.objects.get()
    assert (row.source, row.due_at, row.resolved_at) == ("local", None, clock.now())
    assert grounds() == [("Example Bank", "local")]
    assert len(ipinfo.lines) == 1


def test_an_address_that_isnt_there_yet_is_looked_for_again(alder: Cast, ipinfo: FakeIPinfo) -> None:
    found = visit(alder.site, NOBODY, is_left=False, **PROVIDER)
    assert resolved(found) == 0
    row = NetworkLookup.objects.get()
    assert row.due_at is not None
    assert timedelta(seconds=50) < row.due_at - NOW < timedelta(seconds=70)
    assert ipinfo.lines == []


def test_pauses_grow_to_half_an_hour() -> None:
    for tries, minutes in ((1, 1), (2, 2), (3, 4), (6, 30), (1_000, 30)):
        assert 0.9 <= pause(tries) / timedelta(minutes=minutes) <= 1.1


def test_what_ipinfo_doesnt_know_stays_local_and_isnt_asked_again(
    alder: Cast, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    ipinfo.entries = {}
    found = visit(alder.site, BANK, **LOCAL_BANK)
    assert resolved(found) == 1
    later(monkeypatch, hours=2)
    assert networks_sweep() == 0
    assert len(ipinfo.asked) == 1
    assert grounds() == [("Example Bank", "local")]


# --- which visits -----------------------------------------------------------------------------------------------------


def test_the_sweep_finds_visits_that_nobody_was_told_of(alder: Cast) -> None:
    lost = visit(alder.site, NOBODY, **PROVIDER)
    visit(alder.site, NOBODY, minutes=0.5, **PROVIDER)  # its wake-up may still be on its way
    assert networks_sweep() == 1
    assert company_of(lost) == "Varnholt AG"


def test_older_ones_are_found_within_half_an_hour(alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    visit(alder.site, NOBODY, minutes=180, **PROVIDER)
    later(monkeypatch, minutes=29)
    assert networks_sweep() == 0
    later(monkeypatch, minutes=1)
    assert networks_sweep() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"set_aside": "bot_declared"},
        {"import_id": 1},
        {"network_kind": "bot"},
        {"minutes": 60 * 24.1},
    ],
)
def test_some_visits_are_never_asked_for(alder: Cast, ipinfo: FakeIPinfo, fields: dict[str, Any]) -> None:
    found = visit(alder.site, NOBODY, **PROVIDER | fields)
    assert (resolved(found), networks_sweep()) == (0, 0)
    assert (NetworkLookup.objects.count(), ipinfo.lines) == (0, [])


def test_without_a_token_nothing_is_noted(alder: Cast, ipinfo: FakeIPinfo, settings: Any) -> None:
    settings.BEACON_IPINFO_TOKEN = ""
    found = visit(alder.site, NOBODY, **PROVIDER)
    assert (resolved(found), networks_sweep()) == (0, 0)
    assert (NetworkLookup.objects.count(), ipinfo.lines) == (0, [])


def test_the_tasks_keep_to_their_agency(alder: Cast, ipinfo: FakeIPinfo) -> None:
    ours = visit(alder.site, NOBODY, **PROVIDER)
    with in_schema(str(alder.birch.schema_name)):
        theirs = visit(alder.birch_site, NOBODY, **PROVIDER)
    networks_resolve_task(str(alder.alder.schema_name), [str(ours.id), str(theirs.id)])
    assert company_of(ours) == "Varnholt AG"
    with in_schema(str(alder.birch.schema_name)):
        assert (company_of(theirs), NetworkLookup.objects.count()) == ("", 0)
    networks_sweep_task()
    with in_schema(str(alder.birch.schema_name)):
        assert company_of(theirs) == "Varnholt AG"
    assert len(ipinfo.asked) == 1  # both agencies came from the same address


def test_a_visit_wakes_a_worker_once(ipinfo: FakeIPinfo, settings: Any) -> None:
    ids = (uuid4(), uuid4())
    fact = EventsStored("a_1", 1, ids, is_backfill=False)
    assert to_be_asked(EventsStored("a_1", 1, ids, is_backfill=True)) == []
    assert (to_be_asked(fact), to_be_asked(fact)) == (list(ids), [])
    settings.BEACON_IPINFO_TOKEN = ""
    assert to_be_asked(EventsStored("a_1", 1, (uuid4(),), is_backfill=False)) == []


def test_what_was_asked_for_in_vain_is_forgotten_and_so_are_visits_that_are_gone(
    alder: Cast, ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    del ipinfo.entries[BANK]
    kept, in_vain, gone = (visit(alder.site, ip, **PROVIDER) for ip in (NOBODY, BANK, TELECOM))
    resolved(kept, in_vain, gone)
    Session.objects.filter(id=gone.id).delete()
    assert networks_tidy() == 1
    later(monkeypatch, days=3)  # until then the sweep would look for it once more
    assert networks_tidy() == 1
    assert NetworkLookup.objects.get().session_id == kept.id


# --- with others at work ----------------------------------------------------------------------------------------------


@pytest.mark.real
def test_workers_side_by_side_take_up_each_visit_once(
    ipinfo: FakeIPinfo, real_agency: Agency, django_db_blocker: DjangoDbBlocker
) -> None:
    schema = str(real_agency.schema_name)

    def sweep(_: int) -> int:
        try:
            return call_in_schema(schema, networks_sweep)
        finally:
            connection.close()

    ipinfo.entries = {f"9.14.3.{number}": core() for number in range(8)}
    with django_db_blocker.unblock(), in_schema(schema):
        site = factories.make_site(domain="busy.example")
        for number in range(24):
            visit(site, f"9.14.3.{number % 8}", minutes=2 + number / 10, **PROVIDER)
        with ThreadPoolExecutor(3) as pool:
            assert sum(pool.map(sweep, range(3))) == 24
        assert Session.objects.filter(company_id__isnull=False).count() == 24
        assert sorted(ip for batch in ipinfo.asked for ip in batch) == sorted(ipinfo.entries)
        assert CompanyMatch.objects.filter(evidence__source="IPinfo").count() == 24


# --- privacy ----------------------------------------------------------------------------------------------------------


def test_the_address_stands_nowhere_in_clear(alder: Cast, ipinfo: FakeIPinfo, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    ipinfo.entries[NOBODY] = core() | {"ip": NOBODY, "hostname": f"host-{NOBODY}.example"}
    visits = [visit(alder.site, ip, **PROVIDER) for ip in (NOBODY, BANK)]
    ipinfo.script.append(BROKEN)
    resolved(visits[0])
    NetworkLookup.objects.update(due_at=NOW)
    assert resolved(*visits) == 2
    with connection.cursor() as cursor:
        for table in ("session", "network_lookup", "company", "company_client", "company_match", "rollup_mark"):
            cursor.execute(f"SELECT string_agg({table}::text, ' ') FROM {table}")
            text = cursor.fetchone()[0]
            assert text
            assert not any(secret in text for secret in (NOBODY, BANK, TOKEN)), table
    assert not any(secret in caplog.text for secret in (NOBODY, BANK, TOKEN))
    for name, value in stored("beacon:*").items():
        assert not any(secret.encode() in name + value for secret in (NOBODY, BANK, TOKEN)), name
