"""`manage.py check_rollups`: says what differs, and by its exit status whether anything does."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.sites.models import Site
from apps.tracking.columns.layout import COLUMNS
from apps.tracking.models import Rollup, RollupMark, VisitColumns
from apps.tracking.rollups_build import day_build
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make

NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)


@pytest.fixture
def site(in_alder: Cast) -> Site:
    visit_make(in_alder.site, NOON, pages=[Page("/", engaged_s=3), Page("/a", 40)], country="DE", source="Google")
    assert day_build(site_id=in_alder.site.id, day=NOON.date())
    return in_alder.site


def check(*options: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("check_rollups", *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_agrees_after_a_build(site: Site) -> None:
    assert check("--agency", "alder") == ("2 sites: rollups agree with the raw rows.\n", "")


@pytest.mark.parametrize(
    ("dimension", "changed", "said"),
    [
        (0, {"visits": 2}, "2026-05-12 whole “”: visits 2, raw 1"),
        (2, {"visitors": 0}, "sources “Google”: visitors 0, raw 1"),
        (6, {"engaged_ms": 1}, "pages “/”: engaged_ms 1, raw 3000"),
        (9, {"value": "AT"}, "countries “AT”: visitors 1, raw missing"),
        (9, {"value": "AT"}, "countries “DE”: visitors missing, raw 1"),
    ],
)
def test_it_tells_of_every_sum_that_differs(site: Site, dimension: int, changed: dict[str, object], said: str) -> None:
    Rollup.objects.filter(site_id=site.id, dimension=dimension).exclude(value="/a").update(**changed)
    err = StringIO()
    with pytest.raises(CommandError, match="differ from the raw rows") as raised:
        call_command("check_rollups", "--site", site.slug, stderr=err)
    assert raised.value.returncode == 1
    assert f"alder {site.slug} " in err.getvalue()
    assert said in err.getvalue()


def test_a_visit_without_a_mark_is_found_and_with_one_it_is_raw(site: Site) -> None:
    visit_make(site, NOON)
    with pytest.raises(CommandError):
        check()
    RollupMark.objects.create(site_id=site.id, day=NOON.date())
    assert check("--site", site.slug)[0] == "1 sites: rollups agree with the raw rows.\n"


@pytest.mark.parametrize("changed", [{"visits": 3}, {"channel": b""}, {"later": b"x"}, {}])
def test_it_tells_of_columns_that_are_not_as_their_rows_make_them(site: Site, changed: dict[str, object]) -> None:
    kept = VisitColumns.objects.filter(site_id=site.id)
    if changed:
        kept.update(**changed)
    else:
        kept.delete()
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("check_rollups", "--site", site.slug, stderr=err)
    names = ", ".join(changed or ("visits", *COLUMNS))
    assert f"2026-05-12 columns of visits: {names} not as the raw rows make them" in err.getvalue()
    RollupMark.objects.create(site_id=site.id, day=NOON.date())
    assert check("--site", site.slug)[1] == ""


@pytest.mark.parametrize("options", [("--agency", "nobody"), ("--site", "nowhere")])
def test_what_is_not_there_is_said(site: Site, options: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="There is no"):
        check(*options)
