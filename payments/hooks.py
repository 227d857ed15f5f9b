"""What payments plugs in: its own gateways, and its cards and personal data into core."""

from core.ports import dashboard_cards, personal_data
from payments.gateways.cash import Cash
from payments.gateways.razorpay import Razorpay
from payments.gateways.rewards import Rewards
from payments.gateways.sandbox import Sandbox
from payments.personal import PaymentData
from payments.ports import gateways
from payments.reports import RevenueCard, TillCard

gateways.register("razorpay", Razorpay())
gateways.register("cash", Cash())
gateways.register("sandbox", Sandbox())
gateways.register("rewards", Rewards())
dashboard_cards.register("revenue", RevenueCard())
dashboard_cards.register("till", TillCard())
personal_data.register("payments", PaymentData())
