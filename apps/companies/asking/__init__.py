"""Asking a service elsewhere, whichever: within a budget, left alone when it fails, with an end, and counted.

Knows nothing of companies or addresses; shared by `enrichment` (networks) and `profiles`.
"""
