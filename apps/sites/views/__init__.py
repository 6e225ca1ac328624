"""`/settings` of an agency: its clients, their sites, and who may what."""
