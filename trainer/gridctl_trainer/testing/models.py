"""Tests of what every model promises. Subclass `ModelContract`, name the model, and run pytest.

class TestResUNet(ModelContract):
    model = "res_unet"                 # or "mylab.nets:ResUNet"
    options = {"width": 4}             # a small model, as every test builds it
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from gridctl_trainer.contract.spec import NetworkSpec
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.plugins.class_path import is_class_path
from gridctl_trainer.plugins.model import MODELS, ModelOptions, network_of, options_class, options_of
from gridctl_trainer.testing.light_descriptor import require_light
from gridctl_trainer.training.network_check import require_logits

_BATCH = 2
_LEAST_PX = 16


class ModelContract:
    """The promises of a model, each as a test.

    Attributes:
        model: Short name of the model, or its path `pkg.module:Name`.
        options: The options that it is tested with.
        deterministic: Whether the same images always give the same logits after `eval()`.
    """

    model: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    deterministic: ClassVar[bool] = True

    def test_it_is_described_without_torch(self) -> None:
        """A laptop that only submits must be able to check options. A model that is named by its path is exempt."""
        assert MODELS.find(self.model).summary
        if not is_class_path(self.model):
            require_light(f"from gridctl_trainer.plugins.model import options_class; options_class({self.model!r})")

    def test_options_that_have_their_default_rename_no_run(self) -> None:
        """A specification holds only options that differ from their default, and is read back as the same options."""
        options = self._options()
        if is_class_path(self.model):
            return
        assert options_of(network_of(self.model, options)) == options_of(self._network())
        written = {**options.model_dump(mode="json"), **self.options}
        assert network_of(self.model, type(options).model_validate(written)) == network_of(self.model, options)

    def test_an_unknown_option_is_refused(self) -> None:
        """Otherwise, a run with a misspelt option would not be what its name says."""
        try:
            options_class(self.model).model_validate({**self.options, "no_such_option": 1})
        except ValidationError:
            return
        raise AssertionError("it accepts an option that it does not have; name the keywords of its constructor")

    def test_logits_have_the_shape_of_the_images(self) -> None:
        """Logits are (B, K, H, W) float32, for one or several structures and one or several channels."""
        for in_channels, classes in ((1, 1), (3, 1), (1, 4), (2, 3)):
            model, images = self._model(in_channels, classes), self._images(in_channels)
            for mode in (model.train(), model.eval()):
                logits = require_logits(mode(images), images, classes, self.model)
                assert logits.dtype == torch.float32
                assert torch.isfinite(logits).all()

    def test_it_takes_every_size_that_it_says_it_takes(self) -> None:
        """It accepts multiples of `size_multiple`, and a batch of one image."""
        multiple = self._options().size_multiple
        model = self._model().eval()
        for size_px in (self._size_px(), self._size_px() + multiple):
            images = self._images(1, batch=1, size_px=size_px)
            require_logits(model(images), images, 1, self.model)

    def test_every_parameter_learns(self) -> None:
        """A parameter without a gradient is useless, or was disconnected by mistake."""
        model = self._model().train()
        self._loss(model).backward()  # type: ignore[no-untyped-call]
        without = [name for name, parameter in model.named_parameters() if parameter.grad is None]
        assert not without, f"no gradient reaches {', '.join(without)}"
        wrong = [
            name for name, p in model.named_parameters() if p.grad is not None and not torch.isfinite(p.grad).all()
        ]
        assert not wrong, f"the gradient is not finite in {', '.join(wrong)}"

    def test_a_step_of_adam_lowers_the_loss_in_the_end(self) -> None:
        """It can learn one batch."""
        model = self._model().train()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        losses = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = self._loss(model)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.item())
        assert min(losses[-3:]) < losses[0]

    def test_one_seed_gives_the_same_weights_and_losses(self) -> None:
        """A run that is trained again gives the same result."""
        first, second = self._model(), self._model()
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
        torch.manual_seed(1)
        one = self._loss(first.train()).item()
        torch.manual_seed(1)
        assert self._loss(second.train()).item() == one

    def test_evaluation_changes_nothing(self) -> None:
        """Scores are computed between epochs, so neither weights nor statistics may change."""
        model, images = self._model().eval(), self._images(1)
        before = copy.deepcopy(model.state_dict())
        with torch.inference_mode():
            first, second = model(images), model(images)
        assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
        if self.deterministic:
            torch.testing.assert_close(first, second)

    def test_its_state_is_all_in_its_state_dict(self) -> None:
        """A run that continues from a checkpoint must give the same result."""
        trained = self._model().train()
        self._loss(trained)
        torch.manual_seed(99)
        fresh = build_model(self._network())
        fresh.load_state_dict(trained.state_dict())
        images = self._images(1)
        torch.manual_seed(2)
        expected = trained.eval()(images)
        torch.manual_seed(2)
        torch.testing.assert_close(fresh.eval()(images), expected, rtol=0, atol=0)

    def test_the_images_of_a_batch_do_not_see_each_other_in_evaluation(self) -> None:
        """Otherwise, a score would depend on `validation_batch_size`."""
        if not self.deterministic:
            return
        model, images = self._model().eval(), self._images(1)
        with torch.inference_mode():
            torch.testing.assert_close(model(images)[:1], model(images[:1]), rtol=1e-3, atol=1e-4)

    def _network(self) -> NetworkSpec:
        if is_class_path(self.model):
            return NetworkSpec(architecture=self.model, options=dict(self.options))
        return network_of(self.model, self._options())

    def _options(self) -> ModelOptions:
        return options_class(self.model).model_validate(self.options)

    def _model(self, in_channels: int = 1, classes: int = 1) -> nn.Module:
        torch.manual_seed(0)
        return build_model(self._network(), in_channels, classes)

    def _size_px(self) -> int:
        multiple = self._options().size_multiple
        return max(2 * multiple, -(-_LEAST_PX // multiple) * multiple)

    def _images(self, in_channels: int, *, batch: int = _BATCH, size_px: int = 0) -> Tensor:
        side, frames = size_px or self._size_px(), self._options().series_frames
        series = (frames,) if frames > 1 else ()
        generator = torch.Generator().manual_seed(7)
        return torch.rand(batch, *series, in_channels, side, side, generator=generator)

    def _loss(self, model: nn.Module) -> Tensor:
        images = self._images(1)
        newest = images[:, -1] if images.dim() == 5 else images
        masks = (newest > newest.mean()).float()
        return nn.functional.binary_cross_entropy_with_logits(model(images), masks)
