"""Access logs come in by the same pipeline: with their own times, safe to run twice, to stop and to resume."""

import gzip
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from apps.agencies.models import Agency
from apps.core.ids import public_key
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.tracking.importing import has_writer
from apps.tracking.ledger import ledger_sum
from apps.tracking.models import Event, ImportJob, Session
from config.local.deadline import wait_until
from config.local.folders import CHECKOUT
from tests import factories

from .arrivals import CHROME, CRAWLER
from .processes import PATIENCE_SECONDS, clear_streams, environment, writer

pytestmark = pytest.mark.real
START = datetime(2015, 5, 17, 10, tzinfo=UTC)


def line(minutes: float, target: str = "/", *, status: int = 200, agent: str = CHROME, **fields: str) -> str:
    moment = (START + timedelta(minutes=minutes)).strftime("%d/%b/%Y:%H:%M:%S +0000")
    request, referrer = fields.get("request", f"GET {target} HTTP/1.1"), fields.get("referrer", "-")
    return f'{fields.get("client", "192.0.2.7")} - - [{moment}] "{request}" {status} 123 "{referrer}" "{agent}"'


# Every sort of line: 3 page views of people in two visits, one of a crawler, one from spam, and what isn't one.
SMALL = [
    line(0, "/in?utm_source=letter&c=varnholt&secret=1", referrer="https://www.google.com/search?q=words"),
    line(5, "/out"),
    line(5.5, "/style.css"),
    line(6, "/missing", status=404),
    line(7, "/moved", status=301),
    line(8, request="HEAD / HTTP/1.1"),
    "not a line of a log",
    line(9, "/scripts/tool.py", agent=f'{CRAWLER} "quoted"', client="198.51.100.9"),
    line(10, "/", referrer="http://semalt.com/x", client="203.0.113.5"),
    line(60, "/again"),
]


@pytest.fixture(scope="module")
def agency(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Agency]:
    """A committed agency, and a writer."""
    with django_db_blocker.unblock():
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        clear_streams()
        made = factories.make_agency(f"Real{public_key(length=6)}")
        with writer():
            assert wait_until(has_writer, seconds=PATIENCE_SECONDS)
            yield made
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        clear_streams()
        factories.remove_agency(made)
        connection.close()


