"""What payments plugs in: its own gateways."""

from payments.gateways.cash import Cash
from payments.gateways.razorpay import Razorpay
from payments.gateways.sandbox import Sandbox
from payments.ports import gateways

gateways.register("razorpay", Razorpay())
gateways.register("cash", Cash())
gateways.register("sandbox", Sandbox())
