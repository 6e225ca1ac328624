"""A local stand-in for Google Analytics 4: the Measurement Protocol, as strict as its documents.

Each rule's docstring names the section of the wire contract ("ga4-measurement-protocol") that it follows. Not Google's,
and nothing it answers comes from there.
"""
