"""The club for staff: members and why they leave, plans with a preview, the queue of referrals, rewards."""

from memberships.admin import members, plans, referrals

__all__ = ["members", "plans", "referrals"]
