"""Corrections apply to the past, and undone they leave what would be there had they never been."""

import contextlib
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.companies import correcting, correction_reach, correction_work
from apps.companies.correction_reach import correction_preview
from apps.companies.correction_work import corrections_unfinished
from apps.companies.corrections import corrections_within
from apps.companies.models import Company, CompanyClient, CompanyCorrection, CompanyMatch
from apps.companies.services import visits_match
from apps.companies.tasks import correction_work_task
from apps.core.errors import Refused
from apps.sites.models import Site
from apps.tracking.models import Session
from tests.cast import Cast
from tests.factories_tracking import visit_make
from tests.tracking.arrivals import envelope, store, view

from .conftest import PROVIDER, QUARRY, VARNHOLT, WESTMERE, ago, network
from .correcting import NOBODY, clue, company_of, seen, state

V, Q, W = "varnholt.example", "quarrystone.example", "westmere.example"
NEW = "new.example"


def made(correction: CompanyCorrection) -> CompanyCorrection:
    stored = correcting.correction_make(correction, by="Ada")
    assert stored is not None and stored.is_carried_out
    return stored


def undo(correction: CompanyCorrection) -> None:
    assert correcting.correction_undo(correction_id=correction.id, by="Ben")


def merge(domain: str, to_domain: str) -> CompanyCorrection:
    return made(correcting.merging(domain=domain, to_domain=to_domain))


def of(domain: str) -> Any:
    return Session.objects.filter(company_id=Company.objects.get(domain=domain).id)


def test_merged_companies_visits_are_the_targets_and_come_back(worked_month: Cast) -> None:
    before = state()
    correction = merge(Q, V)
    assert correction.visits_moved == 1
    assert of(V).count() == 5 and not of(Q).exists()
    match = CompanyMatch.objects.get(evidence__spoke_for=Q)
    assert match.company.domain == V
    undo(correction)
    assert state() == before


def test_first_and_last_seen_follow(worked_month: Cast) -> None:
    first, second = worked_month.first.id, worked_month.second.id
    assert seen(V) == {first: (ago(days=20), ago(hours=1)), second: (ago(days=1), ago(days=1))}
    correction = merge(W, V)
    assert seen(V)[second] == (ago(days=40), ago(days=1))
    assert seen(W) == {}
    undo(correction)
    assert seen(V)[second] == (ago(days=1), ago(days=1))
    assert seen(W) == {second: (ago(days=40), ago(days=40))}


def test_a_moment_set_by_a_visit_that_is_gone_stays(worked_month: Cast) -> None:
    Session.objects.filter(started_at=ago(days=20)).delete()
    undo(merge(Q, V))
    assert seen(V)[worked_month.first.id] == (ago(days=20), ago(hours=1))


def test_what_was_noted_stays_at_its_company_and_is_there_again(worked_month: Cast) -> None:
    CompanyClient.objects.filter(company__domain=Q).update(tags=["supplier"])
    correction = merge(Q, V)
    kept = CompanyClient.objects.get(company__domain=Q)
    assert (kept.tags, kept.is_left) == (["supplier"], True)
    undo(correction)
    kept.refresh_from_db()
    assert (kept.tags, kept.is_left, kept.first_seen_at) == (["supplier"], False, ago(days=3))


def test_new_visits_are_matched_by_the_corrections_in_force(worked_month: Cast) -> None:
    correction = merge(Q, V)
    visit = visit_make(worked_month.site, ago(minutes=1), **QUARRY)
    visits_match()
    assert company_of(visit) == V
    undo(correction)
    assert company_of(visit) == Q


def test_chains_lead_to_their_end_and_circles_are_refused(worked_month: Cast) -> None:
    merge(W, Q)
    merge(Q, V)
    assert of(V).count() == 6
    with pytest.raises(Refused, match="can’t be led back"):
        correcting.merging(domain=V, to_domain=W)
    with pytest.raises(Refused, match=r"merged into quarrystone\.example already"):
        correcting.merging(domain=W, to_domain=V)
    with pytest.raises(Refused, match="itself"):
        correcting.merging(domain=V, to_domain=V)


def test_two_that_were_both_possible_when_shown_make_no_circle(worked_month: Cast) -> None:
    there, back = correcting.merging(domain=Q, to_domain=V), correcting.merging(domain=V, to_domain=Q)
    made(there)
    with pytest.raises(Refused):
        correcting.correction_make(back, by="Ben")
    assert CompanyCorrection.objects.count() == 1


def test_sent_twice_it_is_made_once_and_undone_once(worked_month: Cast) -> None:
    correction = merge(Q, V)
    again = correcting.denying(domain=Q)
    made(again)
    assert correcting.correction_make(correcting.denying(domain=Q), by="Ben") is None
    undo(correction)
    assert not correcting.correction_undo(correction_id=correction.id, by="Ben")


