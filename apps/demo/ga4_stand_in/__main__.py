"""`python -m apps.demo.ga4_stand_in`: prints what to enter in a destination's form."""

from apps.demo.standing_in.frame import run

from .server import PORT, GA4StandIn
from .world import Stream

if __name__ == "__main__":
    stream = Stream()
    print(f"measurement ID: {stream.measurement_id}\nAPI secret: {stream.api_secret}")
    run(GA4StandIn(stream), port=PORT)
