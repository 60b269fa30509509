"""`njit` with a cache that knows every source a kernel was compiled from.

Numba keeps machine code on disk, under a stamp of the file that a function stands in. But the code
also holds what the function calls and reads in other modules: were these changed, by an upgrade or
an edit, the old code would go on answering, other than on a machine that compiles anew. Here the
stamp is that of all sources of the package, and the file is named after it.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from numba import config, njit, types
from numba.core import caching, cgutils
from numba.extending import intrinsic

__all__ = ["copy_bytes", "njit"]


@cache
def source_stamp(folder: Path) -> str:
    """Return one sha256 over the Python files in `folder` and in the packages it lies in.

    The outermost package, of which kernels know nothing, is left out.
    """
    stamp = hashlib.sha256()
    packages = [folder]
    while _is_package(packages[-1].parent) and _is_package(packages[-1].parent.parent):
        packages.append(packages[-1].parent)
    for path in sorted(file for package in packages for file in package.glob("*.py")):
        stamp.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return stamp.hexdigest()


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").exists()


class _PackageStamp:
    _py_file: str
    _lineno: int

    def get_source_stamp(self) -> str:
        """Return what the cached code must have been compiled from."""
        return source_stamp(Path(self._py_file).parent)

    def get_disambiguator(self) -> str:
        """Return a part of the file's name: what names types that are gone cannot be opened."""
        return f"{self._lineno}-{self.get_source_stamp()[:12]}"


class UserProvided(_PackageStamp, caching.UserProvidedCacheLocator):
    """Cache in the folder that `NUMBA_CACHE_DIR` names."""


class InTree(_PackageStamp, caching.InTreeCacheLocator):
    """Cache beside the source."""


class UserWide(_PackageStamp, caching.UserWideCacheLocator):
    """Cache in the user's folder, where the sources cannot be written."""


# Decorators ask for it when their modules are imported: it cannot wait for a call.
config.CACHE_LOCATOR_CLASSES = ",".join(  # type: ignore[attr-defined]  # not in its stub
    [
        *(f"{__name__}.{locator.__name__}" for locator in (UserProvided, InTree, UserWide)),
        "IPythonCacheLocator",
        "ZipCacheLocator",
    ]
)


def _copy_bytes(_context: Any, target: Any, _at: Any, source: Any, _low: Any, _size: Any) -> Any:
    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        to, start = (
            builder.gep(
                context.make_array(signature.args[n])(context, builder, arguments[n]).data,
                [arguments[n + 1]],
            )
            for n in (0, 2)
        )
        cgutils.raw_memcpy(builder, to, start, arguments[4], 1)  # type: ignore[no-untyped-call]
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64, types.int64), make


# (target, at, source, low, size): `size` bytes of `source` from `low` on into `target` at `at`.
copy_bytes: Any = intrinsic(_copy_bytes)
