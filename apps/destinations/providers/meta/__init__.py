"""Meta by the Conversions API: conversions of people whom its cookies or hashed contact data recognise, counted once
with the browser pixel's by a shared event id.
"""
