"""Importing this module registers every kind of fact this release can read."""

from kiosk.facts import cases, complaints, devices, galleries, quizzes, shifts, tallies
from kiosk.facts.kinds import REGISTRY

__all__ = ["REGISTRY", "cases", "complaints", "devices", "galleries", "quizzes", "shifts", "tallies"]
