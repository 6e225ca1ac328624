"""What the databases' licences ask to be shown."""

from pathlib import Path

from pytest_django.fixtures import Settings

from apps.networks.attribution import attributions, unknown_because

from .databases import make_databases


def test_every_source_that_asks_for_it_is_named_with_its_link() -> None:
    assert [(found.text, found.url) for found in attributions()] == [
        ("IP address data powered by IPinfo", "https://ipinfo.io"),
        ("IP Geolocation by DB-IP", "https://db-ip.com"),
    ]


def test_a_page_can_say_why_places_are_unknown(tmp_path: Path, settings: Settings) -> None:
    settings.BEACON_DATA_DIR = tmp_path
    assert "places and networks and companies aren't installed" in unknown_because()
    make_databases(tmp_path)
    assert unknown_because() == ""
