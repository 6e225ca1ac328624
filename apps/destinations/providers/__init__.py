"""The providers, one folder each: how a message is put, what its answer means, and what to fill in to set one up."""
