"""What the garage plugs into other apps."""
