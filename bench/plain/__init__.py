"""A frozen peer: the same routes as a competent team writes them with Django REST framework on a first day.

ModelViewSet, SimpleJWT, select_related, persistent connections, the middleware of `startproject`, cursor pagination;
the same columns, the same shape of JSON, and a row of odometer history for each new reading.
It has no sessions to revoke, no row-level security, no throttles and no sync: what those cost
the product is part of the comparison. It is not developed further, or figures of two releases could not be compared.
"""
