"""What telematics lets the assistant know of the state of a vehicle; talk.py has its codes and trips."""

from chat.ports import knowledge
from telematics.knowing_state import VehicleState

knowledge.register("telemetry", VehicleState())
