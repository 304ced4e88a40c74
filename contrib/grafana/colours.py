"""What colours mean, and from which value on: the same in every panel."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

GREEN, ORANGE, RED, BLUE, PURPLE, NONE = "green", "orange", "red", "blue", "purple", "transparent"

#: Colour, and the value from which on it is meant; the first has none.
Steps = tuple[tuple[str, float | None], ...]

NEUTRAL: Steps = ((BLUE, None),)
#: Something of which there should be nothing.
NONE_IS_GOOD: Steps = ((GREEN, None), (RED, 1.0))
#: The same, where it can wait for the morning.
NONE_IS_BETTER: Steps = ((GREEN, None), (ORANGE, 1.0))
#: A part of what was promised: at 1 the promise is broken.
OF_A_PROMISE: Steps = ((GREEN, None), (ORANGE, 0.8), (RED, 1.0))
#: What is left of something: below 0 there is none.
LEFT: Steps = ((RED, None), (ORANGE, 0.0), (GREEN, 0.25))
#: 1 is as it should be, 0 is not.
YES_IS_GOOD: Steps = ((RED, None), (GREEN, 1.0))

#: What whole numbers are called, from 0 on, and the colour of each.
Words = tuple[tuple[str, str], ...]


def thresholds(steps: Steps) -> ThresholdsConfig:
    """As Grafana wants them."""
    made = [Threshold(value=value, color=colour) for colour, value in steps]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(made)


def mappings(words: Words) -> list[ValueMapping]:
    """As Grafana wants them."""
    made = {str(value): ValueMappingResult(text=word, color=colour, index=value)
            for value, (word, colour) in enumerate(words)}
    return [ValueMap(made)]


def by_value() -> FieldColor:
    """The colour says what a value means."""
    return FieldColor().mode(FieldColorModeId.THRESHOLDS)


def by_name() -> FieldColor:
    """The same name has the same colour, in every panel."""
    return FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME)


def fixed(colour: str) -> FieldColor:
    """Always this."""
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colour)
