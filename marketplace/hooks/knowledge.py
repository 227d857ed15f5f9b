"""What the marketplace lets the assistant know."""

from chat.ports import knowledge
from marketplace.knowing import MarketKnowledge

knowledge.register("marketplace", MarketKnowledge())
