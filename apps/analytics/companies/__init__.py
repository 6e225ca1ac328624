"""Pages of companies: the list, and each one's own. They stand here since they show what all other apps know."""
