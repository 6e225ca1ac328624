"""Beacon's wiring: settings, addresses, processes, and which fact starts which work."""
