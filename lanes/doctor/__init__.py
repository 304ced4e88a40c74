"""The doctor: looks at a live site and says what is wrong, why it matters, and what mends it."""
