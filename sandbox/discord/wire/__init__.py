"""Writes and reads Discord's formats: payloads, multipart bodies, signed file addresses."""
