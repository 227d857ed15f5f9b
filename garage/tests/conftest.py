from garage.tests.making import garage_plugs

__all__ = ["garage_plugs"]
