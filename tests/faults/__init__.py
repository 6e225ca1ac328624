"""`make test-faults`: load, processes killed in turn, and then the accounts to the last event."""
