"""Who is on a site right now, pushed within a second. Read side: derives everything from rows, keeps no state of its own."""
