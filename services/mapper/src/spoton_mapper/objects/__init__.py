"""Objects that are picked up and put back, found in what each camera's detector sees of them."""

from spoton_mapper.objects.machine import ObjectEvents
from spoton_mapper.objects.parameters import ObjectParameters

__all__ = ["ObjectEvents", "ObjectParameters"]
