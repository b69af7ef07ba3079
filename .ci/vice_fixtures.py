#!/usr/bin/env python3
"""Runs every fixture that prints on an independent C64 and compares the screens.

    vice_fixtures.py PYCOC C64RUN [WORD ...]

Each file of fixtures/run and fixtures/modules/run (with WORD: those whose name has it) is compiled
with the options of its head and run in VICE by C64RUN, two at a time; the text that stands on VICE's
screen below RUN must be what the built-in machine prints. A program that loads modules gets its disk
image. A fixture with the line `#: vice no` is left out. Status 1 on a difference.
"""
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

from vice import alike, on_vice, rows_of

FOLDERS = ["fixtures/run", "fixtures/modules/run"]
AT_ONCE = 2


def head(text, key):
    """The value of a line `#: key value`, or None."""
    lines = [line.split(" ", 2) for line in text.splitlines() if line.startswith("#: ")]
    return next((" ".join(words[2:]) for words in lines if words[1] == key), None)


def unpack(fixture, folder):
    """Writes the files of a fixture; the result is the main one."""
    main = folder / fixture.name
    target, text = main, ""
    for line in fixture.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("#--- file: "):
            write(target, text)
            target, text = folder / line.removeprefix("#--- file: ").strip(), ""
        elif not line.startswith("#>"):
            text += line
    write(target, text)
    return main


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)


def compare(pycoc, c64run, fixture):
    """None, or what differs."""
    text = fixture.read_text(encoding="utf-8")
    options, keys = (head(text, "args") or "").split(), head(text, "input")
    with tempfile.TemporaryDirectory() as temp:
        folder = pathlib.Path(temp)
        main, prg, disk = unpack(fixture, folder), folder / "main.prg", folder / "main.d64"
        made = run(pycoc, "compile", main, "-o", prg, "--d64", disk, *options)
        if made.returncode:
            return made.stderr
        typed = ["--input", keys] if keys else []
        own = run(pycoc, "run", prg, "--disk", disk, *typed)
        if own.returncode and not head(text, "fails"):
            return own.stderr
        typed = ["--keys", keys.replace("\\n", "\n")] if keys else []
        have, whole = on_vice(c64run, prg, "--disk", disk, *typed)
    want = rows_of(own.stdout)
    if alike(have, want, whole):
        return None
    return "\n".join([f"  pycoc run: {want}", f"  VICE:      {have}"])


def tried(pycoc, c64run, fixture):
    try:
        return compare(pycoc, c64run, fixture)
    except (RuntimeError, subprocess.SubprocessError) as error:
        return f"  {error}"


def main():
    pycoc, c64run, *words = sys.argv[1:]
    pycoc, c64run = str(pathlib.Path(pycoc).resolve()), str(pathlib.Path(c64run).resolve())
    fixtures = [path for folder in FOLDERS for path in sorted(pathlib.Path(folder).glob("*.pyco"))]
    texts = {path: path.read_text(encoding="utf-8") for path in fixtures}
    chosen = [path for path in fixtures
              if head(texts[path], "test") == "run" and head(texts[path], "vice") != "no"
              and (not words or any(word in path.name for word in words))]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = pool.map(lambda path: tried(pycoc, c64run, path), chosen)
        for path, difference in zip(chosen, results):
            if difference:
                failed += 1
                print(f"FAIL {path}\n{difference}", flush=True)
    left = len(fixtures) - len(chosen)
    print(f"{len(chosen) - failed} of {len(chosen)} fixtures alike in VICE, {left} left out", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
