"""What a chat window consists of: people, messages, the window itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

from typing_extensions import override

from sandbox.demo.conversation.ink import Canvas, Colour, Face, width_of
from sandbox.demo.conversation.parts import Box, Column

WINDOW_WIDTH = 472.0
BAR_HEIGHT = 40.0
PAD = 14.0
GUTTER = 50.0
"""From the left of an avatar to the left of what is said."""

CONTENT = WINDOW_WIDTH - 2 * PAD - GUTTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who says something."""

    name: str
    fill: str
    is_bot: bool = False

    def paint(self, canvas: Canvas, centre: tuple[float, float], radius: float) -> None:
        """Draw the avatar: the first letter, or the bot's two frames."""
        canvas.circle(centre, radius, fill=self.fill)
        x, y = centre
        if self.is_bot:
            side = radius * 0.72
            canvas.box(
                (x - side, y - side * 0.78, side * 1.2, side * 1.2), fill="#9aa4ff", radius=2
            )
            canvas.box(
                (x - side * 0.2, y - side * 0.42, side * 1.2, side * 1.2), fill="#ffffff", radius=2
            )
            return
        size = radius * 1.05
        letter = self.name[:1].upper()
        wide = width_of(letter, Face.STRONG, size)
        canvas.text(
            (x - wide / 2, y + size * 0.36), letter, face=Face.STRONG, size=size, fill=Colour.WHITE
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Above(Box):
    """The small line above a message: what it answers."""

    person: Person
    before: str
    """What stands behind the name."""
    chip: str = ""
    """A command's name."""

    @property
    @override
    def height(self) -> float:
        return 22

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        centre, spine = top + 10, left + 19.0
        corner = [
            (
                spine + 6 - 6 * math.cos(step * math.pi / 20),
                centre + 6 - 6 * math.sin(step * math.pi / 20),
            )
            for step in range(11)
        ]
        canvas.line([(spine, top + 20), *corner, (left + 44, centre)], fill=Colour.BUTTON, width=2)
        x = left + GUTTER
        self.person.paint(canvas, (x + 8, centre), 8)
        x = canvas.text(
            (x + 21, centre + 4.5), self.person.name, face=Face.MEDIUM, size=13, fill=Colour.HEADING
        )
        x = canvas.text(
            (x + 5, centre + 4.5), self.before, face=Face.TEXT, size=13, fill=Colour.FAINT
        )
        if self.chip:
            wide = width_of(self.chip, Face.MEDIUM, 13)
            canvas.box((x + 5, centre - 9, wide + 10, 19), fill=Colour.MENTION, radius=4)
            canvas.text(
                (x + 10, centre + 4.5),
                self.chip,
                face=Face.MEDIUM,
                size=13,
                fill=Colour.MENTION_TEXT,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Header(Box):
    """Name, tag and time."""

    person: Person
    stamp: str

    @property
    @override
    def height(self) -> float:
        return 22

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        baseline = top + 15.5
        x = canvas.text(
            (left, baseline), self.person.name, face=Face.STRONG, size=15, fill=Colour.HEADING
        )
        if self.person.is_bot:
            wide = width_of("APP", Face.STRONG, 10)
            canvas.box((x + 6, baseline - 12, wide + 10, 15), fill=Colour.TAG, radius=4)
            canvas.text(
                (x + 11, baseline - 0.8), "APP", face=Face.STRONG, size=10, fill=Colour.WHITE
            )
            x += 16 + wide
        canvas.text((x + 8, baseline), self.stamp, face=Face.TEXT, size=12, fill=Colour.FAINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Box):
    """What somebody says, with everything around it."""

    person: Person
    above: Above | None
    inside: Column
    """Header, text, attachments, embeds, buttons."""
    private: bool = False
    pings: bool = False

    @property
    @override
    def height(self) -> float:
        return self._above_height + self.inside.height + (2 * self._edge)

    @property
    def _above_height(self) -> float:
        return self.above.height + 3 if self.above else 0

    @property
    def _edge(self) -> float:
        return 10 if self.private or self.pings else 2

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        ground = (left - PAD, top, WINDOW_WIDTH, self.height)
        if self.private:
            canvas.box(ground, fill=Colour.PRIVATE)
            canvas.box((left - PAD, top, 3, self.height), fill=Colour.TAG)
        if self.pings:
            canvas.box(ground, fill=Colour.PINGED)
            canvas.box((left - PAD, top, 3, self.height), fill=Colour.PINGED_EDGE)
        top += self._edge
        if self.above:
            self.above.paint(canvas, left, top)
        top += self._above_height
        self.person.paint(canvas, (left + 19, top + 20), 19)
        self.inside.paint(canvas, left + GUTTER, top)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyYou(Box):
    """The note below a private answer."""

    @property
    @override
    def height(self) -> float:
        return 16

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        eye = [
            (left + 1 + step, top + 8 - 4.4 * math.sin(step / 14 * math.pi)) for step in range(15)
        ]
        lower = [(x, 2 * (top + 8) - y) for x, y in eye]
        canvas.line(eye, fill=Colour.FAINT, width=1.4)
        canvas.line(lower, fill=Colour.FAINT, width=1.4)
        canvas.circle((left + 8, top + 8), 2.2, fill=Colour.FAINT)
        x = canvas.text(
            (left + 22, top + 12.3),
            "Only you can see this  ·  ",
            face=Face.TEXT,
            size=12,
            fill=Colour.FAINT,
        )
        canvas.text((x, top + 12.3), "Dismiss message", face=Face.TEXT, size=12, fill=Colour.LINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Box):
    """A chat window with the channel's name."""

    channel: str
    step: str
    """What happens in it."""
    inside: Column

    @property
    @override
    def height(self) -> float:
        return BAR_HEIGHT + self.inside.height + 2 * PAD

    @override
    def paint(self, canvas: Canvas, left: float, top: float) -> None:
        self.stretched(canvas, left, top, self.height)

    def stretched(self, canvas: Canvas, left: float, top: float, height: float) -> None:
        """Draw it at least as tall as its neighbours."""
        place = (left, top, WINDOW_WIDTH, height)
        canvas.box(place, fill=Colour.WINDOW, radius=10)
        low = (False, False, True, True)
        canvas.box((left, top, WINDOW_WIDTH, BAR_HEIGHT), fill=Colour.BAR, radius=10, square=low)
        x = canvas.text((left + PAD, top + 26), "#", face=Face.MEDIUM, size=17, fill=Colour.FAINT)
        canvas.text(
            (x + 6, top + 25.5), self.channel, face=Face.STRONG, size=15, fill=Colour.HEADING
        )
        wide = width_of(self.step, Face.TEXT, 13)
        canvas.text(
            (left + WINDOW_WIDTH - PAD - wide, top + 25),
            self.step,
            face=Face.TEXT,
            size=13,
            fill=Colour.FAINT,
        )
        self.inside.paint(canvas, left + PAD, top + BAR_HEIGHT + PAD)
