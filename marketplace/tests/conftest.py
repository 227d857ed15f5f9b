from marketplace.tests.making import reader

__all__ = ["reader"]
