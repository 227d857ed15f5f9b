"""Facts follow from samples: plugged into the store."""

from telematics import ports
from telematics.services.facts import appended

ports.appended.register("facts", appended)
