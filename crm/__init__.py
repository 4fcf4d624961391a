"""Organisations, people, consent, segments and matching: what the coalition knows, and who may see it."""
