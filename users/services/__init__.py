"""Deeds of identity: each one transaction, each answer the same when repeated. One file for each kind of deed."""
