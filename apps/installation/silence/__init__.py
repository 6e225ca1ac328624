"""Sites that were heard from and aren't any more, each judged by its own rhythm."""
