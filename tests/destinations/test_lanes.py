"""How many work for one destination, and for one agency, at once."""

from django.db import connection

from apps.core.tenancy import current_schema
from apps.destinations.lanes import AGENCY_LANES, LANES, lane
from tests.cast import Cast


def test_an_agency_leaves_threads_to_others(in_alder: Cast) -> None:
    assert _lane_while_taken("another:destinations", AGENCY_LANES) == 0
    assert _lane_while_taken(f"{current_schema()}:destinations", AGENCY_LANES - 1) == 0
    assert _lane_while_taken(f"{current_schema()}:destinations", AGENCY_LANES) is None


def test_a_destination_has_so_many_at_once(in_alder: Cast) -> None:
    assert _lane_while_taken(f"{current_schema()}:destination:1", 1) == 1
    assert _lane_while_taken(f"{current_schema()}:destination:1", LANES) is None


def _lane_while_taken(name: str, places: int) -> int | None:
    """Return the lane that somebody gets of a destination while another process has so many places of a name."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            for number in range(places):
                cursor.execute("SELECT pg_advisory_lock(hashtext(%s), %s)", [name, number])
        with lane(1) as taken:
            return taken
    finally:
        other.close()
