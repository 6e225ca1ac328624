"""Notes on a company: who may write and change them, whom they tell, and how they are shown."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.agencies.models import Membership
from apps.companies import tasks
from apps.companies.knowledge import telling
from apps.companies.knowledge.mentions import mentions_in, note_html
from apps.companies.knowledge.people import Colleague
from apps.companies.models import Company, CompanyMention, CompanyNote
from apps.core import clock
from tests.cast import Cast

IDA = Colleague(1, "Ida Sandvik", "ida@alder.example")
TOM = Colleague(2, "Tom Reuter", "tom@alder.example")
TOMMY = Colleague(3, "Tommy Reuter", "tommy@alder.example")
OTHER_TOM = Colleague(4, "Tom Ash", "ash@alder.example")


@pytest.mark.parametrize(
    ("text", "people", "meant"),
    [
        ("@Ida Sandvik, look", [IDA, TOM], [1]),
        ("ask @ida SANDVIK or @tom", [IDA, TOM], [1, 2]),
        ("@Tommy Reuter knows", [TOM, TOMMY], [3]),
        ("@Tommy knows", [TOM, TOMMY], [3]),
        ("@Tom knows", [TOM, OTHER_TOM], []),  # which one?
        ("@Tom Ash knows", [TOM, OTHER_TOM], [4]),
        ("@ash@alder.example knows", [TOM, OTHER_TOM], [4]),
        ("write to ida@Ida.example", [IDA], []),
        ("@Idaho", [IDA], []),
        ("@nobody", [IDA], []),
        ("(@Ida)", [IDA], [1]),
        ("@", [IDA], []),
    ],
)
def test_who_is_meant(text: str, people: list[Colleague], meant: list[int]) -> None:
    assert [one.id for mention in mentions_in(text, people) for one in mention.people] == meant


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\ntwo", "one<br>two"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        (
            "see https://a.example/?x=1&y=2 <b>",
            'see <a href="https://a.example/?x=1&amp;y=2" rel="nofollow">https://a.example/?x=1&amp;y=2</a> &lt;b&gt;',
        ),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("hi @ida <b>", 'hi <b class="mention">@ida</b> &lt;b&gt;'),
    ],
)
def test_how_it_is_shown(text: str, html: str) -> None:
    assert note_html(text, [IDA]) == html


def test_a_name_of_markup_is_only_a_name() -> None:
    rogue = Colleague(9, "<img src=x>", "rogue@alder.example")
    assert note_html("@<img src=x>", [rogue]) == '<b class="mention">@&lt;img src=x&gt;</b>'


# --- through the door -------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The tasks that wait for a worker, as what they were given."""
    waiting: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.mention_mail_task, "apply_async", lambda given, **_: waiting.append(given))
    return waiting


def work(queue: list[tuple[Any, ...]]) -> None:
    while queue:
        tasks.mention_mail_task(*queue.pop(0))


def page() -> str:
    return f"/s/first-site/companies/{Company.objects.get(domain='varnholt.example').id}"


def write(cast: Cast, who: Membership, text: str) -> int:
    return int(cast.browser(who).post(f"{page()}/notes", {"text": text}).status_code)


def test_a_note_stands_on_the_page_of_this_client_alone(worked_month: Cast) -> None:
    assert write(worked_month, worked_month.analyst, "Met <b>them</b> at the fair") == 302
    html = worked_month.browser(worked_month.viewer).get(page()).content.decode()
    assert "Met &lt;b&gt;them&lt;/b&gt; at the fair" in html and "Alder analyst" in html
    other = worked_month.browser(worked_month.owner).get(page().replace("first", "second")).content.decode()
    assert "at the fair" not in other


def test_sent_twice_it_is_written_once(worked_month: Cast) -> None:
    for _ in range(2):
        write(worked_month, worked_month.analyst, "Call in January")
    assert CompanyNote.objects.count() == 1


def test_whom_it_mentions_is_told_once_by_mail(
    worked_month: Cast,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    queue: list[tuple[Any, ...]],
) -> None:
    cast = worked_month
    with django_capture_on_commit_callbacks(execute=True):
        write(cast, cast.analyst, f"@{cast.limited.user.name} call them. <b>@Alder analyst</b>")
    assert mail.outbox == [] and len(queue) == 1  # whoever writes waits for no mail server
    work([*queue, *queue])
    queue.clear()
    (told,) = mail.outbox
    assert told.to == [cast.limited.user.email]
    note = CompanyNote.objects.get()
    assert told.subject == "Alder analyst mentioned you in a note on Varnholt AG"
    assert f"{cast.alder.slug}." in told.body and f"{page()}#note-{note.id}" in told.body
    html = str(told.alternatives[0][0])  # type: ignore[attr-defined]
    assert "&lt;b&gt;@Alder analyst&lt;/b&gt;" in html
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        text = f"@{cast.limited.user.name} and @{cast.owner.user.name}, call them"
        cast.browser(cast.analyst).post(f"{page()}/notes/{note.id}", {"text": text})
    work(queue)
    assert [one.to for one in mail.outbox] == [[cast.owner.user.email]]


