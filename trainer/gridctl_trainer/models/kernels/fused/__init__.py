"""The elementwise chains of γ-Net as single functions with hand-written gradients.

Autograd would keep every intermediate of these chains and pass over memory for each of them
twice. Here each chain keeps one map for each norm, works in place, and recomputes the rest: less
than half of the passes, two thirds of the memory, the same numbers.

All maps are (B, C, H, W), channels last; inside they are rows of pixels, (B, H * W, C).
"""
