"""Facts that follow from samples: pure functions of a set of instants, without Django, numpy inside.

Because they see only the set, neither the order in which samples came nor how often matters. What makes a
recompute of a small window equal to one of everything stands in `window`.
"""
