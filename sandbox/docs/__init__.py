"""Takes from the running bot what the documentation shows: replies, commands, pictures.

::

    scenes    what can happen; cast: where, and what is asked for
    script    the scenes, as data; staff: those of moderators, admins and the operator; presses:
      │       buttons, menus and forms
      └─▶ recording  plays each act: the bot between both sandboxes, as in the demo
            └─▶ recorder   plays its scenes; pressing: those with buttons, menus and forms
                  └─▶ reply      a message as lines of text, with ids and times that never change;
                                 component_lines: panels and forms
    options   the table of a command's options, from what the bot registered
    blocks    the generated parts of a document, between their markers
    pictures  the demo's pictures, compressed

``tools.write_docs`` puts it all into ``docs/``; nothing here imports the bot.
"""
