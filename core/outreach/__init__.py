"""Verdicts to deliveries to outcomes."""
