"""The tracker in real browsers."""
