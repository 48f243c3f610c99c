"""Importing this module registers every kind of fact this release can read."""

from kiosk.facts import (
    cases,
    clocks,
    codes,
    complaints,
    days,
    devices,
    galleries,
    leaderboard,
    lots,
    prizes,
    quarantine,
    quizzes,
    shifts,
    tallies,
)
from kiosk.facts.kinds import REGISTRY

__all__ = [
    "REGISTRY",
    "cases",
    "clocks",
    "codes",
    "complaints",
    "days",
    "devices",
    "galleries",
    "leaderboard",
    "lots",
    "prizes",
    "quarantine",
    "quizzes",
    "shifts",
    "tallies",
]
