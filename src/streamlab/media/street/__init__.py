"""The synthetic street: pictures whose every object is known."""

from streamlab.media.street.look import Light, Look, Weather
from streamlab.media.street.scene import Street, TruthBox

__all__ = ["Light", "Look", "Street", "TruthBox", "Weather"]
