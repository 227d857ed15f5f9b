"""What telematics lets the assistant know."""

from chat.ports import knowledge
from telematics.knowing import TelematicsKnowledge

knowledge.register("telematics", TelematicsKnowledge())
