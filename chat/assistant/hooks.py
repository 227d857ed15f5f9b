"""What the assistant plugs into other apps."""
