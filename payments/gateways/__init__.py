"""Ways for money to come in: razorpay, cash, sandbox. They register themselves through payments/hooks.py."""
