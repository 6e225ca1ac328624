"""Sending: once under two workers, tried again when the mail server fails, in the end given up; what is forgotten."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path
from smtplib import SMTPServerDisconnected
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from apps.agencies.models import Agency, Membership
from apps.agencies.roles import Role
from apps.alerts import sending, tasks
from apps.alerts.models import AlertSent, Subscription
from apps.alerts.occasions import hot_raise, targets_raise
from apps.alerts.sending import LEASE, MOST_TRIES, alert_send, alerts_due
from apps.alerts.subscriptions import alerts_tidy, site_forget
from apps.alerts.tasks import alert_send_task, alerts_sweep, hot_raise_task, targets_raise_task
from apps.companies.models import Company
from apps.core.tenancy import in_schema
from apps.scoring.services import scores_work
from apps.tracking.models import Session
from tests import factories
from tests.cast import Cast
from tests.scoring.conftest import company_make, make_hot

from .conftest import NOW, Kind, Outbox, at, known, target, turned_hot, wish
from .mail_server import mail_server


@pytest.fixture
def due(in_alder: Cast, varnholt: Company) -> AlertSent:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    turned_hot(varnholt, in_alder.site)
    hot_raise()
    return AlertSent.objects.get()


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise SMTPServerDisconnected("gone")

    monkeypatch.setattr(sending, "mail_send", refuse)


def test_it_is_noted_as_sent_and_not_sent_again(due: AlertSent, outbox: Outbox) -> None:
    assert alert_send(due.id)
    assert not alert_send(due.id)
    due.refresh_from_db()
    assert (due.sent_at, due.due_at, due.tries, due.content) == (NOW, None, 1, {})
    assert len(outbox()) == 1


def test_mail_programs_can_end_it_with_one_click(due: AlertSent, tmp_path: Path) -> None:
    alert_send(due.id)
    message = message_from_bytes(next(tmp_path.glob("*.eml")).read_bytes())
    assert str(message["List-Unsubscribe"]).replace("\n ", "").startswith("<http://localhost")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].startswith("<alert.a_")


def test_a_failure_is_tried_again_each_time_later(
    due: AlertSent, monkeypatch: pytest.MonkeyPatch, outbox: Outbox
) -> None:
    with monkeypatch.context() as while_broken:
        broken(while_broken)
        assert not alert_send(due.id)
        due.refresh_from_db()
        assert due.due_at == NOW + timedelta(minutes=1)
        assert not alert_send(due.id)  # not its turn yet
        at(while_broken, NOW + timedelta(minutes=1))
        assert not alert_send(due.id)
        due.refresh_from_db()
        assert (due.due_at, due.tries) == (NOW + timedelta(minutes=3), 2)
    at(monkeypatch, NOW + timedelta(minutes=3))
    assert alerts_due() == [due.id]
    monkeypatch.setattr(tasks, "hot_raise", lambda: 1 / 0)  # keeps back itself alone
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    alerts_sweep()
    assert len(outbox()) == 1


def test_a_mail_server_gets_it_once_it_takes_mails_again(
    due: AlertSent, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """The same by SMTP: an hour of refusals, then the whole mail as mail programs get it."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    moment = NOW
    with mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.server_address[1]
        server.answer = b"451 4.3.0 Try again later"
        while moment < NOW + timedelta(hours=1):
            at(monkeypatch, moment)
            assert not alert_send(due.id)
            due.refresh_from_db()
            assert due.due_at is not None and due.due_at > moment
            moment = due.due_at
        assert server.mails == []
        server.answer = b"250 OK"
        at(monkeypatch, moment)
        assert alert_send(due.id) and not alert_send(due.id)
        (mail,) = server.mails
    due.refresh_from_db()
    assert (due.sent_at, due.due_at) == (moment, None)
    message = message_from_bytes(mail, policy=policy.default)
    assert message["Subject"].startswith("Varnholt AG turned hot on First site")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"].startswith("<alert.a_")
    # Of the mail itself, which isn't the moment that it tells of.
    sent_at = parsedate_to_datetime(message["Date"]).replace(tzinfo=UTC)  # "-0000", read as a time of nowhere
    assert abs(sent_at - datetime.now(UTC)) < timedelta(minutes=10)
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    # The address stays whole on its way, as long as it is (on a line of its own), and is the one that the mail shows.
    stop = message["List-Unsubscribe"].strip().strip("<>")
    assert stop in plain.get_content() and f'href="{stop}"' in html.get_content()


