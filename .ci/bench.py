#!/usr/bin/env python3
"""The benchmarks that the peers compile too: cycles and bytes at every level, beside their figures.

    bench.py PYCOC BENCH [--kernel NAME] [--bless]

BENCH is the folder with pyco/, c/, the README whose tables hold the peers' figures, and limit.md
with those of hand-written assembly. A kernel counts only when it prints the checksum that the C
program prints on this machine. Status 1 when one does not compile, run, or print it, or when a
figure at -O2 (cycles) or -Os (bytes) is worse than in bench/peers.md, which --bless writes anew.

The project's own benchmarks are in bench/table.md: `cargo test --test bench`.
"""
import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile

LEVELS = ("-O0", "-O1", "-O2", "-Os")
TABLE = pathlib.Path(__file__).parent.parent / "bench" / "peers.md"
HEAD = """# The benchmarks that other compilers compile too

Timed cycles at each level, bytes of the program at `-Os`, and the ratios that count: cycles at `-O2`
against Oscar64's best setting, the best of all peers and hand-written assembly, bytes at `-Os`
against Oscar64 `-Os`. Below 1 is better. The last row is the geometric mean of the ratios.
Written by `.ci/bench.py PYCOC BENCH --bless`.

"""
COLUMNS = ("kernel", *LEVELS, "Oscar64", "ratio", "best peer", "ratio", "by hand", "ratio",
           "bytes -Os", "Oscar64 -Os", "ratio")


def run(*argv):
    """Status, standard output and standard error of a command."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=600)
    return done.returncode, done.stdout.decode("latin1"), done.stderr.decode("utf-8", "replace")


def figures(page, heading):
    """The table under `heading`: for each kernel, its figures by the name of their column."""
    section = page.split(heading, 1)[-1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.split("\n") if line[:1] == "|"]
    number = lambda cell: int(cell.replace(",", "")) if re.fullmatch(r"[\d,]+", cell) else None
    return {row[0]: {name: number(cell) for name, cell in zip(rows[0], row)} for row in rows[2:]}


def least(row, prefix):
    """The smallest figure of the columns that begin with `prefix`."""
    return min((n for name, n in row.items() if name.startswith(prefix) and n), default=None)


def checksum(kernel, bench, temp):
    """What the kernel's C program prints on this machine."""
    host = temp / "host"
    status, _, err = run("cc", "-O1", "-fwrapv", "-w", "-o", host, bench / "c" / f"{kernel}.c", "-lm")
    if status:
        raise RuntimeError(f"the C program does not compile: {err[:200]}")
    return run(host)[1].upper().split()


def measure(args, runner, kernel, temp):
    """For each level, timed cycles and bytes of the program."""
    expected, found = checksum(kernel, args.bench, temp), {}
    for level in LEVELS:
        prg = temp / "kernel.prg"
        status, _, err = run(args.pycoc, "compile", args.bench / "pyco" / f"{kernel}.pyco", level, "-o", prg,
                             "--message-format", "short")
        if status:
            raise RuntimeError(f"{level}: does not compile: {err.strip()[:200]}")
        status, out, err = run(runner, "--max-cycles", "4000000000", prg)
        printed = out.upper().split()  # the C64's capitals may come out as either case
        if status or printed != expected:
            raise RuntimeError(f"{level}: status {status}, printed {printed}, not {expected}")
        facts = dict(re.findall(r"(\w+)=(\d+)", err))
        found[level] = (int(facts["timed"]), prg.stat().st_size)
    return found


def mean(ratios):
    ratios = [r for r in ratios if r]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else float("nan")


def row_of(kernel, found, peers, sizes, by_hand):
    """The cells of a kernel and its four ratios."""
    own, size = found["-O2"][0], found["-Os"][1]
    hand = [n for n in (by_hand.get(kernel, {}).get(c) for c in ("by hand", "with tables")) if n]
    rivals = [least(peers[kernel], "oscar64"), least(peers[kernel], ""), min(hand, default=None),
              sizes[kernel].get("oscar64-Os")]
    ratios = [value / rival if rival else None for value, rival in zip((own, own, own, size), rivals)]
    cells = [kernel, *(f"{found[level][0]:,}" for level in LEVELS)]
    for i, (rival, ratio) in enumerate(zip(rivals, ratios)):
        cells += [f"{size:,}"] * (i == 3) + ([f"{rival:,}", f"{ratio:.2f}"] if rival else ["-", "-"])
    return cells, ratios


def line(cells):
    return "| " + " | ".join(cells) + " |"


def worse(kernel, found):
    """What has become worse than in the table, as text."""
    known = figures(TABLE.read_text(encoding="utf-8"), "\n\n").get(kernel, {}) if TABLE.exists() else {}
    for name, now in (("-O2", found["-O2"][0]), ("bytes -Os", found["-Os"][1])):
        if known.get(name) and now > known[name]:
            yield f"{kernel} {name}: {now:,} is worse than {known[name]:,}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pycoc", type=pathlib.Path)
    parser.add_argument("bench", type=pathlib.Path)
    parser.add_argument("--kernel", action="append")
    parser.add_argument("--bless", action="store_true")
    args = parser.parse_args()
    args.pycoc = args.pycoc.resolve()
    manifest, target = args.bench.parent / "tools" / "prgrun" / "Cargo.toml", pathlib.Path("target/prgrun")
    subprocess.run(["cargo", "build", "-q", "--release", "--manifest-path", manifest, "--target-dir", target], check=True)
    readme, limit = ((args.bench / name).read_text(encoding="utf-8") for name in ("README.md", "limit.md"))
    peers, sizes = figures(readme, "timed cycles"), figures(readme, "bytes of the PRG")
    by_hand = figures(limit, "written by hand")
    lines, all_ratios, faults = [line(COLUMNS), "|---|" + "---:|" * (len(COLUMNS) - 1)], [], []
    print("\n".join(lines))
    for kernel in args.kernel or peers:
        with tempfile.TemporaryDirectory() as temp:
            try:
                found = measure(args, target / "release" / "prgrun", kernel, pathlib.Path(temp))
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                faults.append(f"{kernel}: {error}")
                continue
        cells, ratios = row_of(kernel, found, peers, sizes, by_hand)
        all_ratios.append(ratios)
        faults += [] if args.bless else worse(kernel, found)
        lines.append(line(cells))
        print(lines[-1], flush=True)
    means = [f"{mean(column):.2f}" for column in zip(*all_ratios)]
    cells = ["mean"] + [""] * (len(COLUMNS) - 1)
    for at, text in zip([i for i, name in enumerate(COLUMNS) if name == "ratio"], means):
        cells[at] = text
    lines.append(line(cells))
    print(lines[-1])
    if args.bless and not faults and not args.kernel:
        TABLE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(faults) + "\nbench.py PYCOC BENCH --bless writes bench/peers.md anew" if faults else "")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
