"""The whole of Beacon, from a browser to the database and back."""
