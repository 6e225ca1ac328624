"""The floor every other app stands on: time, ids, hashing, sealing, tenancy, facts. No product nouns, no tables."""
