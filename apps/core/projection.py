"""Where a place lies on the world map: the Equal Earth projection, turned and scaled as static/build/world.mjs does it.

Pure. Formula and constants: B. Šavrič, T. Patterson, B. Jenny, "The Equal Earth map projection" (2018), as in d3-geo.
"""

from math import asin, cos, radians, sin, sqrt

WIDTH = 1000
HEIGHT = 473
# The map is cut in the Bering Strait, not at 180 degrees, so that no country stands on both edges.
ROTATE = 11.0
SCALE = 199.4
TRANSLATE = (498.1, 264.3)

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_M = sqrt(3) / 2


def project(longitude: float, latitude: float) -> tuple[float, float]:
    """Return x and y, in units of the map's view box, of a place in degrees (east and north are positive)."""
    turned = radians((longitude - ROTATE + 180) % 360 - 180)
    angle = asin(_M * sin(radians(max(-90.0, min(90.0, latitude)))))
    square = angle * angle
    sixth = square**3
    x = turned * cos(angle) / (_M * (_A1 + 3 * _A2 * square + sixth * (7 * _A3 + 9 * _A4 * square)))
    y = angle * (_A1 + _A2 * square + sixth * (_A3 + _A4 * square))
    return TRANSLATE[0] + SCALE * x, TRANSLATE[1] - SCALE * y
