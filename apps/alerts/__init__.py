"""Mails that somebody asked for: a company turns hot, a target account looks at a page that matters, the digest."""
