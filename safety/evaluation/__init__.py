"""How often the analysis is right, measured by faults that are put into good tunes. Run it as a module."""
