"""A refused destination is told to those who may mend it, once, until it is well again."""

import pytest
from django.core.mail import EmailMessage

from apps.agencies.mails import mail_send
from apps.core import clock
from apps.demo.standing_in.frame import Ask, Reply
from apps.demo.webhook_stand_in.receiver import Receiver
from apps.destinations import tasks, telling
from apps.destinations.delivering import destination_send
from apps.destinations.models import Destination
from apps.destinations.services import destination_change
from apps.destinations.telling import refusal_tell
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import NOW, convert, later, route


class Locked(Receiver):
    def __init__(self) -> None:
        super().__init__(now=lambda: NOW.timestamp())
        self.is_locked = True

    def answer(self, ask: Ask) -> Reply:
        return Reply(401) if self.is_locked else super().answer(ask)


@pytest.fixture
def receiver() -> Locked:
    return Locked()


def test_those_who_may_mend_it_get_one_mail_for_however_many_conversions(
    in_alder: Cast,
    webhook: Destination,
    goal: Goal,
    receiver: Locked,
    mailoutbox: list[EmailMessage],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    route(*(convert(goal, in_alder.site) for _ in range(3)))
    destination_send(webhook.id)
    assert refusal_tell(webhook.id) == 4
    assert refusal_tell(webhook.id) == 0
    # Those who may only read get none, nor does who sees other clients alone.
    told = (in_alder.owner, in_alder.admin, in_alder.manager, in_alder.limited)
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(member.user.email for member in told)
    (mail, *_) = mailoutbox
    assert mail.subject == "Webhook refuses what First site sends it"
    assert "The address answered 401" in mail.body and "waits for 72 hours" in mail.body
    assert f"/s/first-site/destinations/{webhook.id}/edit" in mail.body
    # A later refusal is part of the same trouble; once it has worked, the next one is news.
    later(monkeypatch, hours=2)
    destination_send(webhook.id)
    assert refusal_tell(webhook.id) == 0
    receiver.is_locked = False
    destination_change(
        destination=webhook, name="CRM", settings=webhook.settings, secrets={"secret": ""}, is_test_mode=False
    )
    destination_send(webhook.id)
    receiver.is_locked = True
    route(convert(goal, in_alder.site))
    destination_send(webhook.id)
    assert refusal_tell(webhook.id) == 4
    assert len(mailoutbox) == 8


def test_who_is_limited_to_other_clients_gets_no_mail(
    in_alder: Cast, webhook: Destination, mailoutbox: list[EmailMessage]
) -> None:
    Destination.objects.filter(id=webhook.id).update(
        site_id=in_alder.other_site.id, problem="401", problem_words="No.", problem_at=NOW
    )
    assert refusal_tell(webhook.id) == 3
    assert in_alder.limited.user.email not in {mail.to[0] for mail in mailoutbox}


class Killed(BaseException):
    """A worker's death."""


@pytest.fixture
def refused(webhook: Destination) -> Destination:
    Destination.objects.filter(id=webhook.id).update(problem="401", problem_words="No.", problem_at=NOW)
    return webhook


def asked_to_tell(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return whom the sweep would have told of by now."""
    asked: list[int] = []
    monkeypatch.setattr(tasks.refusal_tell_task, "delay", lambda _, destination_id: asked.append(destination_id))
    tasks._wake_due()
    return asked


def test_a_worker_that_dies_before_the_mail_is_handed_over_loses_none(
    in_alder: Cast, refused: Destination, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(telling, "mail_send", die)
        with pytest.raises(Killed):
            refusal_tell(refused.id)
    # Not at once: one that dies each time would else send without end.
    assert refusal_tell(refused.id) == 0 and not asked_to_tell(monkeypatch)
    later(monkeypatch, minutes=31)
    assert asked_to_tell(monkeypatch) == [refused.id]
    assert refusal_tell(refused.id) == 4 and refusal_tell(refused.id) == 0
    assert len(mailoutbox) == 4 and not asked_to_tell(monkeypatch)
    assert Destination.objects.get().problem_told_at == clock.now()


def test_one_that_dies_after_some_mails_each_time_sends_few(
    in_alder: Cast, refused: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def die_at_the_second(_: str, *, to: str, context: object) -> None:
        sent.append(to)
        if len(sent) % 2 == 0:
            raise Killed

    monkeypatch.setattr(telling, "mail_send", die_at_the_second)
    for minute in range(60):
        later(monkeypatch, minutes=minute)
        if asked_to_tell(monkeypatch):
            with pytest.raises(Killed):
                refusal_tell(refused.id)
    assert len(sent) == 4


def test_a_mail_server_that_is_down_is_tried_again_at_once(
    in_alder: Cast, refused: Destination, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object, **__: object) -> None:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(telling, "mail_send", down)
        assert refusal_tell(refused.id) == 0
    assert asked_to_tell(monkeypatch) == [refused.id]
    assert refusal_tell(refused.id) == 4


def test_who_cant_be_told_keeps_nobody_else_from_it(
    in_alder: Cast, refused: Destination, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fail_at_the_second(template: str, *, to: str, context: dict[str, object]) -> None:
        asked.append(to)
        if len(asked) == 2:
            raise ValueError(to)
        mail_send(template, to=to, context=context)

    monkeypatch.setattr(telling, "mail_send", fail_at_the_second)
    assert refusal_tell(refused.id) == 3 and len(mailoutbox) == 3
    for minutes in (1, 31, 62):
        later(monkeypatch, minutes=minutes)
        assert not asked_to_tell(monkeypatch) and refusal_tell(refused.id) == 0
    assert len(asked) == 4


def test_where_nobody_can_be_told_it_is_tried_again_after_a_while(
    in_alder: Cast, refused: Destination, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(telling, "mail_send", lambda *_, **__: 1 / 0)
        assert refusal_tell(refused.id) == 0
    assert refusal_tell(refused.id) == 0 and not asked_to_tell(monkeypatch)
    later(monkeypatch, minutes=31)
    assert asked_to_tell(monkeypatch) == [refused.id] and refusal_tell(refused.id) == 4


def test_another_refusal_while_the_first_is_told_is_news(
    in_alder: Cast, refused: Destination, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:

    def refused_anew(*given: str, **more: object) -> None:
        Destination.objects.update(problem="403", problem_at=clock.now())
        mail_send(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(telling, "mail_send", refused_anew)
    later(monkeypatch, minutes=1)
    assert refusal_tell(refused.id) == 4
    monkeypatch.setattr(telling, "mail_send", mail_send)
    assert refusal_tell(refused.id) == 4
