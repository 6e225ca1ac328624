import json
from pathlib import Path

import pytest

from apps.core import projection
from apps.core.countries import country_name
from apps.core.maps import Named, Place, diamonds, dots, shades
from apps.core.projection import project

WORLD = Path(__file__).parents[2] / "static" / "dist" / "world.json"


def built() -> dict[str, object]:
    assert WORLD.exists(), "The map isn't built: run `npm run build`."
    world: dict[str, object] = json.loads(WORLD.read_text())
    return world


def test_python_puts_places_where_the_build_draws_them() -> None:
    samples = built()["samples"]
    assert isinstance(samples, list)
    for sample in samples:
        assert project(*sample["point"]) == pytest.approx(sample["at"], abs=0.002)


def test_both_know_the_same_map() -> None:
    world = built()
    assert (world["width"], world["height"]) == (projection.WIDTH, projection.HEIGHT)
    assert (world["scale"], world["rotate"]) == (projection.SCALE, projection.ROTATE)


def test_every_country_of_the_map_has_a_name() -> None:
    codes = built()["codes"]
    assert isinstance(codes, list)
    assert len(codes) > 170
    assert [code for code in codes if country_name(code) == code] == []


def test_the_far_east_of_siberia_stands_right_of_alaska() -> None:
    chukotka, _ = project(-170.5, 66)
    alaska, _ = project(-166, 66)
    assert chukotka > 800 and alaska < 200


@pytest.mark.parametrize(("code", "name"), [("DE", "Germany"), ("de", "Germany"), ("ZZ", "ZZ"), ("", "Unknown")])
def test_country_names(code: str, name: str) -> None:
    assert country_name(code) == name


def test_shades_spread_small_countries_out() -> None:
    assert shades({"DE": 6240, "US": 2712, "AT": 1204, "BR": 200, "FJ": 0}) == {"DE": 4, "US": 3, "AT": 2, "BR": 1}
    assert shades({}) == {}


def test_places_close_together_are_one_disc() -> None:
    found = dots([Place(13.1, 52.4, 2, "Potsdam"), Place(13.4, 52.5, 3, "Berlin"), Place(-74, 40.7, 1, "New York")])
    assert [(dot.count, dot.label) for dot in found] == [(5, "Berlin, Potsdam"), (1, "New York")]
    assert found[0].radius > found[1].radius


def test_a_disc_of_many_places_names_three() -> None:
    places = [Place(0, 0, 1, name) for name in ("A", "B", "C", "D", "E", "A")]
    assert dots(places)[0].label == "A, B, C and 2 more"


def test_a_diamonds_label_stands_where_there_is_room() -> None:
    """To the right and above; below where another has that place; inside the map; none where all is full."""
    munich = Named(11.6, 48.1, "Varnholt AG", "/contact")
    first, second, *rest = diamonds([munich] * 6)
    assert (first.anchor, second.anchor, first.label_x) == ("start", "end", round(first.x + 52, 1))
    assert [mark.label_x for mark in rest][-1] is None
    (auckland,) = diamonds([Named(174.8, -36.9, "A" * 40, "/")])
    assert auckland.anchor == "end" and len(auckland.name) == 28
