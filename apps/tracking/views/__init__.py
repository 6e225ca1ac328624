"""Pages about one site that need what tracking knows: its settings, whether the tag works, whether it adds up."""
