#!/usr/bin/env python3
"""Runs a program with four modules in VICE from its disk image, whole and with faults on the disk.

    vice_modules.py PYCOC C64RUN

The program loads LEFT, RIGHT and SHOUT; LEFT and RIGHT share BASE, and of SHOUT only one function is
needed; once with modules of version 1, once of version 2. Each fault must show the loader's text on the screen and lead back to BASIC. Needs c1541.
Status 1 when a screen is not as it should be.
"""
import pathlib
import subprocess
import sys
import tempfile

SOURCES = {
    "main": """from left import a
from right import b
from base import c
from shout import hello

def main():
    shout.hello("FOUR MODULES")
    print(left.a(1), " ", right.b(2), " ", base.c(3), "\\n")
""",
    "base": """_table: tuple[word] = (0, 10, 20, 30, 40)

def c(n: word) -> word:
    return _table[n]

def d(n: word) -> word:
    return n * 1000

def e(n: word) -> word:
    return n + 7
""",
    "left": """from base import c

def a(n: word) -> word:
    return base.c(n) + 100
""",
    "right": """from base import c, d

def b(n: word) -> word:
    return base.c(n) + base.d(n)
""",
    "shout": """def hello(s: alias[string]):
    print(s, "!\\n")

def unused(n: byte) -> byte:
    return n * 3
""",
}


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=300)


def replaced(folder, name, content):
    """A copy of the disk on which a module is missing (None) or has other content."""
    image = folder / "faulty.d64"
    image.write_bytes((folder / "main.d64").read_bytes())
    run("c1541", "-attach", image, "-delete", name.lower(), cwd=folder)
    if content is not None:
        (folder / "content").write_bytes(content)
        run("c1541", "-attach", image, "-write", folder / "content", f"{name.lower()},s", cwd=folder)
    return image


def screen(c64run, folder, image):
    done = run(c64run, folder / "main.prg", "--disk", image, "--seconds", "60", cwd=folder)
    # A text goes on in the next row of the screen.
    return done.stdout.decode("utf-8", "replace").replace("\n", "")


def faults(pycoc, c64run, folder, version):
    """How many disks do not do what they should."""
    (folder / "base.pyco").write_text(SOURCES["base"], encoding="utf-8")
    options = ("--lib-format", version)
    run(pycoc, "compile", "main.pyco", "--dynamic", "--d64", "main.d64", *options, cwd=folder)
    right = (folder / "RIGHT.LIB").read_bytes()
    strings = int.from_bytes(right[5:7] if version == "1" else right[16:18], "little")
    (folder / "base.pyco").write_text("def f() -> byte:\n    return 1\n\n" + SOURCES["base"], encoding="utf-8")
    run(pycoc, "compile", "base.pyco", "--lib", "-o", "changed", *options, cwd=folder)
    disk_error = ["ERROR: DISK ERROR LOADING MODULE 'RIGHT.LIB'"]
    cases = {
        "whole": (folder / "main.d64", ["FOUR MODULES!", "110 2020 30"]),
        "missing": (("RIGHT.LIB", None), ["ERROR: MODULE 'RIGHT.LIB' NOT FOUND"]),
        "cut in the code": (("RIGHT.LIB", right[: strings - 10]), disk_error),
        "cut in the header": (("RIGHT.LIB", right[:5]), disk_error),
        "changed": (("BASE.LIB", (folder / "changed").read_bytes()),
                    ["ERROR: MODULE 'BASE.LIB' HAS CHANGED, LINK AGAIN"]),
    }
    failed = 0
    for name, (disk, texts) in cases.items():
        try:
            image = replaced(folder, *disk) if isinstance(disk, tuple) else disk
            shown = screen(c64run, folder, image)
        except subprocess.SubprocessError as error:
            shown = f"{error} {getattr(error, 'stderr', '')}"
        good = all(text in shown for text in texts)
        print(f"{'ok  ' if good else 'FAIL'} four modules of version {version}, {name}", flush=True)
        if not good:
            failed += 1
            print(shown)
    return failed


def main():
    pycoc, c64run = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
    failed = 0
    with tempfile.TemporaryDirectory() as temp:
        folder = pathlib.Path(temp)
        for name, text in SOURCES.items():
            (folder / f"{name}.pyco").write_text(text, encoding="utf-8")
        for version in ("1", "2"):
            failed += faults(pycoc, c64run, folder, version)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
