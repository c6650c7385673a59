"""Tools of the people who work on Tween; nothing here belongs to the bot."""
