"""Temporary."""


def extract() -> None:
    """Example"""
