"""Sources as files: what the digest says, or made anew."""

import os
from pathlib import Path

import pytest

from task_scheduler.core.errors import StoreError
from task_scheduler.store.source_folder import SourceFolder
from task_scheduler.testing.builders import SOURCE, digest_of

DIGEST = digest_of(SOURCE)


class Record:
    """Sources by digest, counting how often it is asked."""

    def __init__(self, sources: dict[str, bytes]) -> None:
        self.sources = sources
        self.asked = 0

    def content(self, digest: str) -> bytes | None:
        self.asked += 1
        return self.sources.get(digest)


@pytest.fixture
def record() -> Record:
    return Record({DIGEST: SOURCE})


@pytest.fixture
def folder(tmp_path: Path, record: Record) -> SourceFolder:
    return SourceFolder(tmp_path / "sources", record.content)


def test_a_source_becomes_a_file_once(folder: SourceFolder, record: Record) -> None:
    paths = {folder.path(DIGEST) for _ in range(3)}

    (path,) = paths
    assert path.read_bytes() == SOURCE
    assert record.asked == 1


def test_a_file_from_an_earlier_life_is_used_when_it_is_right(
    folder: SourceFolder, record: Record, tmp_path: Path
) -> None:
    folder.path(DIGEST)

    SourceFolder(tmp_path / "sources", record.content).path(DIGEST)

    assert record.asked == 1


def test_a_removed_file_is_made_anew(folder: SourceFolder) -> None:
    folder.path(DIGEST).unlink()

    assert folder.path(DIGEST).read_bytes() == SOURCE


def test_an_altered_file_is_made_anew_even_with_its_size_and_time_kept(folder: SourceFolder) -> None:
    path = folder.path(DIGEST)
    before = path.stat()
    path.write_bytes(SOURCE.replace(b"hello", b"jello"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert folder.path(DIGEST).read_bytes() == SOURCE


def test_a_torn_file_of_an_earlier_life_is_made_anew(folder: SourceFolder, record: Record, tmp_path: Path) -> None:
    folder.path(DIGEST).write_bytes(SOURCE[:5])

    assert SourceFolder(tmp_path / "sources", record.content).path(DIGEST).read_bytes() == SOURCE


def test_a_source_that_is_not_on_record_is_refused(folder: SourceFolder) -> None:
    with pytest.raises(StoreError, match="no source with digest 000"):
        folder.path("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", DIGEST.upper(), DIGEST + "\n"])
def test_what_is_no_digest_is_no_path(folder: SourceFolder, record: Record, name: str) -> None:
    with pytest.raises(StoreError, match="not the digest of a source"):
        folder.path(name)

    assert record.asked == 0


def test_a_source_damaged_on_record_is_refused(folder: SourceFolder, record: Record) -> None:
    record.sources[DIGEST] = b"something else"

    with pytest.raises(StoreError, match="is damaged"):
        folder.path(DIGEST)


def test_a_discarded_source_has_no_file(folder: SourceFolder) -> None:
    path = folder.path(DIGEST)

    folder.discard([DIGEST, "0" * 64])

    assert not path.exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, record: Record) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot be written"):
        SourceFolder(tmp_path / "file", record.content).path(DIGEST)
