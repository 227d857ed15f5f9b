"""From the bytes of a device to samples: pure, no database."""
