"""Names of visitors' hosts (reverse DNS): an address' registered name, where it is confirmed, tells an organisation.

naming.py says which domain a name tells, asking.py asks a name server, within a budget and with what is known of
lately, and sweep.py goes through visits.
"""
