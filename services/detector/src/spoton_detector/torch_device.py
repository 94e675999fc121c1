"""Where torch runs."""

import torch


def choose_device(wish: str) -> str:
    """Return the wish, or for ``auto`` the best of CUDA, Apple's Metal and the CPU."""
    if wish != "auto":
        return wish
    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"
