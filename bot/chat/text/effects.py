"""What the ready-made effects do, and which picture suits them; their names are the catalogue's."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.catalogue import Suits

DOES: Mapping[str, str] = {
    "squish": "is squeezed like a soft toy and springs back",
    "rotation": "turns round and round",
    "poke": "is poked by a finger and gives way",
    "inflate": "swells like a balloon",
    "dissolve": "drifts apart into particles",
    "melt": "melts in a wave of heat",
    "icecream": "turns into ice cream",
    "carousel": "rides a merry-go-round",
    "singleheart": "makes a heart with the hands",
    "dance1": "sways to the beat",
    "dance4": "dances with the fingers",
    "dance5": "breaks into a dance",
    "graduation": "puts on cap and gown",
    "dragon": "is chased by a huge beast",
    "money": "stands in a rain of money",
    "jellyfish": "meets jellyfish",
    "pupil": "lets the camera fly through an eye",
    "dance2": "dances with swinging arms",
    "dance3": "dances under the lights",
    "mermaid": "becomes a mermaid",
    "flying": "floats up by magic",
    "rose": "offers a rose",
    "crystalrose": "offers a glittering rose",
    "hug": "hug each other",
    "frenchkiss": "kiss each other",
    "coupleheart": "make a heart together",
    "hanfu-1": "changes into Tang dynasty dress",
    "solaron": "turns into a mecha",
    "magazine": "appears on a magazine cover",
    "mech1": "awakens as a machine",
    "mech2": "makes a cyberpunk entrance",
}
"""What happens in the video, by the provider's name of the effect."""

SUITS: Mapping[Suits, str] = {
    Suits.ANYTHING: "anything that stands out from its background",
    Suits.PERSON: "one person from the front, half or full body",
    Suits.PERSON_FULL: "one person from the front, full body",
    Suits.PERSON_HALF: "one person from the front, half body",
    Suits.BEING_FULL: "one person or animal from the front, full body",
    Suits.BEING_NO_HANDS: "one person or animal from the front, hands out of sight",
    Suits.TWO: "two people, facing the camera or each other",
}
"""What the picture should show."""
