"""Checks that a network accepts a run's options and images and returns logits, before it is trained."""

from __future__ import annotations

from torch import Tensor

from gridctl_trainer.contract.errors import Problem, SpecError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.image_size import why_unfit
from gridctl_trainer.plugins.model import TrainingRecipe, builder_of, options_of


def require_network(spec: RunSpec) -> None:
    """Check that a run's model can be imported, and accepts the run's options and image size.

    Raises:
        PluginError: There is no such model, or it cannot be imported.
        SpecError: Options are unknown or not valid (it lists all of them), or the image size does not fit.
    """
    at = f"models.{spec.model}"
    try:
        options = options_of(spec.network)
    except SpecError as error:
        raise SpecError(
            [Problem(problem.what, f"{at}.{problem.where}", problem.fix) for problem in error.problems]
        ) from None
    if is_class_path(spec.network.architecture) and options.recipe != TrainingRecipe():
        raise SpecError(
            f"the preset '{getattr(options, 'preset', '')}' also says how the model is trained, which is not possible "
            "for a model that is named by its path",
            where=f"{at}.preset",
            fix="register the model as an entry point, or write those keys into the file and leave the preset out",
        )
    if unfit := why_unfit(spec.data.size_px, options.size_multiple, spec.model):
        what, fix = unfit
        raise SpecError(what, where="data.size_px", fix=fix)
    builder_of(spec.network)


def require_logits(logits: object, images: Tensor, classes: int, architecture: str) -> Tensor:
    """Return a network's output for a batch if it has the right type and shape.

    Args:
        logits: The output.
        images: The batch, (B, C, H, W) or (B, T, C, H, W).
        classes: Number of channels that the network was built for.
        architecture: Name of the network, for the message.

    Raises:
        SpecError: The output is not a floating-point tensor of shape (B, classes, H, W).
    """
    expected = (len(images), classes, *images.shape[-2:])
    shown = f"({', '.join(map(str, expected))})"
    if not isinstance(logits, Tensor):
        what = f"{architecture} returns a {type(logits).__name__} instead of a tensor of logits {shown}"
    elif tuple(logits.shape) != expected:
        given = f"({', '.join(map(str, logits.shape))})"
        what = f"{architecture} returns logits {given} for images ({', '.join(map(str, images.shape))}), not {shown}"
    elif not logits.is_floating_point():
        what = f"{architecture} returns {str(logits.dtype).removeprefix('torch.')} numbers instead of float32 logits"
    else:
        return logits
    raise SpecError(
        what,
        where=f"the model {architecture}",
        fix="its forward must return (batch, classes, height, width), with the classes that it was built with",
    )
