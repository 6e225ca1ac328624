"""What each client knows of a company, written by people: tags, owner, notes, watchlist, ignoring; and who wrote it.

It belongs to the client and not to the company or to a site. A site that is moved or deleted leaves it with the client
that had it; it goes with the client, or with the company once nobody knows that any more.
"""
