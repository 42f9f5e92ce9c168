"""What a network cannot take or does not give, said before it is trained."""

from __future__ import annotations

from torch import Tensor

from gridctl_trainer.contract.errors import Problem, SpecError
from gridctl_trainer.contract.spec import RunSpec
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.image_size import why_unfit
from gridctl_trainer.plugins.model import TrainingRecipe, builder_of, options_of


def require_network(spec: RunSpec) -> None:
    """See to it that a run's model can be imported, and takes its options and images of its size.

    Raises:
        PluginError: There is no such model, or it cannot be imported.
        SpecError: An option is unknown or not valid, or the size does not fit: all of them.
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
            f"the preset '{getattr(options, 'preset', '')}' also says how the model is trained, which is unknown where "
            "the experiment file is read: the model is named by its path",
            where=f"{at}.preset",
            fix="register the model as an entry point, or write those keys into the file and leave the preset out",
        )
    if unfit := why_unfit(spec.data.size_px, options.size_multiple, spec.model):
        what, fix = unfit
        raise SpecError(what, where="data.size_px", fix=fix)
    builder_of(spec.network)


def require_logits(logits: object, images: Tensor, classes: int, architecture: str) -> Tensor:
    """What a network gives for a batch, if it has the shape and type that scores are taken of.

    Args:
        logits: What it gave.
        images: (B, C, H, W), or (B, T, C, H, W).
        classes: Channels that it was built for.
        architecture: Its name, for the message.

    Raises:
        SpecError: It is something else, said with both shapes.
    """
    expected = (len(images), classes, *images.shape[-2:])
    shown = f"({', '.join(map(str, expected))})"
    if not isinstance(logits, Tensor):
        what = f"{architecture} gives a {type(logits).__name__} where a tensor of logits {shown} is meant"
    elif tuple(logits.shape) != expected:
        given = f"({', '.join(map(str, logits.shape))})"
        what = f"{architecture} gives logits {given} for images ({', '.join(map(str, images.shape))}), not {shown}"
    elif not logits.is_floating_point():
        what = f"{architecture} gives {str(logits.dtype).removeprefix('torch.')} numbers where float32 logits are meant"
    else:
        return logits
    raise SpecError(
        what,
        where=f"the model {architecture}",
        fix="its forward has to return (batch, classes, height, width), classes as it was built with",
    )
