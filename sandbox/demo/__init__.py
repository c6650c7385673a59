"""Runs the script behind ``make demo``: no accounts, real processes, a real MP4.

::

    __main__ ─▶ stage     the two sandboxes and the bot, started and ended
             ─▶ story     a member asks; what everybody sees is told by `transcript`
             ─▶ verification   the delivered video against what the provider made
             ─▶ contact_sheet, conversation   the pictures
"""
