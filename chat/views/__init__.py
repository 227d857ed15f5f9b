"""The doors of chat."""
