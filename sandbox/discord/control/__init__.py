"""``/_sandbox``: what tests in another process see and do over HTTP."""
