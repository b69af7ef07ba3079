#!/usr/bin/env python3
"""The benchmark table: cycles at -O2 and bytes at -Os of every kernel, beside Oscar64's best.

    bench.py PYCOC BENCH [--kernel NAME]

BENCH is the folder with pyco/, c/ and the README whose tables hold the peers' figures. A kernel
counts only when it prints the checksum that the C program prints on this machine. Status 1 when
one does not compile, run, or print it.
"""
import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile


def run(*argv):
    """Status, standard output and standard error of a command."""
    done = subprocess.run([str(a) for a in argv], capture_output=True, timeout=600)
    return done.returncode, done.stdout.decode("latin1"), done.stderr.decode("utf-8", "replace")


def peers(readme, heading):
    """Kernel -> best figure of Oscar64, from the table under `heading`."""
    section = readme.split(heading, 1)[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.split("\n") if line[:1] == "|"]
    columns = [i for i, name in enumerate(rows[0]) if name.startswith("oscar64")]
    return {row[0]: min(int(row[i].replace(",", "")) for i in columns) for row in rows[2:]}


def checksum(kernel, bench, temp):
    """What the kernel's C program prints on this machine."""
    host = temp / "host"
    status, _, err = run("cc", "-O1", "-fwrapv", "-w", "-o", host, bench / "c" / f"{kernel}.c", "-lm")
    if status:
        raise RuntimeError(f"the C program does not compile: {err[:200]}")
    return run(host)[1].upper().split()


def measure(args, runner, kernel, temp):
    """Timed cycles at -O2 and bytes of the program at -Os."""
    expected, figures = checksum(kernel, args.bench, temp), {}
    for level in ("-O2", "-Os"):
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
        figures[level] = (int(facts["timed"]), prg.stat().st_size)
    return figures["-O2"][0], figures["-Os"][1]


def mean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pycoc", type=pathlib.Path)
    parser.add_argument("bench", type=pathlib.Path)
    parser.add_argument("--kernel", action="append")
    args = parser.parse_args()
    args.pycoc = args.pycoc.resolve()
    manifest, target = args.bench.parent / "tools" / "prgrun" / "Cargo.toml", pathlib.Path("target/prgrun")
    subprocess.run(["cargo", "build", "-q", "--release", "--manifest-path", manifest, "--target-dir", target], check=True)
    readme = (args.bench / "README.md").read_text(encoding="utf-8")
    cycles, sizes = peers(readme, "timed cycles"), peers(readme, "bytes of the PRG")
    failed, faster, smaller = [], [], []
    print(f"{'kernel':10} {'cycles -O2':>12} {'oscar64':>12} {'ratio':>6} {'bytes -Os':>10} {'oscar64':>8} {'ratio':>6}")
    for kernel in args.kernel or cycles:
        with tempfile.TemporaryDirectory() as temp:
            try:
                timed, size = measure(args, target / "release" / "prgrun", kernel, pathlib.Path(temp))
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                failed.append(kernel)
                print(f"{kernel:10} {error}")
                continue
        faster.append(timed / cycles[kernel])
        smaller.append(size / sizes[kernel])
        print(f"{kernel:10} {timed:12,} {cycles[kernel]:12,} {faster[-1]:6.2f}"
              f" {size:10,} {sizes[kernel]:8,} {smaller[-1]:6.2f}", flush=True)
    print(f"{'mean':10} {'':12} {'':12} {mean(faster):6.2f} {'':10} {'':8} {mean(smaller):6.2f}")
    if failed:
        print("no figures for " + ", ".join(failed))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