def test_in_the_end_it_is_given_up(due: AlertSent, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    AlertSent.objects.update(tries=MOST_TRIES - 1)
    alert_send(due.id)
    due.refresh_from_db()
    assert (due.due_at, due.sent_at) == (None, None)


def test_one_that_kills_each_worker_is_given_up_too(due: AlertSent, outbox: Outbox) -> None:
    AlertSent.objects.update(tries=MOST_TRIES)
    assert not alert_send(due.id)
    assert alerts_due() == []
    assert outbox() == []


def test_who_was_killed_while_sending_is_followed_after_the_lease(
    due: AlertSent, monkeypatch: pytest.MonkeyPatch, outbox: Outbox
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(sending, "mail_send", killed)
        with pytest.raises(Killed):
            alert_send(due.id)
    assert not alert_send(due.id)
    at(monkeypatch, NOW + LEASE)
    assert alert_send(due.id)
    assert len(outbox()) == 1


def test_an_archived_site_sends_nothing(in_alder: Cast, due: AlertSent, outbox: Outbox) -> None:
    in_alder.site.status = "archived"
    in_alder.site.save()
    assert not alert_send(due.id)
    assert outbox() == []


@pytest.mark.parametrize("why", ["gone", "ignored", "set aside"])
def test_what_is_no_visitor_any_more_is_not_told_of(
    in_alder: Cast, varnholt: Company, due: AlertSent, outbox: Outbox, why: str
) -> None:
    if why == "ignored":
        known(varnholt, in_alder.site.client, is_ignored=True)
    elif why == "gone":
        Company.objects.filter(id=varnholt.id).delete()
    else:
        Session.objects.update(set_aside="bot")
    assert not alert_send(due.id)
    assert outbox() == [] and alerts_due() == []


def test_the_sweep_finds_what_no_fact_told_of(in_alder: Cast, varnholt: Company, outbox: Outbox) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    turned_hot(varnholt, in_alder.site, NOW - timedelta(hours=5))
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    for _ in range(2):
        alerts_sweep()
    assert len(outbox()) == 1


@pytest.mark.real
def test_from_the_visits_to_the_mail_by_facts_alone(
    real_agency: Agency, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scores are made, and nobody else does anything: facts wake tasks, which run at once here."""
    for task in (hot_raise_task, targets_raise_task, alert_send_task):
        monkeypatch.setattr(task, "apply_async", lambda given, task=task, **_: task(*given))
    member = factories.make_member(real_agency, Role.VIEWER)
    with in_schema(str(real_agency.schema_name)):
        site = factories.make_site()
        company = company_make("Varnholt AG")
        wish(member, site, Kind.HOT)
        wish(member, site, Kind.TARGET, pages=("/demo",))
        target(company, site.client)
        make_hot(company, site, NOW)
        scores_work()
        assert len(outbox()) == 1  # of the two there are reasons for
        AlertSent.objects.all().delete()
        targets_raise()
    told = {mail.subject.partition(", score")[0].partition(" at ")[0] for mail in outbox()}
    assert told == {f"Varnholt AG turned hot on {site.name}", f"Target account Varnholt AG was on {site.name}"}


@pytest.mark.real
def test_workers_of_either_kind_raise_and_send_once(real_agency: Agency, outbox: Outbox) -> None:
    schema = str(real_agency.schema_name)
    member = factories.make_member(real_agency, Role.VIEWER)
    with in_schema(schema):
        site = factories.make_site()
        company = company_make("Varnholt AG")
        for kind in (Kind.HOT, Kind.TARGET):
            wish(member, site, kind)
        target(company, site.client)
        change = turned_hot(company, site)
    together = Barrier(4)

    def work(number: int) -> tuple[int, int]:
        try:
            with in_schema(schema):
                together.wait(30)
                raised = hot_raise([change.id]) if number % 2 else targets_raise()
                together.wait(30)
                return raised, sum(alert_send(alert_id) for alert_id in AlertSent.objects.values_list("id", flat=True))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, range(4)))
    assert sorted(raised for raised, _ in done) == [0, 0, 0, 1]
    assert sum(sent for _, sent in done) == 1
    assert len(outbox()) == 1


def test_old_mails_and_the_wishes_of_those_who_left_are_forgotten(in_alder: Cast, due: AlertSent) -> None:
    AlertSent.objects.create(
        user_id=1, site_id=in_alder.site.id, kind=Kind.DIGEST, company_id=None, day=date(2026, 1, 5), content={}
    )
    wish(in_alder.limited, in_alder.other_site, Kind.HOT)  # limited since
    wish(in_alder.limited, in_alder.site, Kind.HOT)
    wish(in_alder.analyst, in_alder.site, Kind.DIGEST)
    Membership.objects.filter(id=in_alder.analyst.id).delete()
    assert alerts_tidy() == 3
    assert alerts_tidy() == 0
    assert AlertSent.objects.get() == due
    kept = {(one.user_id, one.site_id) for one in Subscription.objects.all()}
    assert kept == {
        (in_alder.viewer.user_id, in_alder.site.id),
        (in_alder.limited.user_id, in_alder.site.id),
    }


def test_a_deleted_site_takes_its_mails_along(in_alder: Cast, due: AlertSent) -> None:
    site_forget(site_id=in_alder.other_site.id)
    assert AlertSent.objects.exists() and Subscription.objects.exists()
    site_forget(site_id=in_alder.site.id)
    assert not AlertSent.objects.exists() and not Subscription.objects.exists()
