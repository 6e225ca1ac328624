"""What an address is, asked of a provider elsewhere. Knows nothing of companies, visits or agencies.

Addresses are in clear in here and in `tracking` alone: they come in under their hash, and what leaves is an answer.
"""
