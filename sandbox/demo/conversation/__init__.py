"""The conversation as a picture: what a member saw, drawn from the recorded messages.

::

    picture    which moments are shown, and the windows with them on one desk
      └─▶ composer, windows   a command being typed; messages and what surrounds them
            └─▶ parts             embeds, buttons, media:  boxes that know their height
                  └─▶ flow            text broken into lines
                        └─▶ richtext      Discord's markup as runs of one style
                        └─▶ ink           colours, fonts, shapes

Everything is our own drawing in the manner of a chat window; lengths are logical pixels, the
canvas has ``ink.SCALE`` real ones for each.
"""
