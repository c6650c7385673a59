"""From a press to a queued job."""
