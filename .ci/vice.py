#!/usr/bin/env python3
"""Runs the examples on an independent C64 and compares what they print.

    vice.py PYCOC C64RUN [FILE.pyco ...]

Each program (default: examples/*.pyco) is compiled and run in VICE by C64RUN; the text that stands
on VICE's screen below RUN must be what `pycoc run` prints. A program whose text holds the line
`# vice: no` is left out: it waits for keys, never ends, or draws more than text. Status 1 on a
difference.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

COLUMNS = 40


def printed(pycoc, source):
    """The program's text as rows of the screen."""
    done = subprocess.run([pycoc, "run", source], capture_output=True, text=True, timeout=120, check=True)
    return rows_of(done.stdout)


def rows_of(text):
    """Printed text as rows of the screen, without empty ones at the end."""
    rows = []
    for line in text.rstrip("\n").split("\n"):
        rows += [line[i:i + COLUMNS] for i in range(0, max(len(line), 1), COLUMNS)]
    return [row.rstrip() for row in rows]


def on_vice(c64run, prg, *options):
    """The rows between RUN and READY; the last ones only, if more was printed than fits."""
    done = subprocess.run([c64run, prg, "--seconds", "120", *options], capture_output=True, text=True, timeout=400)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    rows = [row.rstrip() for row in done.stdout.split("-" * COLUMNS)[1].strip("\n").split("\n")]
    start = len(rows) - 1 - rows[::-1].index("RUN") if "RUN" in rows else -1
    rows = rows[start + 1:]
    while rows and rows[-1] in ("", "READY."):
        rows.pop()
    return rows, start >= 0


def alike(have, want, whole):
    """Whether the rows of a screen are those wanted. C64RUN shows most graphics characters as ▒."""
    if not whole:
        want = want[len(want) - len(have):]
    shown = re.compile(r"[ -?@A-Za-z\[\]£↑←]")

    def same(a, b):
        return a == b or a == "▒" and (not shown.match(b))
    return len(have) == len(want) and all(
        len(a) == len(b) and all(map(same, a, b)) for a, b in zip(have, want))


def compare(pycoc, c64run, source):
    """None, or what differs."""
    with tempfile.TemporaryDirectory() as temp:
        prg = pathlib.Path(temp) / "main.prg"
        subprocess.run([pycoc, "compile", source, "-o", prg], check=True, timeout=120)
        want = printed(pycoc, source)
        have, whole = on_vice(c64run, prg)
    if alike(have, want, whole):
        return None
    return "\n".join([f"  pycoc run: {want}", f"  VICE:      {have}"])


# Screen off: the video chip steals no cycles, so both machines must count alike.
STOPWATCH = """
control: byte[0xD011]
seed: byte[0x02FD]


def main():
    i: word
    sum: word = 0
    control = 0x0B
    for i in range(30000):
        sum += i * 3 + seed
    control = 0x1B
    print(sum, "\\n")
"""
# Of the cycles; the system interrupt does not fall on the same instruction in both.
TOLERANCE = 0.02


def cycles_agree(pycoc, c64run):
    """None, or how far the cycle counts of the built-in machine and of VICE are apart."""
    with tempfile.TemporaryDirectory() as temp:
        source, prg = pathlib.Path(temp) / "watch.pyco", pathlib.Path(temp) / "watch.prg"
        source.write_text(STOPWATCH, encoding="utf-8")
        subprocess.run([pycoc, "compile", source, "-o", prg], check=True, timeout=120)
        ours = subprocess.run([pycoc, "run", prg, "--stats"], capture_output=True, text=True, timeout=120, check=True)
        vice = subprocess.run([c64run, prg, "--seconds", "120"], capture_output=True, text=True, timeout=400)
    own = int(re.search(r"cycles: (\d+)", ours.stderr)[1])
    other = int(re.search(r"(\d+) cycles", vice.stderr)[1])
    print(f"cycles with the screen off: {own} here, {other} in VICE, {own / other - 1:+.2%}", flush=True)
    return None if abs(own / other - 1) <= TOLERANCE else f"  {own} and {other} cycles"


def main():
    pycoc, c64run, *files = sys.argv[1:]
    pycoc, c64run = str(pathlib.Path(pycoc).resolve()), str(pathlib.Path(c64run).resolve())
    failed = 0
    difference = cycles_agree(pycoc, c64run)
    if difference:
        failed += 1
        print(f"FAIL cycle counts\n{difference}")
    for source in [pathlib.Path(f) for f in files] or sorted(pathlib.Path("examples").glob("*.pyco")):
        if "\n# vice: no\n" in source.read_text(encoding="utf-8"):
            continue
        try:
            difference = compare(pycoc, c64run, source)
        except (RuntimeError, subprocess.SubprocessError) as error:
            difference = f"  {error}"
        print(f"{'FAIL' if difference else 'ok  '} {source}", flush=True)
        if difference:
            failed += 1
            print(difference)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
