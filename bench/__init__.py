"""Processor time per request, beside a plain DRF application and beside the least that could answer."""
