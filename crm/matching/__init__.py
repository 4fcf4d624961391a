"""Which rows are one person: keys, blocking, scores, guards and tiers, on embedded DuckDB and Splink.

Knows nothing of Django: rows come in as tables of DuckDB and pairs go out (docs/explanation/matching.md).
"""
