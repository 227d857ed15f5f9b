"""Shapes of memberships, referrals and rewards."""
