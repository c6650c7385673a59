from __future__ import annotations

from pathlib import Path

import pytest

from bot.media.files import remove_tree, write_atomically


def test_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "picture.jpg"
    write_atomically(path, b"bytes")
    assert path.read_bytes() == b"bytes"
    assert [entry.name for entry in path.parent.iterdir()] == ["picture.jpg"]


def test_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "picture.jpg"
    write_atomically(path, b"old" * 1000)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.jpg"
    write_atomically(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bot.media.files.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_tree_file_and_nothing_are_removed_alike(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    write_atomically(folder / "in" / "a.jpg", b"a")
    remove_tree(folder)
    write_atomically(folder, b"now a file")
    remove_tree(folder)
    remove_tree(folder)
    assert not folder.exists()


def test_link_is_removed_and_not_what_it_shows(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    write_atomically(kept / "a.jpg", b"a")
    link = tmp_path / "link"
    link.symlink_to(kept, target_is_directory=True)
    remove_tree(link)
    assert not link.exists()
    assert (kept / "a.jpg").exists()
