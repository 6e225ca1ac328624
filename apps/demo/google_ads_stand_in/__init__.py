"""A local stand-in for Google Ads: the Data Manager API and Google's token endpoint, as strict as their documents.

Each rule's docstring names the section of the wire contract ("google-ads-conversions") that it follows: A is the Data
Manager API. Not Google's, and nothing it answers comes from there.
"""
