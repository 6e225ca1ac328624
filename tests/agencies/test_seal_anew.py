"""`manage.py seal_anew`: what a former key sealed is sealed with the present one, everywhere, and nothing is lost."""

import importlib
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models

from apps.agencies.models import Salt, SiteRoute
from apps.core import clock, crypto, resealing
from apps.core.ids import uuid7
from apps.core.tenancy import in_schema
from apps.destinations.models import Destination
from apps.destinations.secrets import secrets_open, secrets_seal
from apps.sites.exclusions import from_text, networks_open, networks_parse
from apps.sites.models import Site
from apps.sites.services import site_ignore
from apps.tracking import salts
from apps.tracking.import_jobs import Salts, job_begin
from apps.tracking.match_keys import match_keys_open, match_seal
from apps.tracking.models import ConversionMatch, ImportJob
from config import sealed
from config.local.folders import CHECKOUT
from tests.cast import Cast
from tests.secret_keys import former_key_drop, key_change

SECRETS, CHANGED = {"secret": "one"}, {"secret": "two"}
KEYS = {"fbp": "fb.1.1.2"}
OFFICE = networks_parse("192.0.2.0/24")
DAY = date(2026, 5, 13)
IMPORTS_CALLER = re.compile(r"^from apps\.core\.crypto import .*\bseal\b", re.MULTILINE)


def seal_anew(*, refused: bool = False) -> tuple[str, str]:
    """Run the command; return what it said last, and all that it said of what can't be opened."""
    out, told = io.StringIO(), io.StringIO()
    if refused:
        with pytest.raises(CommandError) as error:
            call_command("seal_anew", stdout=out, stderr=told)
        assert error.value.returncode == 1
        return str(error.value), told.getvalue()
    call_command("seal_anew", stdout=out, stderr=told)
    return out.getvalue().splitlines()[-1], told.getvalue()


def destination_make(site: Site) -> Destination:
    return Destination.objects.create(
        site_id=site.id,
        provider="webhook",
        name="CRM",
        secrets_sealed=secrets_seal(SECRETS),
        created_at=clock.now(),
        changed_at=clock.now(),
    )


def secrets_of(made: Destination) -> dict[str, str]:
    return secrets_open(Destination.objects.get(id=made.id).secrets_sealed)


@pytest.fixture
def made(cast: Cast) -> dict[str, Destination]:
    """A destination of each agency, by schema: two seals, one of them of Birch."""
    Salt.objects.all().delete()
    found = {}
    for schema, site in ((cast.alder.schema_name, cast.site), (cast.birch.schema_name, cast.birch_site)):
        with in_schema(str(schema)):
            found[str(schema)] = destination_make(site)
    return found


def each(made: dict[str, Destination], look: Callable[[Destination], Any]) -> list[Any]:
    found = []
    for schema, destination in made.items():
        with in_schema(schema):
            found.append(look(destination))
    return found


def test_every_agencys_secrets_open_without_the_former_key_then(made: dict[str, Destination], settings: Any) -> None:
    key_change(settings)
    assert each(made, secrets_of) == [SECRETS, SECRETS]
    assert seal_anew() == ("2 sealed anew, 0 were already, 0 couldn't be opened.", "")
    former_key_drop(settings)
    assert each(made, secrets_of) == [SECRETS, SECRETS]


def test_a_second_run_finds_nothing_to_do(made: dict[str, Destination], settings: Any) -> None:
    key_change(settings)
    seal_anew()
    before = each(made, lambda one: bytes(Destination.objects.get(id=one.id).secrets_sealed))
    assert seal_anew()[0] == "0 sealed anew, 2 were already, 0 couldn't be opened."
    assert before == each(made, lambda one: bytes(Destination.objects.get(id=one.id).secrets_sealed))


