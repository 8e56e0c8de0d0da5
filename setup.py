"""Builds jwtfast._native: the path of a token, from C and Cython in src/."""

import os
from glob import glob

from setuptools import Extension, setup

# SANITIZE=1 builds for AddressSanitizer and UndefinedBehaviorSanitizer (make sanitize).
sanitize = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g"]
flags = sanitize if os.environ.get("SANITIZE") else []

setup(
    ext_modules=[
        Extension(
            "jwtfast._native",
            ["src/native.pyx", *sorted(glob("src/*.c"))],
            depends=sorted(glob("src/*.h") + glob("src/*.pxd") + glob("src/*.pxi")),
            include_dirs=["src"],
            extra_compile_args=[] if os.name == "nt" else ["-std=c11", "-O3", "-Wall", "-Wextra", *flags],
            extra_link_args=flags,
        )
    ],
    options={"build_ext": {"cython_c_in_temp": True}},
)