@pytest.fixture
def site(agency: Agency, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """A site of the agency that keeps everything; queries go to the agency's schema."""
    with django_db_blocker.unblock(), in_schema(str(agency.schema_name)):
        made = factories.make_site(domain="first.example")
        Site.objects.filter(id=made.id).update(retention_days=None, company_parameter="c")
        yield made


def write(folder: Path, lines: list[str], name: str = "access.log") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def run(agency: Agency, site: Site, path: Path | str, *options: str) -> str:
    out = io.StringIO()
    arguments = ["--agency", agency.slug, "--site", site.slug, str(path), *options]
    call_command("import_access_log", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def told(summary: str) -> dict[str, int]:
    """Return the summary's figures by their names."""
    rows = (row for row in summary.splitlines() if len(row) > 56)
    return {row[:44].strip(): int(row[44:56].replace(",", "")) for row in rows} | {
        row[:44].strip(): int(row[44:].replace(",", "")) for row in summary.splitlines() if len(row) == 56
    }


def test_its_summary_counts_every_line(agency: Agency, site: Site, tmp_path: Path) -> None:
    summary = run(agency, site, write(tmp_path, SMALL))
    assert told(summary) == {
        "lines read": 10,
        "page views stored": 5,
        "counted as people's": 3,
        "set aside: bot_declared": 1,
        "set aside: spam_referrer": 1,
        "repeated (stored before)": 0,
        "no page views": 4,
        "assets (images, styles, fonts, downloads)": 1,
        "errors (4xx and 5xx)": 1,
        "redirects": 1,
        "other methods than GET": 1,
        "not parsed": 1,
    }
    assert summary.splitlines()[-1].endswith("line 7")
    assert "in 2 visits" in summary
    ledger = ledger_sum(site_id=site.id)
    assert (ledger.counted, ledger.set_aside) == (3, {"bot_declared": 1, "spam_referrer": 1})


def test_page_views_keep_the_logs_times_and_what_it_says(agency: Agency, site: Site, tmp_path: Path) -> None:
    run(agency, site, write(tmp_path, SMALL))
    first, second = Session.objects.filter(site_id=site.id, set_aside="").order_by("started_at")
    assert (first.started_at, first.ended_at) == (START, START + timedelta(minutes=5))
    assert (first.entry_path, first.exit_path, first.source, first.browser) == ("/in", "/out", "letter", "Chrome")
    assert (first.has_siblings, second.has_siblings, first.origin) == (True, True, "import")
    row = Event.objects.get(site_id=site.id, path="/in")
    assert (row.query, row.host, row.referrer) == (
        "utm_source=letter&c=varnholt",
        "first.example",
        "https://www.google.com/search",
    )


def test_a_second_run_stores_nothing_anew(agency: Agency, site: Site, tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    run(agency, site, path)
    figures = told(run(agency, site, path))
    assert (figures["page views stored"], figures["repeated (stored before)"]) == (0, 5)
    assert Event.objects.filter(site_id=site.id).count() == 5


def test_equal_lines_are_different_page_views(agency: Agency, site: Site, tmp_path: Path) -> None:
    figures = told(run(agency, site, write(tmp_path, [line(0), line(0), line(0)])))
    assert figures["page views stored"] == 3


def test_the_salts_go_when_it_is_done(agency: Agency, site: Site, tmp_path: Path) -> None:
    run(agency, site, write(tmp_path, SMALL))
    job = ImportJob.objects.get(site_id=site.id)
    assert job.salts_wrapped is None and job.finished_at is not None and job.lines_read == 10


def test_it_unpacks_gz(agency: Agency, site: Site, tmp_path: Path) -> None:
    packed = tmp_path / "access.log.gz"
    packed.write_bytes(gzip.compress("\n".join(SMALL).encode()))
    assert told(run(agency, site, packed))["page views stored"] == 5


def test_it_reads_standard_input(agency: Agency, site: Site) -> None:
    command = [sys.executable, "manage.py", "import_access_log", "--agency", agency.slug, "--site", site.slug, "-"]
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment(), input="\n".join(SMALL), capture_output=True, text=True, check=True
    )
    assert told(done.stdout)["page views stored"] == 5


def test_killed_half_way_it_goes_on_where_it_was(agency: Agency, site: Site, tmp_path: Path) -> None:
    # So many that the first part is seen to be done long before the last is.
    lines = [line(number / 30, f"/{number}" if number % 10 == 0 else "/a.png") for number in range(60_000)]
    path = write(tmp_path, lines)
    command = [
        sys.executable,
        "manage.py",
        "import_access_log",
        "--agency",
        agency.slug,
        "--site",
        site.slug,
        str(path),
    ]
    with subprocess.Popen(command, cwd=CHECKOUT, env=environment(), stderr=subprocess.DEVNULL) as process:
        begun = ImportJob.objects.filter(site_id=site.id, lines_read__gt=0)
        assert wait_until(lambda: begun.exists() or process.poll() is not None, seconds=PATIENCE_SECONDS, every=0.005)
        process.send_signal(signal.SIGKILL)
    (job,) = begun
    assert job.finished_at is None and job.salts_wrapped is not None
    figures = told(run(agency, site, path))
    assert (figures["lines read"], figures["page views stored"], figures["repeated (stored before)"]) == (
        60_000,
        6_000,
        0,
    )
    assert figures["assets (images, styles, fonts, downloads)"] == 54_000
    assert Event.objects.filter(site_id=site.id).count() == 6_000
    assert Session.objects.filter(site_id=site.id).count() == 1  # over midnight, by the salts of both runs


def test_a_log_older_than_the_sites_retention_is_said_before_it_starts(
    agency: Agency, site: Site, tmp_path: Path
) -> None:
    Site.objects.filter(id=site.id).update(retention_days=90)
    path = write(tmp_path, SMALL)
    error = io.StringIO()
    arguments = ["--agency", agency.slug, "--site", site.slug, str(path)]
    with pytest.raises(CommandError, match="--yes"):
        call_command("import_access_log", *arguments, stderr=error)
    assert "begins on 17 May 2015" in error.getvalue() and "keeps 90 days" in error.getvalue()
    assert not ImportJob.objects.filter(site_id=site.id).exists()
    assert told(run(agency, site, path, "--yes"))["page views stored"] == 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--agency": "nobody"}, "There is no agency 'nobody'"),
        ({"--site": "nowhere"}, "There is no site 'nowhere'"),
        ({"file": "missing.log"}, "missing.log can't be read: No such file"),
    ],
)
def test_it_says_what_is_wrong(agency: Agency, site: Site, changed: dict[str, str], said: str) -> None:
    given: dict[str, Any] = {"--agency": agency.slug, "--site": site.slug, "file": os.devnull} | changed
    arguments = ["--agency", given["--agency"], "--site", given["--site"], given["file"]]
    with pytest.raises(CommandError, match=said):
        call_command("import_access_log", *arguments)


def test_the_address_is_nowhere_in_clear(agency: Agency, site: Site, tmp_path: Path) -> None:
    address = "198.51.100.234"
    run(agency, site, write(tmp_path, [line(0, client=address), line(1, client=address)]))
    assert Event.objects.filter(site_id=site.id).count() == 2
    for schema in (str(agency.schema_name), "public"):
        assert [where for where, text in texts_of(schema) if address in text] == []
    kept = Path(os.environ["BEACON_DATA_DIR"])
    files = [path for folder in ("valkey", "logs") for path in (kept / folder).rglob("*") if path.is_file()]
    assert any(path.suffix == ".aof" for path in files)
    assert [path for path in files if address.encode() in content_of(path)] == []


def content_of(path: Path) -> bytes:
    """Return what is in a file; nothing where the server has taken it away meanwhile, as it does with old ones."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def texts_of(schema: str) -> Iterator[tuple[str, str]]:
    """Yield every row of every table of a schema as text, with its table; bytes as what they spell."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{schema}"."{table}"')
            for row in cursor.fetchall():
                parts = (bytes(v).decode("latin-1") if isinstance(v, (bytes, memoryview)) else str(v) for v in row)
                yield table, " ".join(parts)
