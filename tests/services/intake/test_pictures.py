"""Outside pictures before a job: who is asked to look at them."""

from __future__ import annotations

from unittest.mock import create_autospec

from bot.media.child import MediaPool
from bot.services.intake.pictures import Pictures


async def test_a_wish_without_pictures_has_no_preview_and_bothers_no_child() -> None:
    media = create_autospec(MediaPool, instance=True)
    assert await Pictures(media).prepare([]) == ((), None)
    assert media.mock_calls == []
