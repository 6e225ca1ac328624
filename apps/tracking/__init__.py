"""From a request to a stored event in a session. Knows nothing of companies."""
