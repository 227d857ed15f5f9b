"""What payments plugs in: its own gateways."""

from payments.gateways.cash import Cash
from payments.gateways.sandbox import Sandbox
from payments.ports import gateways

gateways.register("sandbox", Sandbox())
gateways.register("cash", Cash())
