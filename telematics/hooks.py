"""What telematics plugs into other apps."""
