"""What memberships lets the assistant know."""

from chat.ports import knowledge
from memberships.knowing import MembershipKnowledge

knowledge.register("memberships", MembershipKnowledge())
