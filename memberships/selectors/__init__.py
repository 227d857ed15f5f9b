"""Reads of memberships, referrals and rewards."""
