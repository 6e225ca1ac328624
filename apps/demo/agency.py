"""The demo agency: its people, clients and sites, and the file in which scripts find its facts."""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.agencies.api_keys import INGEST, key_hash, key_hashes, new_key, shown_prefix
from apps.agencies.models import Agency, ApiKey, Membership, User
from apps.agencies.roles import Role
from apps.agencies.services import agency_create, user_create
from apps.core.ids import public_key
from apps.sites.models import DEFAULT_RETENTION_DAYS, Client, Site
from apps.sites.services import client_create, site_create

from .goals import goals_ensure
from .wanted import mails_ensure, scoring_ensure
from .world import BRINDLEWICK, KESTREL, QUILLMARK, SALTGROVE, World

SLUG = "demo"
NAME = "Harbour & Pine"
OWNER = ("demo@beacon.example", "Ida Sandvik")
TEAM = (
    ("tom.reuter@beacon.example", "Tom Reuter", Role.MANAGER),
    ("mei.okafor@beacon.example", "Mei Okafor", Role.ANALYST),
    ("client@kestrel.example", "Kestrel's marketing", Role.VIEWER),
)
WORLDS = (KESTREL, BRINDLEWICK, SALTGROVE, QUILLMARK)
HAVE_GOALS = (KESTREL, BRINDLEWICK)
# Imports may be of any age; visits of people live are kept as long as by default.
KEEPS_EVERYTHING = {SALTGROVE.host}


def facts_path() -> Path:
    return Path(settings.BEACON_DATA_DIR) / "demo.json"


def facts_read() -> dict[str, Any]:
    """Return the facts of an earlier run; empty where there was none."""
    try:
        facts: dict[str, Any] = json.loads(facts_path().read_text())
    except FileNotFoundError:
        return {}
    return facts


def facts_write(*, agency: Agency, sites: dict[str, Site], password: str, ingest_key: str) -> None:
    """Write demo.json, readable by its owner alone: for scripts and tests."""
    host, port, scheme = settings.BEACON_PUBLIC_HOST, settings.PORT, settings.BEACON_SCHEME
    first = sites[KESTREL.host]
    facts = {
        "connect_host": "127.0.0.1",
        "public_url": f"{scheme}://{host}:{port}",
        "dashboard_url": f"{scheme}://{agency.slug}.{host}:{port}",
        "track_url": settings.BEACON_TRACK_URL,
        "email": OWNER[0],
        "password": password,
        "agency": agency.slug,
        "site": first.slug,
        "site_key": first.site_key,
        "site_keys": {domain: site.site_key for domain, site in sites.items()},
        "ingest_key": ingest_key,
    }
    path = facts_path()
    new = path.with_name(f".{path.name}.{public_key()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2)
    new.replace(path)


def agency_ensure(*, password: str, ingest_key: str) -> tuple[Agency, str]:
    """Return the demo agency and a key with which the simulator may send for it; make what isn't there."""
    with transaction.atomic():
        agency = Agency.objects.filter(slug=SLUG).first() or _agency_make(password)
        owner = User.objects.get(email=OWNER[0])
        if not owner.check_password(password):
            # demo.json was removed, and the password with it.
            owner.set_password(password)
            owner.save(update_fields=["password"])
        return agency, _key_ensure(agency, ingest_key)


def _agency_make(password: str) -> Agency:
    email, name = OWNER
    owner = user_create(email=email, name=name, password=password, is_confirmed=True)
    agency = agency_create(name=NAME, slug=SLUG, owner=owner)
    for email, name, role in TEAM:
        member = user_create(email=email, name=name, password=public_key(), is_confirmed=True)
        Membership.objects.create(user=member, agency=agency, role=role)
    return agency


def _key_ensure(agency: Agency, key: str) -> str:
    known = agency.api_keys.filter(revoked_at=None, scopes__contains=[INGEST])
    if key and known.filter(key_hash__in=key_hashes(key)).exists():
        return key
    key = new_key()
    ApiKey.objects.create(
        agency=agency, name="Simulator", prefix=shown_prefix(key), key_hash=key_hash(key), scopes=[INGEST]
    )
    return key


def sites_ensure() -> dict[str, Site]:
    """Return the demo's sites by their domain; make those that aren't there. Runs in the agency's schema."""
    sites = {world.host: _site_ensure(world) for world in WORLDS}
    for world in HAVE_GOALS:
        goals_ensure(sites[world.host])
    scoring_ensure(sites[KESTREL.host])
    return sites


def _site_ensure(world: World) -> Site:
    site = Site.objects.filter(domains__host=world.host).first()
    if site is not None:
        return site
    client = Client.objects.filter(name=world.client).first() or client_create(name=world.client)
    site = site_create(
        client=client,
        name=world.name,
        domains=[world.host],
        time_zone=world.time_zone,
        retention_days=None if world.host in KEEPS_EVERYTHING else DEFAULT_RETENTION_DAYS,
    )
    if world is KESTREL:
        # Once only: whoever ends them in their account isn't to have them again.
        mails_ensure(site, User.objects.get(email=OWNER[0]))
    return site
