"""Judging: small pure functions over the facts. Each finds one thing, or several of a kind; or nothing."""
