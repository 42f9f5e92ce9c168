"""A store in a folder, for laptops, tests and shared file systems."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from gridctl_trainer.contract.errors import NotAnObjectError, NotFoundError, StoreError
from gridctl_trainer.contract.location import folder_text
from gridctl_trainer.host.atomic_file import TEMPORARY_PREFIX, replacing
from gridctl_trainer.storage.base import Blob, Stat, require_key, require_size

_SUFFIXES: Final = frozenset((".json", ".jsonl", ".log", ".pt", ".yaml"))
_REMOVE: Final = "remove it"


class FolderStore:
    """Keeps objects as files. A write goes to a temporary file beside the target, which is synced and renamed.

    Temporary files that a killed process leaves begin with `.writing-` and are never listed.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.abspath(root))

    @property
    def url(self) -> str:
        return folder_text(self._root)

    def get(self, key: str, max_bytes: int | None = None) -> Blob:
        path = self._path(key)
        try:
            with _open_file(path) as file:
                status = os.fstat(file.fileno())
                require_size(status.st_size, max_bytes, path)
                return Blob(file.read(), _etag(status))
        except OSError as error:
            self._fail(error, path)

    def get_file(self, key: str, path: Path) -> None:
        source = self._path(key)
        try:
            with _open_file(source) as file, replacing(path) as target:
                shutil.copyfileobj(file, target, 1 << 20)
        except OSError as error:
            self._fail(error, source)

    def put(self, key: str, data: bytes) -> str:
        path = self._path(key)
        try:
            with replacing(path) as file:
                file.write(data)
            return _etag(path.stat())
        except OSError as error:
            self._fail(error, path, writing=True)

    def put_file(self, key: str, path: Path) -> str:
        target = self._path(key)
        try:
            with path.open("rb") as source, replacing(target) as file:
                shutil.copyfileobj(source, file, 1 << 20)
            return _etag(target.stat())
        except OSError as error:
            self._fail(error, target, writing=True)

    def create(self, key: str, data: bytes) -> bool:
        path = self._path(key)
        try:
            with replacing(path, only_if_absent=True) as file:
                file.write(data)
        except FileExistsError:
            return False
        except OSError as error:
            self._fail(error, path, writing=True)
        return True

    def exists(self, key: str) -> bool:
        path = self._path(key)
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            self._fail(error, path)
        return path.is_file()

    def list(self, prefix: str = "") -> Iterator[Stat]:
        folder = prefix.rpartition("/")[0]
        base = self._path(folder) if folder else self._root
        self._require_folder()
        try:
            keys = sorted(path.relative_to(self._root).as_posix() for path in _files(base))
        except OSError as error:
            self._fail(error, base)
        for key in keys:
            if not key.startswith(prefix):
                continue
            with contextlib.suppress(FileNotFoundError):  # it was deleted meanwhile
                yield self._stat(key)

    def folders(self) -> Iterator[str]:
        """List the distinct first parts of the keys."""
        self._require_folder()
        try:
            with os.scandir(self._root) as entries:
                return iter(sorted(entry.name for entry in entries if entry.is_dir()))
        except FileNotFoundError:
            return iter(())
        except OSError as error:
            self._fail(error, self._root)

    def _stat(self, key: str) -> Stat:
        """Metadata of a file. Unreadable files are included, so that reading them says why and they can be deleted."""
        path = self._path(key)
        try:
            status = path.stat()
        except OSError:
            status = path.lstat()
        return Stat(key, status.st_size, _etag(status), status.st_mtime)

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
            for parent in path.parents:  # an object store has no empty folders
                if parent == self._root or not parent.is_relative_to(self._root):
                    break
                parent.rmdir()
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR):
                self._fail(error, path)

    def _path(self, key: str) -> Path:
        return self._root.joinpath(*require_key(key, self._root).split("/"))

    def _require_folder(self) -> None:
        """Refuse a root that is not a folder. A root that does not exist yet is an empty store.

        Raises:
            StoreError: The root is a file or a broken link.
        """
        if os.path.lexists(self._root) and not self._root.is_dir():
            what = "this link leads to no folder" if self._root.is_symlink() else "this is a file, not a folder"
            raise StoreError(what, where=self._root, fix="give the path of a folder")

    def _fail(self, error: OSError, path: Path, *, writing: bool = False) -> NoReturn:
        if writing and isinstance(error, NotADirectoryError | FileNotFoundError):
            blocked = next((folder for folder in path.parents if os.path.lexists(folder) and not folder.is_dir()), None)
            if blocked:
                raise StoreError(
                    "there is a file or a broken link where a folder should be", where=blocked, fix="move it elsewhere"
                ) from None
        no_file = error.errno == errno.EISDIR and error.filename == str(path)  # a prefix of keys is not an object
        if not writing and (no_file or (error.errno in (errno.ENOENT, errno.ENOTDIR) and not path.exists())):
            self._require_folder()
            raise NotFoundError("there is no such object", where=path) from None
        fixes = {
            errno.ENOSPC: "free some space, then start the same command again: it continues from the last checkpoint",
            errno.EDQUOT: "free some of your quota, then start the same command again",
            errno.EACCES: f"give yourself the right to read and write {self._root}",
            errno.EISDIR: "there is a folder where a file should be: move it elsewhere",
            errno.EROFS: "choose a store on a file system that can be written",
        }
        kind = NotAnObjectError if error.errno == errno.ELOOP and not writing else StoreError
        raise kind(
            f"{error.strerror or error}", where=path, fix=fixes.get(error.errno or 0, f"look at {self._root}")
        ) from error


def _files(folder: Path) -> Iterator[Path]:
    def raise_unless_gone(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise error

    for base, folders, names in os.walk(folder, onerror=raise_unless_gone):
        for name in names:
            if not name.startswith(TEMPORARY_PREFIX):
                yield Path(base, name)
        if not folders and not names and Path(base).suffix in _SUFFIXES:
            yield Path(base)  # an empty folder where an object should be


def _open_file(path: Path) -> BinaryIO:
    """Open a regular file. Pipes and devices are refused, as reading them could block or never end.

    Raises:
        OSError: The file cannot be opened, or is a nonempty folder.
        StoreError: The path is an empty folder, a pipe, a socket, a device or a broken link.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        if path.is_symlink():
            raise NotAnObjectError("it is a link to something that does not exist", where=path, fix=_REMOVE) from None
        raise
    kind = os.fstat(opened).st_mode
    if stat.S_ISREG(kind):
        return os.fdopen(opened, "rb")
    os.close(opened)
    if stat.S_ISDIR(kind):
        if any(path.iterdir()):  # a prefix of keys
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise NotAnObjectError("there is a folder where a file should be", where=path, fix=_REMOVE)
    raise NotAnObjectError("it is a pipe or a device, not a file", where=path, fix=_REMOVE)


def _etag(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}-{status.st_ino:x}-{status.st_size:x}"
