"""Log lines: JSON or for people, under their request's id, without persons and keys."""

import json
import logging
import re
import subprocess
import sys

import pytest
from django.conf import LazySettings
from django.test import Client

from apps.core.logs import Json, Line, WithRequestId, without_persons
from apps.core.request_ids import id_from, request_id
from config.local.folders import CHECKOUT
from tests.tracking.processes import environment


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("apps.test").makeRecord(
        "apps.test", logging.WARNING, "file.py", 1, message, args, None, extra=dict(extra)
    )
    assert WithRequestId().filter(made)
    return made


def test_a_json_line_has_its_request_and_nothing_a_library_hangs_on_it() -> None:
    token = request_id.set("proxy-12345678")
    try:
        line = json.loads(
            Json().format(record("%s went", "this", status_code=404, request="<GET '/?mail=a@b.example'>"))
        )
    finally:
        request_id.reset(token)
    assert line.pop("at").endswith("+00:00")
    assert isinstance(line.pop("process"), int)
    assert line == {
        "level": "WARNING",
        "logger": "apps.test",
        "message": "this went",
        "request_id": "proxy-12345678",
        "thread": "MainThread",
        "status_code": 404,
    }


def test_an_exception_is_part_of_its_line() -> None:
    made = record("it failed")
    try:
        raise ValueError("Key (email)=(ann@example.org) already exists")
    except ValueError:
        made.exc_info = sys.exc_info()
    line = Json().format(made)
    assert "\n" not in line
    assert json.loads(line)["error"].endswith("ValueError: Key (email)=(...) already exists")
    assert "ann@" not in Line().format(made)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from ann.smith+x@mail.example.org today", "from ... today"),
        ("peer 203.0.113.7 and [2001:db8::77]:443", "peer ... and [...]:443"),
        ("peer ::ffff:203.0.113.7", "peer ..."),
        ("at 127.0.0.1:5432 and ::1 it was refused", "at 127.0.0.1:5432 and ::1 it was refused"),
        ("version 1.2.3 at 12:30:05, step 4.10", "version 1.2.3 at 12:30:05, step 4.10"),
        ("Authorization: Bearer bk_abcdefgh and on", "Authorization: Bearer ... and on"),
        ("redis://:s3cret@127.0.0.1:6379/0", "redis://:...@127.0.0.1:6379/0"),
        ("postgresql://beacon:s3cret@127.0.0.1:5432/beacon", "postgresql://beacon:...@127.0.0.1:5432/beacon"),
        ("password='hunter2' token: abc", "password='...' token: ..."),
        ("CheckViolation in a_12.event_2026_11, 3 of 200 rows", "CheckViolation in a_12.event_2026_11, 3 of 200 rows"),
    ],
)
def test_a_line_holds_no_persons_and_no_keys(text: str, expected: str) -> None:
    assert without_persons(text) == expected


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "mail@example.org", "with space 1", "käse-12345", "a\nb-1234567"]
)
def test_an_id_that_isnt_well_formed_is_replaced(given: str) -> None:
    made = id_from(given)
    assert made != given
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,64}", made)
    assert id_from(made) == made


def test_a_page_that_isnt_there_is_logged_under_the_id_that_is_answered(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.addFilter(WithRequestId())
    response = Client().get("/no-such-page", headers={"Host": "localhost", "X-Request-ID": "abc-12345678"})
    assert response["X-Request-ID"] == "abc-12345678"
    (logged,) = [one for one in caplog.records if one.name == "django.request"]
    assert logged.request_id == "abc-12345678"  # type: ignore[attr-defined]


LOGS = """
import logging, django
django.setup()
from apps.core.request_ids import request_id
request_id.set("abc-12345678")
logging.getLogger("apps.anything").info("said by %s", "eva@example.org")
logging.getLogger("uvicorn.error").warning("from the server")
logging.getLogger("celery.worker").info("unheard")
"""


@pytest.mark.parametrize(
    ("settings_module", "is_json"), [("config.settings.prod", True), ("config.settings.dev", False)]
)
def test_real_lines_are_json_in_production_and_for_people_else(settings_module: str, is_json: bool) -> None:
    env = environment({"DJANGO_SETTINGS_MODULE": settings_module})
    done = subprocess.run(
        [sys.executable, "-c", LOGS], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=True
    )
    first, second = done.stderr.splitlines()
    if is_json:
        assert [json.loads(line)["message"] for line in (first, second)] == ["said by ...", "from the server"]
        assert {json.loads(line)["request_id"] for line in (first, second)} == {"abc-12345678"}
    else:
        assert first.endswith("INFO apps.anything [abc-12345678] said by ...")


def test_the_format_can_be_chosen_and_a_wrong_one_stops_the_start(settings: LazySettings) -> None:
    env = environment({"DJANGO_SETTINGS_MODULE": "config.settings.dev", "BEACON_LOG_FORMAT": "xml"})
    done = subprocess.run(
        [sys.executable, "-c", LOGS], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "BEACON_LOG_FORMAT is 'xml': write one of line, json." in done.stderr
