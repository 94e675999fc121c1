"""What the processor can do."""

import torch


def cpu_has_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 itself; emulated, it would be slower than float32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