@pytest.mark.parametrize(
    ("field", "values", "moved"),
    [
        ("site", "second", 1),
        ("asn", ["AS64501"], 4),
        ("asn", ["64999"], 0),
        ("network", ["varnholt ag"], 4),
        ("email", ["varnholt.example"], 1),
    ],
)
def test_a_split_makes_another_company(worked_month: Cast, field: str, values: Any, moved: int) -> None:
    clue(of(V).earliest("started_at"), "email", V)
    visits_match()
    before = state()
    named = [str(worked_month.other_site.id)] if values == "second" else values
    split = correcting.splitting(domain=V, to_domain=NEW, to_name="New", field=field, values=named)
    assert correction_preview(split).visits == moved
    made(split)
    assert split.visits_moved == moved
    assert of(NEW).count() == moved
    assert Company.objects.get(domain=NEW).name == ("New")
    undo(split)
    assert state() == before


def test_a_preview_writes_nothing(worked_month: Cast) -> None:
    """Though a visit's e-mail wasn't looked at yet."""
    clue(of(V).earliest("started_at"), "email", Q)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        assert correction_preview(correcting.denying(domain=Q)).visits == 1


def test_not_a_company_makes_its_visits_nobodys_for_good_until_undone(worked_month: Cast) -> None:
    before = state()
    never = made(correcting.denying(domain=V))
    assert not of(V).exists() and seen(V) == {}
    visit = visit_make(worked_month.site, ago(minutes=1), **VARNHOLT)
    visits_match()
    assert company_of(visit) == NOBODY
    Session.objects.filter(id=visit.id).delete()
    undo(never)
    assert state() == before


def test_single_visits_are_in_truth_anothers_or_nobodys(worked_month: Cast) -> None:
    before, visit = state(), of(V).earliest("started_at")
    said = made(correcting.reassigning(session_ids=[visit.id], domain=V, to_domain=NEW, to_name="New Ltd"))
    assert company_of(visit) == NEW and Company.objects.get(domain=NEW).name == "New Ltd"
    assert CompanyMatch.objects.get(session_id=visit.id).evidence["by"] == "Ada"
    nobody = made(correcting.reassigning(session_ids=[visit.id], domain=NEW, to_domain=""))
    assert company_of(visit) == NOBODY
    undo(nobody)
    assert company_of(visit) == NEW
    undo(said)
    assert state() == before


def test_an_unknown_visit_becomes_a_companys(worked_month: Cast) -> None:
    unknown = Session.objects.get(network_kind="consumer")
    made(correcting.reassigning(session_ids=[unknown.id], domain="", to_domain=V))
    assert company_of(unknown) == V


def test_renames_are_undone_in_any_order(worked_month: Cast) -> None:
    def name() -> str:
        return Company.objects.get(domain=V).name

    one, two = (made(correcting.renaming(domain=V, to_name=said)) for said in ("One", "Two"))
    visit_make(worked_month.site, ago(minutes=1), **VARNHOLT)
    visits_match()
    assert name() == "Two"
    undo(one)
    assert name() == "Two"
    undo(two)
    assert name() == "Varnholt AG"


def test_a_providers_stored_visits_follow_where_providers_are_companies(worked_month: Cast) -> None:
    Site.objects.filter(id=worked_month.site.id).update(company_kinds=["business", "consumer"])
    Session.objects.filter(network_kind="consumer").update(matched_at=None)
    visits_match()
    assert merge("telecom.example", V).visits_moved == 1


def test_a_set_aside_visit_follows_once_it_counts_again(worked_month: Cast) -> None:
    visit = of(Q).get()
    Session.objects.filter(id=visit.id).update(set_aside="excluded")
    merge(Q, V)
    Session.objects.filter(id=visit.id).update(set_aside="")
    visits_match()
    assert company_of(visit) == V


