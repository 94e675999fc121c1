"""What people do on the floor: one file a question, metres and seconds throughout, never pixels."""

from spoton_mapper.behaviour.parameters import BehaviourParameters
from spoton_mapper.behaviour.rule import BehaviourEvents

__all__ = ["BehaviourEvents", "BehaviourParameters"]
