"""Normalising what people are called and how they are reached: pure functions, no Django."""
