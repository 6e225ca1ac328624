"""A local stand-in for Meta's Conversions API, as strict as its documents.

Each rule's docstring names the section of the wire contract ("meta-conversions-api") that it follows. Not Meta's, and
nothing it answers comes from there.
"""
