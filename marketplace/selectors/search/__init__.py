"""Finding tunes on the shelf: hand-written SQL over one flat table.

Three traps are avoided here (docs/decisions/marketplace-search.md): the date index walked for a word that nobody
uses, counts and facets over everything that a common word matches, and OFFSET. Conditions are first tried on an
index with a cap; only when the cap is reached, and so many rows match, is the order's index walked instead.
"""

from marketplace.selectors.search.conditions import Wanted
from marketplace.selectors.search.facets import facets, suggestions
from marketplace.selectors.search.pages import ORDERINGS, Page, find_tunes, shelf_version

__all__ = ["ORDERINGS", "Page", "Wanted", "facets", "find_tunes", "shelf_version", "suggestions"]
