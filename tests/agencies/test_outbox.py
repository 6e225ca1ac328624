"""The local outbox: mails as files, to be read from this machine alone."""

from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from pytest_django.fixtures import Settings

from apps.agencies.outbox import outbox_list
from tests.cast import Cast, public_browser

BACKEND = "apps.agencies.outbox.OutboxEmailBackend"


@pytest.fixture
def outbox(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = BACKEND
    settings.BEACON_OUTBOX_DIR = tmp_path / "outbox"
    return tmp_path / "outbox"


def send(subject: str) -> None:
    message = EmailMultiAlternatives(subject, f"{subject} as text", to=["ida@people.example"])
    message.attach_alternative(f"<p>{subject} as <b>HTML</b></p>", "text/html")
    message.connection = get_connection(BACKEND)
    message.send()


def test_mails_are_listed_newest_first(cast: Cast, outbox: Path) -> None:
    send("First")
    send("Second")
    assert [mail.subject for mail in outbox_list()] == ["Second", "First"]
    page = public_browser().get("/outbox/").content.decode()
    assert page.index("Second") < page.index("First")


def test_a_mail_is_shown_as_text_and_in_a_sandbox(cast: Cast, outbox: Path) -> None:
    send("Hello")
    [mail] = outbox_list()
    page = public_browser().get(f"/outbox/{mail.name}")
    assert b"Hello as text" in page.content
    assert b"<iframe" in page.content and b"sandbox=" in page.content
    html = public_browser().get(f"/outbox/{mail.name}/html")
    assert html.content.strip() == b"<p>Hello as <b>HTML</b></p>"
    assert "default-src 'none'" in html["Content-Security-Policy"]
    assert "script-src" not in html["Content-Security-Policy"]


def test_an_empty_outbox_says_so(cast: Cast, outbox: Path) -> None:
    assert b"No mail yet" in public_browser().get("/outbox/").content


def test_there_is_no_other_mail_and_no_other_file(cast: Cast, outbox: Path) -> None:
    send("Hello")
    assert public_browser().get("/outbox/00000000000000000000-abcdef").status_code == 404
    assert public_browser().get("/outbox/..%2F..%2Fsecret_key").status_code == 404


def test_it_is_for_this_machine_alone(cast: Cast, outbox: Path) -> None:
    browser = public_browser()
    assert browser.get("/outbox/", REMOTE_ADDR="192.0.2.7").status_code == 404
    assert browser.get("/outbox/", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 404


def test_it_isnt_there_where_mails_really_go_out(cast: Cast, outbox: Path, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert public_browser().get("/outbox/").status_code == 404
