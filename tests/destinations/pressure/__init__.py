"""Delivering under pressure: local stand-ins that fail at times, real workers that are killed, and the accounts."""
