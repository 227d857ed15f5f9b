"""Routes of the workshop."""
