"""Which organisation a visit came from, with ground and confidence."""
