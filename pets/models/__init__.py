"""Owners, pets, and the two histories of a pet."""

from pets.models.history import StatusChange, WeightRecord
from pets.models.owner import Owner
from pets.models.pet import Pet

__all__ = ["Owner", "Pet", "StatusChange", "WeightRecord"]
