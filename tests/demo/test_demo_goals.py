"""The demo's goals: made once, and met by what its visitors are simulated to do."""

from apps.demo.goals import GOALS, goals_ensure
from apps.demo.world import BRINDLEWICK, KESTREL
from apps.sites.goals.patterns import Page, page_matches
from apps.sites.goals.services import goal_archive
from apps.sites.models import Goal
from apps.tracking.models import GoalRun
from tests.cast import Cast


def test_they_are_made_once(in_alder: Cast) -> None:
    goals_ensure(in_alder.site)
    goals_ensure(in_alder.site)
    assert set(Goal.objects.values_list("name", flat=True)) == set(GOALS)
    assert not GoalRun.objects.exists()
    for goal in Goal.objects.all():
        goal_archive(goal=goal, user_name="Ann")
    goals_ensure(in_alder.site)
    assert not Goal.objects.filter(archived_at=None).exists()


def test_every_page_that_they_ask_for_is_there() -> None:
    pages = [Page(world.host, page.path) for world in (KESTREL, BRINDLEWICK) for page in world.pages]
    for name, rule in GOALS.items():
        assert any(page_matches(rule.page, page) for page in pages), name
