"""Google Ads by the Data Manager API: conversions with a click id or hashed contact data, confirmed up to a day later.

The Google Ads API's own upload takes none from new integrators (since 2026-06-15), so there is no second way here.
"""
