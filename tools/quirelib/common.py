"""Paths, and the one way in which anything fails."""
import os

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("QUIRE_BUILD", os.path.join(TOP, "build"))

MISSING = 69
PANIC = 70
ENDED_EARLY = 71
TIMED_OUT = 124


class Failure(Exception):
    """One clear line and an exit status."""

    def __init__(self, message, status=1):
        super().__init__(message)
        self.status = status
