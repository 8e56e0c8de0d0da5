"""Builds jwtfast._native: the path of a token, from C and Cython in src/."""

import os
from pathlib import Path

from setuptools import Extension, setup


def sources(*suffixes: str) -> list[str]:
    """Give the files in src/ with these suffixes, in an order that doesn't change."""
    return sorted(str(path) for path in Path("src").iterdir() if path.suffix in suffixes)


# SANITIZE=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer (make sanitize), away from the usual build.
sanitized = bool(os.environ.get("SANITIZE"))
checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"] if sanitized else []
debugging = ["-g", "-fno-omit-frame-pointer"] if sanitized else []

setup(
    ext_modules=[
        Extension(
            "jwtfast._native",
            sources(".pyx", ".c"),
            depends=sources(".h", ".pxd", ".pxi"),
            include_dirs=["src"],
            extra_compile_args=[] if os.name == "nt" else ["-std=c11", "-O3", *checks, *debugging],
            extra_link_args=checks,
        )
    ],
    options={
        "build": {"build_base": "build/sanitize" if sanitized else "build"},
        "build_ext": {"cython_c_in_temp": True, "force": sanitized},
    },
)
