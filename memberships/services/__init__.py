"""Deeds of members (joining), of money (paying, standing), of time (renewing), and of friends (referring, giving)."""
