"""Tables of telematics: storage.py how samples lie, facts.py what follows from them."""

from telematics.models.storage import Daily, Dirty, Latest, Segment, Source, Tail

__all__ = ["Daily", "Dirty", "Latest", "Segment", "Source", "Tail"]
