"""Record the PyTorch side of lecture 14: ``python tools/record_to_pytorch.py [--check]``.

Runs ``notebooks/to_pytorch/beside_ours.py`` and keeps what it computes beside it, in float64. The
tests repeat this where PyTorch is installed, as ``--check`` does; elsewhere, and for the students,
the file stands for it.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from record_parity import largest_difference

LECTURES = Path(__file__).resolve().parents[1] / "notebooks"
sys.path.insert(0, str(LECTURES))
from to_pytorch import beside_ours  # noqa: E402

RECORDED = LECTURES / "to_pytorch" / "recorded.npz"
SCRIPT = LECTURES / "to_pytorch" / "train_digits.py"
SEEDS = range(10)


def compute_all(start: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Compute what the lecture recomputes, and what it only quotes: how good the script gets."""
    accuracies = []
    for seed in SEEDS:
        source = SCRIPT.read_text(encoding="utf-8").replace("seed(0)", f"seed({seed})")
        source = source.replace('"cuda" if torch.cuda.is_available() else "cpu"', '"cpu"')
        variables: dict = {"print": lambda *_: None}
        exec(compile(source, str(SCRIPT), "exec"), variables)
        accuracies.append(variables["accuracy"])
    return beside_ours.compute(start) | {"quoted/accuracies": np.array(accuracies)}


def main(arguments: list[str] | None = None) -> int:
    """Write the file, or compare it; return 1 if it differs."""
    parser = argparse.ArgumentParser(prog="record_to_pytorch", description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the file, do not write")
    if not parser.parse_args(arguments).check:
        recorded = compute_all(beside_ours.new_start())
        np.savez_compressed(RECORDED, **recorded)
        print(f"{RECORDED.name}: {len(recorded)} arrays, {RECORDED.stat().st_size:,} bytes")
        return 0
    with np.load(RECORDED, allow_pickle=False) as stored:
        recorded = dict(stored)
    start = {k.removeprefix("start/"): a for k, a in recorded.items() if k.startswith("start/")}
    recorded = {k: a for k, a in recorded.items() if not k.startswith("quoted/")}
    difference = largest_difference(beside_ours.compute(start), recorded)
    print(f"largest difference to {RECORDED.name}: {difference:.1e}, PyTorch {torch.__version__}")
    return int(difference > 1e-12)


if __name__ == "__main__":
    sys.exit(main())
