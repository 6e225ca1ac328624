"""Who is on a site right now, pushed within a second. Read side: derived from rows, no state of its own."""
