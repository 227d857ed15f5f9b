"""Auth routes. Those that must remember a refused attempt own their transactions (non-atomic)."""
