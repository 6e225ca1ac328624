"""Who can say what an address is: the local databases, and IPinfo."""