def test_many_visits_follow_in_slices(worked_month: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (correction_reach, correction_work):
        monkeypatch.setattr(module, "SLICE_VISITS", 2)
    correction = correcting.correction_make(correcting.merging(domain=V, to_domain=Q), by="Ada")
    assert correction is not None
    assert (correction.is_carried_out, correction.visits_done, correction.visits_total) == (False, 2, 4)
    assert corrections_unfinished() == [correction.id]
    correction_work_task(str(worked_month.alder.schema_name), correction.id)
    correction.refresh_from_db()
    assert (correction.is_carried_out, correction.visits_done, correction.visits_moved) == (True, 4, 4)
    assert not of(V).exists() and not corrections_unfinished()


# --- visits that a late event joins -----------------------------------------------------------------------------------


def test_what_was_said_of_a_visit_holds_when_a_late_event_joins_it_to_an_older_one(in_alder: Cast) -> None:
    """Stored by the writer: at 0 and 25 minutes, late, so that the visit at 50 becomes part of another one twice."""
    site = in_alder.site
    store(envelope(site, view(50)))
    visits_match()
    gone = Session.objects.get()
    said = made(correcting.reassigning(session_ids=[gone.id], domain="", to_domain=V, to_name="Varnholt"))
    for minutes, visits in ((0, 2), (25, 1), (-25, 1)):
        store(envelope(site, view(minutes)))
        visits_match()
        assert Session.objects.count() == visits
    joined = Session.objects.get()
    assert joined.id != gone.id and company_of(joined) == V
    again = correcting.reassigning(session_ids=[joined.id], domain=V, to_domain=V)
    assert correcting.correction_make(again, by="Ben") is None
    with contextlib.suppress(_Back), transaction.atomic():
        assert merge(V, Q).visits_moved == 1 and company_of(joined) == Q
        raise _Back
    assert list(corrections_within([site.id])) == [said] and not corrections_within([in_alder.other_site.id])
    assert correction_preview(said, undoes=True).visits == 1
    undo(said)
    assert company_of(joined) == NOBODY and seen(V) == {}


# --- whatever is corrected and undone ---------------------------------------------------------------------------------

_DOMAINS = st.sampled_from([V, Q, W, NEW])
_ACTIONS = st.one_of(
    st.tuples(st.just("merge"), _DOMAINS, _DOMAINS),
    st.tuples(st.just("split"), _DOMAINS, _DOMAINS, st.sampled_from([("asn", "64501"), ("email", Q), ("site", "")])),
    st.tuples(st.just("reassign"), st.integers(0, 9), st.one_of(_DOMAINS, st.just(""))),
    st.tuples(st.just("rename"), _DOMAINS, st.sampled_from(["One", "Two"])),
    st.tuples(st.just("never"), _DOMAINS),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("visit"), st.integers(0, 2)),
)


@given(actions=st.lists(_ACTIONS, min_size=1, max_size=9), undoes_all=st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_ends_as_if_all_were_matched_afresh(in_alder: Cast, actions: list[Any], undoes_all: bool) -> None:
    with contextlib.suppress(_Back), transaction.atomic():
        _traffic(in_alder)
        visits_match()
        for action in actions:
            with contextlib.suppress(Refused):
                _act(in_alder, action)
        if undoes_all:
            for correction in CompanyCorrection.objects.filter(undone_at__isnull=True).order_by("?"):
                undo(correction)
        ended = state()
        if undoes_all:
            CompanyCorrection.objects.all().delete()
        _afresh()
        assert ended == state()
        raise _Back


class _Back(Exception):
    """Ends an example's transaction without keeping anything of it."""


def _traffic(cast: Cast) -> None:
    first, second = cast.site, cast.other_site
    for site, days, who in ((first, 9, VARNHOLT), (first, 5, QUARRY), (second, 7, VARNHOLT), (second, 3, WESTMERE)):
        visit_make(site, ago(days=days), **who)
    other_name = network("Varnholt Logistics", V, asn=64509)
    visit_make(first, ago(days=2), **other_name)
    clue(visit_make(first, ago(days=4), **PROVIDER), "email", Q)
    clue(visit_make(second, ago(days=1), **VARNHOLT), "email", Q)
    clue(visit_make(second, ago(days=6), **WESTMERE), "link", NEW, "New by link")
    visit_make(first, ago(days=8), **PROVIDER)


def _act(cast: Cast, action: Any) -> None:
    kind, *rest = action
    if kind == "undo":
        stored = list(CompanyCorrection.objects.order_by("id"))
        if stored:
            correcting.correction_undo(correction_id=stored[rest[0] % len(stored)].id, by="Ben")
    elif kind == "visit":
        visit_make(cast.site, ago(hours=5 + rest[0]), **(VARNHOLT, QUARRY, WESTMERE)[rest[0]])
        visits_match()
    else:
        correcting.correction_make(_correction(cast, kind, rest), by="Ada")


def _correction(cast: Cast, kind: str, rest: list[Any]) -> CompanyCorrection:
    if kind == "merge":
        return correcting.merging(domain=rest[0], to_domain=rest[1])
    if kind == "split":
        field, value = rest[2]
        values = [value or str(cast.site.id)]
        return correcting.splitting(domain=rest[0], to_domain=rest[1], to_name="Split", field=field, values=values)
    if kind == "rename":
        return correcting.renaming(domain=rest[0], to_name=rest[1])
    if kind == "never":
        return correcting.denying(domain=rest[0])
    ids = list(Session.objects.order_by("id").values_list("id", flat=True))
    chosen = [ids[rest[0] % len(ids)]]
    return correcting.reassigning(session_ids=chosen, domain="", to_domain=rest[1], to_name="Said")


def _afresh() -> None:
    """Forget all that was found, and match all visits by the corrections in force."""
    CompanyMatch.objects.all().delete()
    CompanyClient.objects.all().delete()
    Company.objects.all().delete()
    Session.objects.update(company_id=None, matched_at=None)
    visits_match()