def test_it_goes_on_where_it_was_stopped(
    made: dict[str, Destination], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_change(settings)
    with monkeypatch.context() as patch:
        put = resealing._row_seal_anew
        calls = iter([True, False])

        def stopped_at_the_second(*given: Any) -> Any:
            if not next(calls):
                raise KeyboardInterrupt
            return put(*given)

        patch.setattr(resealing, "_row_seal_anew", stopped_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            seal_anew()
    assert seal_anew()[0] == "1 sealed anew, 1 were already, 0 couldn't be opened."


def test_what_cant_be_opened_is_told_and_stops_nothing(
    cast: Cast, made: dict[str, Destination], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "SLICE", 1)
    schema = str(cast.alder.schema_name)
    with in_schema(schema):
        broken = made[schema]
        Destination.objects.filter(id=broken.id).update(secrets_sealed=b"sealed with another key")
        behind = destination_make(cast.site)
    SiteRoute.objects.filter(site_key=cast.site.site_key).update(settings={"ignored_addresses": "no base64"})
    key_change(settings)
    said, told = seal_anew(refused=True)
    assert said == "2 sealed anew, 0 were already, 2 couldn't be opened."
    assert told.splitlines() == [
        f"{cast.alder.slug}: destination.secrets_sealed of {broken.id} can't be opened",
        f"(shared): agencies_siteroute.settings of {cast.site.site_key} can't be opened",
    ]
    former_key_drop(settings)
    with in_schema(schema):
        assert secrets_of(behind) == SECRETS
        assert bytes(Destination.objects.get(id=broken.id).secrets_sealed) == b"sealed with another key"


@pytest.mark.parametrize("is_by_former", [True, False])
def test_what_was_changed_meanwhile_isnt_overwritten(
    cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch, *, is_by_former: bool
) -> None:
    """Also not by a process that has the former key still: what that one wrote is sealed anew in the end."""
    with in_schema(str(cast.alder.schema_name)):
        destination = destination_make(cast.site)
        by_former = secrets_seal(CHANGED)
        key_change(settings)
        written = iter([by_former if is_by_former else secrets_seal(CHANGED)])

        def somebody_writes(*given: Any) -> bytes | None:
            sealed_anew = crypto.seal_anew(*given)
            for one in written:
                Destination.objects.filter(id=destination.id).update(secrets_sealed=one)
            return sealed_anew

        monkeypatch.setattr(resealing, "seal_anew", somebody_writes)
        (column,) = (column for column in sealed.AGENCYS if column.model is Destination)
        ((_, found),) = resealing.column_seal_anew(column)
        assert found is (resealing.Found.ANEW if is_by_former else resealing.Found.PRESENT)
        former_key_drop(settings)
        assert secrets_of(destination) == CHANGED


def test_every_kind_of_seal_is_made_anew(in_alder: Cast, settings: Any) -> None:
    site, event_id = in_alder.site, uuid7()
    salts.load([DAY])
    salt = salts.salt_of(DAY)
    Salt.objects.exclude(day=DAY).delete()
    site_ignore(site=site, networks=OFFICE)
    now = clock.now()
    ConversionMatch.objects.create(
        event_id=event_id, site_id=site.id, session_id=uuid7(), sealed=match_seal(event_id, KEYS), stored_at=now
    )
    job = job_begin(site_id=site.id, file_name="access.log", digest=b"1")
    of_import = Salts(job).of(DAY)
    key_change(settings)
    assert seal_anew()[0] == "5 sealed anew, 0 were already, 0 couldn't be opened."
    former_key_drop(settings)
    salts.forget_old(date.max)
    salts.load([DAY])
    assert salts.salt_of(DAY) == salt
    route = SiteRoute.objects.get(site_key=site.site_key)
    assert networks_open(from_text(route.settings["ignored_addresses"])) == OFFICE
    assert "ignored_user_agents" in route.settings
    assert networks_open(Site.objects.get(id=site.id).ignored_addresses_sealed) == OFFICE
    assert match_keys_open([event_id]) == {event_id: KEYS}
    assert Salts(ImportJob.objects.get(id=job.id)).of(DAY) == of_import


def test_it_knows_every_column_and_every_purpose() -> None:
    columns = [*sealed.SHARED, *sealed.AGENCYS]
    fields = {
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.BinaryField) and re.search("sealed|wrapped", field.name)
    }
    assert fields == {(one.model, one.column) for one in columns} - {(SiteRoute, "settings")}
    callers = [
        path.relative_to(CHECKOUT).with_suffix("").as_posix().replace("/", ".")
        for path in (CHECKOUT / "apps").rglob("*.py")
        if IMPORTS_CALLER.search(path.read_text(encoding="utf-8"))
    ]
    purposes = {importlib.import_module(name).PURPOSE for name in callers}
    # Google's access tokens are asked for again.
    assert purposes == {one.purpose for one in columns} | {"google access token"}
