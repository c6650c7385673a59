"""Takes from the running bot what the documentation shows: replies, commands, pictures.

::

    scenes    what can happen; cast: where, and what is asked for
    script    the scenes, as data; staff: those of moderators, admins and the operator
      └─▶ recorder   plays them: the bot between both sandboxes, as in the demo
            └─▶ reply      a message as lines of text, with ids and times that never change
    options   the table of a command's options, from what the bot registered
    blocks    the generated parts of a document, between their markers
    pictures  the demo's pictures, compressed

``tools.write_docs`` puts it all into ``docs/``; nothing here imports the bot.
"""