def test_who_is_taken_out_before_they_are_mailed_and_named_again_gets_one_mail(worked_month: Cast) -> None:
    cast, named = worked_month, f"@{worked_month.owner.user.name} call them"
    write(cast, cast.analyst, named)
    note = CompanyNote.objects.get()
    for text in ("Call them", named):
        cast.browser(cast.analyst).post(f"{page()}/notes/{note.id}", {"text": text})
    tasks.mentions_sweep_task()
    assert len(mail.outbox) == 1


def test_what_no_wake_up_told_of_is_mailed_by_the_sweep(worked_month: Cast) -> None:
    write(worked_month, worked_month.analyst, f"@{worked_month.owner.user.name} call them")
    for _ in range(2):
        tasks.mentions_sweep_task()
    assert [one.to for one in mail.outbox] == [[worked_month.owner.user.email]]
    assert not CompanyMention.objects.exists()


def test_while_somebody_is_at_it_nobody_else_is(worked_month: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    write(worked_month, worked_month.analyst, f"@{worked_month.owner.user.name} call them")
    mention = CompanyMention.objects.get()

    def send(*_: Any, **__: Any) -> None:
        sent.append(telling.mention_mail(mention.id))  # as another worker would

    sent: list[bool] = []
    monkeypatch.setattr(telling, "mail_send", send)
    assert telling.mention_mail(mention.id) and sent == [False]


@pytest.mark.parametrize("failures", [3, telling.MOST_TRIES])
def test_while_the_mail_server_is_away_it_is_tried_again_for_two_hours(
    worked_month: Cast, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    began = now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    write(worked_month, worked_month.analyst, f"@{worked_month.owner.user.name} call them")
    mention = CompanyMention.objects.get()

    def refuse(*_: Any, **__: Any) -> None:
        raise SMTPServerDisconnected

    pauses = []
    with monkeypatch.context() as away:
        away.setattr(telling, "mail_send", refuse)
        for _ in range(failures):
            assert not telling.mention_mail(mention.id)
            mention.refresh_from_db()
            pauses.append((mention.due_at - now).total_seconds())
            assert not telling.mentions_due()
            now = mention.due_at
    is_given_up = failures == telling.MOST_TRIES
    assert telling.mention_mail(mention.id) is not is_given_up
    assert len(mail.outbox) == (0 if is_given_up else 1)
    assert not CompanyMention.objects.exists()
    assert pauses[:6] == [30, 60, 120, 240, 480, 600][:failures]
    if is_given_up:
        assert timedelta(hours=2) < now - began < timedelta(hours=2.5)


@pytest.mark.parametrize("gone", ["note", "mention", "member"])
def test_who_is_no_longer_meant_or_may_not_see_it_is_not_mailed(
    worked_month: Cast,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    queue: list[tuple[Any, ...]],
    gone: str,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        write(worked_month, worked_month.analyst, f"@{worked_month.viewer.user.name} call them")
    assert len(queue) == 1
    if gone == "note":
        CompanyNote.objects.all().delete()
    elif gone == "mention":
        CompanyNote.objects.update(mentioned_ids=[])
    else:
        worked_month.viewer.delete()
    work(queue)
    assert mail.outbox == []


def test_who_doesnt_see_the_client_is_neither_offered_nor_told(
    worked_month: Cast,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    queue: list[tuple[Any, ...]],
) -> None:
    cast = worked_month
    second = page().replace("first", "second")
    with django_capture_on_commit_callbacks(execute=True):
        text = f"@{cast.limited.user.name} @{cast.outsider.user.email}"
        cast.browser(cast.owner).post(f"{second}/notes", {"text": text})
    assert mail.outbox == [] and queue == []
    html = cast.browser(cast.owner).get(second).content.decode()
    assert cast.limited.user.email not in html
    assert CompanyNote.objects.get().mentioned_ids == []


@pytest.mark.parametrize(("text", "why"), [("  ", "Write something"), ("x\x00", "NUL"), ("x" * 5_001, "5,001")])
def test_a_note_that_is_refused_stands_there_again(worked_month: Cast, text: str, why: str) -> None:
    answer = worked_month.browser(worked_month.analyst).post(f"{page()}/notes", {"text": text})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert not CompanyNote.objects.exists()


def test_ones_own_is_changed_and_deleted_by_oneself_anybodys_by_managers(worked_month: Cast) -> None:
    cast = worked_month
    write(cast, cast.analyst, "Mine")
    write(cast, cast.owner, "The owner's")
    mine, owners = CompanyNote.objects.order_by("id")

    def post(who: Membership, note: CompanyNote, **sent: str) -> int:
        return int(cast.browser(who).post(f"{page()}/notes/{note.id}", sent).status_code)

    assert post(cast.viewer, mine, text="No") == 403
    assert post(cast.analyst, owners, text="No") == 403
    assert post(cast.analyst, owners, do="delete") == 403
    assert post(cast.analyst, mine, text="Changed") == 302
    assert post(cast.limited, owners, text="By a manager") == 302
    assert post(cast.analyst, mine, text=" ") == 422
    mine.refresh_from_db()
    owners.refresh_from_db()
    assert (mine.text, owners.text) == ("Changed", "By a manager") and mine.edited_at is not None
    assert post(cast.manager, mine, do="delete") == 302
    assert post(cast.manager, mine, do="delete") == 404
    html = cast.browser(cast.viewer).get(page()).content.decode()
    assert "deleted a note of Alder analyst" in html and "Change</a>" not in html
