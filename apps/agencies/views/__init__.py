"""Pages of the public host, and the way in and out of an agency's."""
