"""Narrow copies of whole local days, by which filtered panels are counted: one row a day, an array a column.

Built, marked, forgotten and checked with the rollups, and read under the same rule: a day that is built and unmarked.
encoding.py is how arrays lie in the database, build.py makes a day's, day.py unpacks it, conditions.py says which of
its visits meet filters, counting.py sums them up, and reading.py goes through the days of a period.
"""
