"""Pictures and videos: the only importer of Pillow and PyAV, run in child processes."""
