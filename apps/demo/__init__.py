"""A demo agency with life in it: simulated people and bots who browse through the real doors. Imported by nobody."""
