"""Bodies of the auth routes."""
