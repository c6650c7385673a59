"""The bytes the driven bot calls a video; apart from the bot so that tests need not import it."""

FINISHED_VIDEO = b"\x00\x00\x00\x18ftypmp42" + b"film" * 64
