"""Log lines: for people or as JSON, each with the id of its request, none with an address of anybody."""

import logging
import re
from ipaddress import ip_address
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from .request_ids import request_id

LINE = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
FIELDS = ("levelname", "name", "message", "request_id", "process", "threadName", "exc_info")
NAMES = {"levelname": "level", "name": "logger", "threadName": "thread", "exc_info": "error"}
# Whatever else a library hangs on its records (Django: the request itself) stays out.
KEPT = {"at", "level", "logger", "message", "request_id", "process", "thread", "error", "status_code"}
EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d]{2,63}")
# What may be an address of the internet: four numbers, colons among hexadecimal digits, or both.
V4 = r"\d{1,3}(?:\.\d{1,3}){3}"
V6 = r"[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}"
MAY_BE_ADDRESS = re.compile(rf"(?<![\w.:])(?:(?:[0-9a-fA-F]{{0,4}}:){{2,6}}{V4}|{V4}|{V6})(?![\w:]|\.\d)")
CREDENTIAL = re.compile(
    r"(?i)(\bbearer\s+|://[^/\s:@]*:|\b(?:password|token|secret|api_key)['\"]?\s*[=:]\s*['\"]?)[^\s'\"@&,]+"
)
HIDDEN = "..."


def without_persons(text: str) -> str:
    """Return a log's text without e-mail addresses, credentials and addresses of others than this machine.

    A net beneath the rule that none of this is logged: an exception's text is its library's, and may quote a value.
    """
    text = CREDENTIAL.sub(rf"\1{HIDDEN}", text)
    if "@" in text:
        text = EMAIL.sub(HIDDEN, text)
    return MAY_BE_ADDRESS.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    try:
        address = ip_address(found[0])
    except ValueError:  # a version, a time of day
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else HIDDEN


class WithRequestId(logging.Filter):
    """Has every record name its request; `-` where there is none."""

    def filter(self, record: logging.LogRecord) -> bool:
        asked = getattr(record, "request", None)
        record.request_id = getattr(asked, "request_id", None) or request_id.get()
        return True


class Line(logging.Formatter):
    """One line for a person, an exception's traceback behind it."""

    def __init__(self) -> None:
        super().__init__(LINE)

    def format(self, record: logging.LogRecord) -> str:
        return without_persons(super().format(record))


class Json(JsonFormatter):
    """One JSON object a line, for machines that collect logs."""

    def __init__(self) -> None:
        super().__init__(FIELDS, rename_fields=NAMES, timestamp="at")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in log_data.items() if name in KEPT and value is not None}
        return {name: without_persons(value) if isinstance(value, str) else value for name, value in kept.items()}
