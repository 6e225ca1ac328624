"""The frame of local servers that stand in for third parties: each enforces what its contract documents, says no where
the real one would, and remembers what it took.
"""
