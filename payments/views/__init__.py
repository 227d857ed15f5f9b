"""Payment routes: of payers, of gateways, of the sandbox's checkout, and of staff."""
