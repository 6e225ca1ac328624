"""Whole points that add up: largest remainder. Pure."""

import math
from collections.abc import Sequence


def whole_points(points: Sequence[float], whole: int) -> list[int]:
    """Return each amount rounded down or up so that they add up to `whole`, which is their sum rounded either way.

    Those with the largest remainder are rounded up; of equal ones the first. Amounts may be below zero.
    """
    floors = [math.floor(one) for one in points]
    missing = whole - sum(floors)
    by_remainder = sorted(range(len(points)), key=lambda index: floors[index] - points[index])
    for place in range(max(0, missing)):
        floors[by_remainder[place % len(points)]] += 1
    # Sums of floats may end a hair beyond a whole number; what is smallest gives it back.
    for place in range(max(0, -missing)):
        floors[by_remainder[-1 - place % len(points)]] -= 1
    return floors
