"""What safety lets the assistant know."""

from chat.ports import knowledge
from safety.knowing import SafetyKnowledge

knowledge.register("safety", SafetyKnowledge())
