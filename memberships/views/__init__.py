"""Routes of memberships, referrals and rewards."""
