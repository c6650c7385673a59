"""``python -m bot``."""

from __future__ import annotations

import os

from bot.cli import main

if __name__ == "__main__":
    # Prompts, pictures and links lie in the files of this process: they are its owner's alone.
    os.umask(0o077)
    main()
