"""`make bench`: what Beacon reaches on this machine, against a reference of the same run.

Each module of this package with a `NAME` and a `run(world)` is a benchmark; `world` offers servers of its own, an
agency with a site, and processes to measure. Tables go to the screen, everything to bench-results/*.json.
"""
