"""Names of visitors' hosts, asked of a real name server: confirmed, remembered, put off, and never a provider's."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import dns.rcode
import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.companies.identifying.kinds import agency_kinds_save
from apps.companies.models import CompanyClue, CompanyMatch, HostLookup
from apps.companies.reverse.asking import AT_ONCE
from apps.companies.reverse.sweep import hosts_sweep
from apps.companies.services import visits_match
from apps.companies.tasks import hosts_sweep_task
from apps.core import clock
from apps.sites.models import CompanyDefaults
from apps.tracking import sealing, valkey
from apps.tracking.models import Session
from apps.tracking.writer.addresses import KEPT_SECONDS, address_key
from config import env
from tests.cast import Cast
from tests.factories_tracking import visit_make

from .conftest import NOW, VARNHOLT, ago
from .correcting import NOBODY, company_of
from .name_server import NameServer, name_server

IP, IPV6 = "203.0.113.9", "2001:db8::7"
UNKNOWN = {"network_kind": "unknown", "network_domain": "carrier.example"}


@pytest.fixture
def server(settings: Any) -> Iterator[NameServer]:
    for pattern in ("beacon:enrichment:*", "beacon:names:*"):
        for name in valkey.volatile().scan_iter(pattern):
            valkey.volatile().delete(name)
    with name_server() as running:
        running.names = {IP: ["mail.kestrel.example."], IPV6: ["mail.kestrel.example."]}
        running.addresses = {"mail.kestrel.example": [IP, "203.0.113.10", IPV6]}
        settings.BEACON_REVERSE_DNS, settings.BEACON_DNS_SERVER = True, ("127.0.0.1", running.port)
        yield running


def visit(cast: Cast, ip: str = IP, *, minutes: float = 5, **fields: Any) -> Session:
    ip_hash = uuid4().bytes[:8]
    hour = sealing.hour_of(clock.now_ms())
    sealing.load(hour)
    valkey.volatile().set(address_key(ip_hash), b"%d:%b" % (hour, sealing.seal_address(ip, hour)), ex=KEPT_SECONDS)
    made = visit_make(cast.site, ago(minutes=minutes), ip_hash=ip_hash, **(UNKNOWN | fields))
    visits_match(session_ids=[made.id])
    return made


def told() -> list[str]:
    return list(CompanyClue.objects.filter(ground="host_name").values_list("domain", flat=True))


@pytest.mark.parametrize("ip", [IP, IPV6])
def test_a_confirmed_name_is_a_clue_and_has_the_visit_matched_anew(in_alder: Cast, server: NameServer, ip: str) -> None:
    made = visit(in_alder, ip)
    assert hosts_sweep() == 1
    clue = CompanyClue.objects.get()
    assert (clue.session_id, clue.ground, clue.domain) == (made.id, "host_name", "kestrel.example")
    # A host's whole name leads to its address: the domain alone is kept.
    assert clue.evidence == {"domain": "kestrel.example", "kind": "business"}
    made.refresh_from_db()
    assert made.matched_at is None
    assert [kind.partition(" ")[0] for kind in server.asked] == ["PTR", "A" if ip == IP else "AAAA"]
    visits_match()
    assert hosts_sweep() == 0
    assert told() == ["kestrel.example"]


def test_a_name_that_doesnt_lead_back_is_a_claim(in_alder: Cast, server: NameServer) -> None:
    server.addresses = {"mail.kestrel.example": ["203.0.113.10"]}
    visit(in_alder)
    assert (hosts_sweep(), told()) == (1, [])


def test_addresses_are_asked_for_once(in_alder: Cast, server: NameServer) -> None:
    for minutes in (5, 6, 7):
        visit(in_alder, minutes=minutes)
    visit(in_alder, "203.0.113.77", minutes=8)
    assert hosts_sweep() == 4
    visit(in_alder, minutes=1)
    visit(in_alder, "203.0.113.77", minutes=1)
    assert hosts_sweep() == 2
    assert sorted(kind.partition(" ")[0] for kind in server.asked) == ["A", "PTR", "PTR"]
    assert len(told()) == 4
    assert b"203.0.113" not in b"".join(valkey.volatile().scan_iter("beacon:*"))


@pytest.mark.parametrize(
    "fields",
    [
        {"network_kind": "consumer"}, {"network_kind": "hosting", "is_hosting": True}, {"is_vpn": True},
        {"is_mobile_network": True}, {"network_kind": "bot"}, {"set_aside": "bot_declared"}, {"import_id": 3},
    ],
)  # fmt: skip
def test_of_lines_and_hiding_places_nobody_asks(in_alder: Cast, server: NameServer, fields: dict[str, Any]) -> None:
    visit(in_alder, **fields)
    assert (hosts_sweep(), server.asked) == (0, [])


def test_an_organisations_own_network_may_be_confirmed_but_an_unknown_ones_own_name_tells_nothing(
    in_alder: Cast, server: NameServer
) -> None:
    unknown = visit(in_alder, network_domain="kestrel.example")
    own = visit(in_alder, **VARNHOLT | {"network_domain": "kestrel.example"})
    hosts_sweep()
    visits_match()
    assert (company_of(unknown), company_of(own)) == (NOBODY, "kestrel.example")
    grounds = CompanyMatch.objects.filter(session_id=own.id).values_list("ground", flat=True)
    assert set(grounds) == {"network", "host_name"}


def test_a_name_of_a_network_thats_told_of_while_it_was_asked_for_tells_nothing(
    in_alder: Cast, server: NameServer
) -> None:
    made = visit(in_alder)
    hosts_sweep()
    Session.objects.filter(id=made.id).update(network_kind="consumer")
    visits_match()
    assert (told(), company_of(made)) == (["kestrel.example"], NOBODY)


def test_a_name_of_a_kind_that_is_off_is_used_once_that_is_switched_on(in_alder: Cast, server: NameServer) -> None:
    CompanyDefaults.objects.create(id=1, kinds=["education"])
    made = visit(in_alder)
    assert hosts_sweep() == 1
    visits_match()
    assert company_of(made) == NOBODY
    agency_kinds_save(kinds=["business"], reaches_back=True)
    visits_match()
    assert company_of(made) == "kestrel.example"


def test_a_dead_zone_isnt_the_name_servers_fault(in_alder: Cast, server: NameServer) -> None:
    server.dead = "203.0.113.77"
    visit(in_alder, server.dead)
    assert (hosts_sweep(), HostLookup.objects.filter(due_at__isnull=False).count()) == (0, 1)
    visit(in_alder)
    assert (hosts_sweep(), told()) == (1, ["kestrel.example"])


@pytest.mark.parametrize("fault", ["silent", "fails"])
def test_a_server_that_is_away_is_asked_again_later(
    in_alder: Cast, server: NameServer, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr("apps.companies.reverse.asking.TRY_SECONDS", 0.1)
    monkeypatch.setattr("apps.companies.reverse.asking.LIFETIME_SECONDS", 0.2)
    monkeypatch.setattr("apps.companies.reverse.asking.FAILED_SECONDS", 1)
    server.is_silent = fault == "silent"
    server.rcode = dns.rcode.SERVFAIL if fault == "fails" else dns.rcode.NOERROR
    visit(in_alder)
    assert hosts_sweep() == 0
    row = HostLookup.objects.get()
    assert row.due_at is not None
    assert timedelta(seconds=50) < row.due_at - NOW < timedelta(seconds=70)
    asked = len(server.asked)
    # It is left alone, for others' addresses too.
    visit(in_alder, "203.0.113.77")
    assert (hosts_sweep(), len(server.asked)) == (0, asked)
    HostLookup.objects.exclude(session_id=row.session_id).delete()
    server.is_silent, server.rcode = False, dns.rcode.NOERROR
    for name in valkey.volatile().scan_iter("beacon:enrichment:name*"):
        valkey.volatile().delete(name)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=2))
    assert (hosts_sweep(), told()) == (2, ["kestrel.example"])


def test_a_silent_server_isnt_asked_for_all(
    in_alder: Cast, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.companies.reverse.asking.TRY_SECONDS", 0.1)
    monkeypatch.setattr("apps.companies.reverse.asking.LIFETIME_SECONDS", 0.15)
    server.is_silent = True
    for number in range(AT_ONCE + 5):
        visit(in_alder, f"203.0.113.{number + 20}")
    assert hosts_sweep() == 0
    assert len({question for question in server.asked if question.startswith("PTR")}) == AT_ONCE


def test_it_keeps_to_the_days_budget(in_alder: Cast, server: NameServer, settings: Any) -> None:
    settings.BEACON_REVERSE_DNS_BUDGET = 1
    visit(in_alder)
    visit(in_alder, "203.0.113.77")
    assert hosts_sweep() == 1
    assert HostLookup.objects.filter(due_at__isnull=False).count() == 1


def test_where_the_operator_says_no_nobody_is_asked(in_alder: Cast, server: NameServer, settings: Any) -> None:
    settings.BEACON_REVERSE_DNS = False
    visit(in_alder)
    hosts_sweep_task()
    assert (server.asked, HostLookup.objects.count()) == ([], 0)


def test_whose_address_is_gone_is_given_up(in_alder: Cast, server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    made = visit(in_alder)
    valkey.volatile().delete(address_key(bytes(made.ip_hash or b"")))
    assert hosts_sweep() == 1
    assert (server.asked, HostLookup.objects.get().due_at) == ([], None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", None),
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_name_server_is_given_by_its_address(
    monkeypatch: pytest.MonkeyPatch, given: str, expected: tuple[str, int] | None
) -> None:
    monkeypatch.setenv("BEACON_DNS_SERVER", given)
    assert env.server("BEACON_DNS_SERVER", 53) == expected


@pytest.mark.parametrize("given", ["ns.example", "192.0.2.53:99999", "192.0.2.53:dns", ":53"])
def test_anything_else_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BEACON_DNS_SERVER", given)
    with pytest.raises(ImproperlyConfigured, match="BEACON_DNS_SERVER"):
        env.server("BEACON_DNS_SERVER", 53)
