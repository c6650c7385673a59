"""Lists refusals, with the code and sentence Discord uses.

Codes and sentences: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from __future__ import annotations

from sandbox.discord.world.json import Json


class ApiError(Exception):
    """A refusal as it goes over the wire."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        errors: Json | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        """HTTP status."""
        body: Json = {"message": message, "code": code, **(extra or {})}
        if errors:
            body["errors"] = errors
        self.body = body
        """JSON body."""


def unauthorized() -> ApiError:
    """The bot token is missing or wrong."""
    return ApiError(401, 0, "401: Unauthorized")


def not_found() -> ApiError:
    """No such route."""
    return ApiError(404, 0, "404: Not Found")


def unknown_channel() -> ApiError:
    """The channel was deleted or never was."""
    return ApiError(404, 10003, "Unknown Channel")


def unknown_guild() -> ApiError:
    """The guild was deleted or never was."""
    return ApiError(404, 10004, "Unknown Guild")


def unknown_member() -> ApiError:
    """The user is not in that guild."""
    return ApiError(404, 10007, "Unknown Member")


def unknown_message() -> ApiError:
    """The message was deleted, is somebody's ephemeral one, or never was."""
    return ApiError(404, 10008, "Unknown Message")


def unknown_user() -> ApiError:
    """No such user."""
    return ApiError(404, 10013, "Unknown User")


def unknown_webhook() -> ApiError:
    """No interaction with an answer belongs to that token."""
    return ApiError(404, 10015, "Unknown Webhook")


def unknown_interaction() -> ApiError:
    """The acknowledgement came after three seconds, or the token is wrong."""
    return ApiError(404, 10062, "Unknown interaction")


def unknown_command() -> ApiError:
    """No such application command."""
    return ApiError(404, 10063, "Unknown application command")


def slow_mode(retry_after_seconds: float) -> ApiError:
    """The channel is in slow mode and the bot may not bypass it."""
    return ApiError(
        429,
        20016,
        "This action cannot be performed due to slowmode rate limit.",
        extra={"retry_after": retry_after_seconds, "global": False},
    )


def old_message_edits(retry_after_seconds: float) -> ApiError:
    """Too many edits of messages older than an hour; seen in the wild as a 429."""
    return ApiError(
        429,
        30046,
        "Maximum number of edits to messages older than 1 hour reached. Try again later.",
        extra={"retry_after": retry_after_seconds, "global": False},
    )


def too_large() -> ApiError:
    """A file exceeds the upload limit."""
    return ApiError(413, 40005, "Request entity too large")


def already_acknowledged() -> ApiError:
    """The interaction has its first response already."""
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def missing_access() -> ApiError:
    """The bot cannot see that place."""
    return ApiError(403, 50001, "Missing Access")


def not_in_direct_messages() -> ApiError:
    """Nobody can delete what somebody else wrote in a direct message."""
    return ApiError(403, 50003, "Cannot execute action on a DM channel")


def foreign_message() -> ApiError:
    """Only the author may edit a message."""
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> ApiError:
    """Nothing to show."""
    return ApiError(400, 50006, "Cannot send an empty message")


def direct_messages_closed() -> ApiError:
    """The user takes no direct messages from the bot."""
    return ApiError(403, 50007, "Cannot send messages to this user")


def not_a_text_channel() -> ApiError:
    """Categories and forums hold no messages."""
    return ApiError(400, 50008, "Cannot send messages in a non-text channel")


def missing_permissions() -> ApiError:
    """The bot sees the place but may not do that there."""
    return ApiError(403, 50013, "Missing Permissions")


def dead_webhook_token() -> ApiError:
    """The interaction is older than fifteen minutes."""
    return ApiError(401, 50027, "Invalid Webhook Token")


def bad_recipient() -> ApiError:
    """A direct message channel cannot be opened with that id."""
    return ApiError(400, 50033, "Invalid Recipient(s)")


def invalid_form(errors: Json) -> ApiError:
    """The body breaks the documented rules; ``errors`` mirrors its shape."""
    return ApiError(400, 50035, "Invalid Form Body", errors=errors)


def archived_thread() -> ApiError:
    """The thread is archived; only posting un-archives it."""
    return ApiError(
        400,
        50083,
        "Tried to perform an operation on an archived thread, such as editing a message or adding "
        "a user to the thread",
    )


def broken_json() -> ApiError:
    """The body is not JSON."""
    return ApiError(400, 50109, "The request body contains invalid JSON.")


def no_mutual_guild() -> ApiError:
    """Bot and user share no guild."""
    return ApiError(403, 50278, "Cannot send messages to this user due to having no mutual guilds")


def reply_without_history() -> ApiError:
    """Replying needs READ_MESSAGE_HISTORY."""
    return ApiError(403, 160002, "Cannot reply without permission to read message history")


def locked_thread() -> ApiError:
    """The thread is locked: no new messages, no edits without MANAGE_THREADS."""
    return ApiError(403, 160005, "Thread is locked")


def blocked_by_automod() -> ApiError:
    """A word of the guild's AutoMod list was used."""
    return ApiError(400, 200000, "Message was blocked by automatic moderation")
