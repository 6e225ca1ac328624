"""The writer: event streams -> sessions -> PostgreSQL, in bulk and exactly once by position.

`loop` reads, hands each agency's entries to `batch` (one transaction), publishes facts, moves the checkpoint, trims.
`leases` says which partitions are this process'; `parking` isolates what can't be stored.
"""
