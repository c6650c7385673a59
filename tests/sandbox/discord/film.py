"""The bytes the driven bot calls a film; apart from the bot so that tests need not import it."""

FINISHED_FILM = b"\x00\x00\x00\x18ftypmp42" + b"film" * 64
