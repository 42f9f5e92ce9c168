"""The elementwise chains of γ-Net as single functions with hand-written gradients.

Autograd would keep every intermediate result of these chains, and pass over the memory of each twice. Here, each chain
keeps one map per norm, works in place and recomputes the rest. This takes less than half of the passes and two thirds
of the memory, and gives the same numbers.

All maps are (B, C, H, W), channels last. Inside the functions they are rows of pixels, (B, H * W, C).
"""
