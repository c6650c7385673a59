"""A video that every phone and browser plays, of one that some decoder reads: H.264 and AAC.

Run in a child process by ``child``. One pass of x264 by quality, so well that nobody sees it; where
that is too large to be sent, ``shrink`` makes another one of the original.
"""

from __future__ import annotations

import math
from pathlib import Path

import av

from bot.domain.jobs.ai_label import AiLabel
from bot.domain.jobs.delivery import ProbedVideo
from bot.media.encoding import THREADS, recipe, trouble, write
from bot.media.video import examine, probe

_QUALITY = {"crf": "17", "maxrate": "40M", "bufsize": "40M"}
"""17 is "visually lossless or nearly so": https://trac.ffmpeg.org/wiki/Encode/H.264. The rate
bounds what noise would cost."""


def make_playable(
    source: Path, target: Path, *, label: AiLabel, may_be_cut: bool = False
) -> ProbedVideo:
    """Re-encode a video to one that plays everywhere.

    Args:
        source: the video.
        target: a name in a folder of its own; unless this returns, what is there is not to be
            used.
        label: what the new file says of being made by AI, where the source says nothing.
        may_be_cut: the end of the source may be missing, as long as this is a blemish.

    Raises:
        MediaUnreadableError: the source does not decode.
    """
    facts = examine(source, max_seconds=math.inf, threads=THREADS, may_be_cut=may_be_cut)
    try:
        write(source, target, recipe(facts, label=label, options=_QUALITY))
        return probe(target, max_seconds=math.inf, threads=THREADS)
    except av.FFmpegError as error:
        raise trouble(error) from error
