"""The last thing the fork server imports: what is loaded by then is nobody's garbage.

The bot collects once when it has started; in a fork that would read all of the server's heap.
"""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
