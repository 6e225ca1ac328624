"""The local outbox: mails that would have gone out, as files that can be read at `/outbox/`."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as ParsedMessage
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from apps.core import clock
from apps.core.ids import public_key

NAME = re.compile(r"[0-9]{20}-[a-z0-9]{6}")
SHOWN = 200


class OutboxEmailBackend(BaseEmailBackend):
    """Writes each mail as an .eml file. Names are time-ordered and appear when the file is whole."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = outbox_folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            path = folder / f"{time.time_ns():020}-{public_key(length=6)}.eml"
            draft = path.with_suffix(".part")
            draft.write_bytes(message.message().as_bytes())
            draft.rename(path)
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """A mail as the outbox shows it."""

    name: str
    to: str
    subject: str
    sent_at: datetime
    text: str
    html: str


def outbox_folder() -> Path:
    return Path(settings.BEACON_OUTBOX_DIR)


def is_outbox_in_use() -> bool:
    return f"{OutboxEmailBackend.__module__}.{OutboxEmailBackend.__qualname__}" == settings.EMAIL_BACKEND


def outbox_list() -> list[OutboxMail]:
    """Return the newest mails, newest first."""
    paths = sorted(outbox_folder().glob("*.eml"), reverse=True)
    return [_read(path) for path in paths[:SHOWN]]


def outbox_get(name: str) -> OutboxMail | None:
    """Return a mail by its file's name without the ending; None where there is none."""
    path = outbox_folder() / f"{name}.eml"
    return _read(path) if NAME.fullmatch(name) and path.is_file() else None


def _read(path: Path) -> OutboxMail:
    # The modern policy parses into EmailMessage, which the function's own type doesn't say.
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, ParsedMessage)
    return OutboxMail(
        name=path.stem,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        sent_at=datetime.fromtimestamp(path.stat().st_mtime, tz=clock.now().tzinfo),
        text=_body(message, "plain"),
        html=_body(message, "html"),
    )


def _body(message: ParsedMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
