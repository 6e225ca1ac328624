"""Steps an event takes at the door and in the writer, one concern a module."""
