"""Facts follow from samples and reports: plugged into the store."""

from telematics import ports
from telematics.services.dtcs import reported
from telematics.services.facts import appended

ports.appended.register("facts", appended)
ports.reported.register("codes", reported)
