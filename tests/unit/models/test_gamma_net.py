"""γ-Net equals its equations with every option, in value and gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gridctl_trainer.contract.errors import SpecError
from gridctl_trainer.models.gamma_net.fgru import FGRU
from gridctl_trainer.models.gamma_net.gala import Gala
from gridctl_trainer.models.gamma_net.network import GammaNet
from gridctl_trainer.models.gamma_net.options import GammaNetOptions
from gridctl_trainer.models.registry import build_model
from gridctl_trainer.training.forward import scored_logits
from tests import networks
from tests.unit.models.reference import Weights, gala, gamma_net

SMALL: dict[str, Any] = {
    "channels": (3, 4, 5),
    "down_fgru_kernels": (5, 3, 1),
    "up_fgru_kernels": (1, 3),
    "attention_kernel": 3,
    "timesteps": 3,
}

OPTIONS: list[dict[str, Any]] = [
    {},
    {"preset": "table"},
    {"timesteps": 1},
    {"attention": False},
    {"gate": "sigmoid"},
    {"gate": "sigmoid", "attention": False},
    {"norm": "none"},
    {"shared_kernel": True},
    {"symmetric": True},
    {"inhibition_relu": False},
    {"eta": True},
    {"skip": "before"},
    {"initial_state": "noise"},
]


def network(**options: Any) -> GammaNet:
    """A small network in float64, with every parameter moved away from its initial value."""
    torch.manual_seed(0)
    model = build_model(networks.gamma_net(**{**SMALL, **options})).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        for name, buffer in model.named_buffers():
            if name.endswith("running_var"):
                buffer.uniform_(0.5, 2)
            elif name.endswith("running_mean"):
                buffer.normal_()
    assert isinstance(model, GammaNet)
    return model


def weights_of(model: torch.nn.Module) -> Weights:
    return Weights({name: tensor.detach().numpy() for name, tensor in model.state_dict().items()})


def initial_states(spec: GammaNetOptions, batch: int, size: int) -> list[np.ndarray]:
    """The initial state that the network draws after `manual_seed(5)`, or zeros."""
    torch.manual_seed(5)
    shapes = [(batch, c, size >> level, size >> level) for level, c in enumerate(spec.channels)]
    if spec.initial_state == "zeros":
        return [np.zeros(shape) for shape in shapes]
    deviations = [(2 / ((b + c) * h * w)) ** 0.5 for b, c, h, w in shapes]
    return [torch.randn(s, dtype=torch.float64).numpy() * d for s, d in zip(shapes, deviations, strict=True)]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("series", [True, False])
def test_it_equals_the_equations(options: dict[str, Any], training: bool, series: bool) -> None:
    options = {**options, "temporal": series}
    model = network(**options).train(training)
    spec = GammaNetOptions(**{**SMALL, **options})
    shape = (2, spec.timesteps, 1, 8, 8) if series else (2, 1, 8, 8)
    images = torch.rand(shape, dtype=torch.float64)
    frames = [images[:, t].numpy() for t in range(spec.timesteps)] if series else [images.numpy()] * spec.timesteps
    expected = gamma_net(frames, initial_states(spec, 2, 8), weights_of(model), spec, training=training)
    torch.manual_seed(5)
    last = model(images)
    same = network(**options).train(training)
    torch.manual_seed(5)
    every = same.forward_timesteps(images)
    assert last.shape == (2, 1, 8, 8)
    np.testing.assert_allclose(last.detach().numpy(), expected[-1], atol=1e-10)
    if training:
        np.testing.assert_allclose(every.detach().numpy(), np.stack(expected), atol=1e-10)


def test_gala_equals_its_equation() -> None:
    torch.manual_seed(1)
    attention = Gala(4, 5).double()
    hidden = torch.rand(2, 4, 6, 6, dtype=torch.float64)
    expected = hidden.numpy() * gala(hidden.numpy(), weights_of(attention))
    np.testing.assert_allclose(attention(hidden).detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(
    "options", [{}, {"gate": "sigmoid", "symmetric": True, "eta": True, "shared_kernel": True}], ids=str
)
def test_gradients_are_those_of_the_function(options: dict[str, Any]) -> None:
    """Gradients agree with finite differences in float64."""
    torch.manual_seed(0)
    small = {"channels": (2, 2), "down_fgru_kernels": (3, 1), "up_fgru_kernels": (1,), "attention_kernel": 3}
    model = network(**{**small, "timesteps": 2, **options})
    images = torch.rand(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    names = [name for name, _ in model.named_parameters()]

    def outputs(images: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(model, dict(zip(names, parameters, strict=True)), (images,))

    parameters = tuple(p.detach().clone().requires_grad_() for p in model.parameters())
    assert torch.autograd.gradcheck(outputs, (images, *parameters), fast_mode=True)


def test_gradient_of_one_fgru_against_finite_differences() -> None:
    torch.manual_seed(0)
    unit = FGRU(2, 3, GammaNetOptions(**SMALL)).double()
    drive, hidden = (torch.rand(1, 2, 4, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(lambda x, h: unit(x, h, 0), (drive, hidden))


def test_recomputed_timesteps_give_identical_gradients_and_the_forward_pass_keeps_less() -> None:
    images = torch.rand(2, 1, 16, 16)
    grads, kept_bytes = [], []
    for recompute in (False, True):
        torch.manual_seed(0)
        model = build_model(networks.gamma_net(**{**SMALL, "timesteps": 6, "recompute_timesteps": recompute}))
        kept: dict[int, int] = {}

        def keep(tensor: torch.Tensor, kept: dict[int, int] = kept) -> torch.Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = model(images).square().mean()
        loss.backward()
        grads.append([parameter.grad for parameter in model.parameters()])
        kept_bytes.append(sum(kept.values()))
    for plain, recomputed in zip(*grads, strict=True):
        assert plain is not None
        assert recomputed is not None
        assert torch.equal(plain, recomputed)
    assert kept_bytes[1] < kept_bytes[0] / 3


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({}, 504_900),
        ({"preset": "table"}, 757_860),
        ({"channels": (24, 28, 32, 48, 64)}, 480_792),
        ({"channels": (24, 28, 32, 48, 64), "preset": "table"}, 723_944),
    ],
    ids=str,
)
def test_number_of_parameters(options: dict[str, Any], parameters: int) -> None:
    assert sum(p.numel() for p in build_model(networks.gamma_net(**options)).parameters()) == parameters


def test_scalars_and_kernels_start_as_said() -> None:
    torch.manual_seed(0)
    unit = FGRU(6, 3, GammaNetOptions())
    starts = {"alpha": 0.1, "gamma": 1.0, "kappa": 0.5, "omega": 0.5, "mu": 1.0}
    for name, value in starts.items():
        assert torch.equal(getattr(unit, name), torch.full((1, 6, 1, 1), value))
    rows = unit.w_inh.detach().flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(6))
    assert unit.u2.bias is not None
    assert ((unit.u2.bias <= -1) & (unit.u2.bias >= -7)).all()


def test_a_symmetric_kernel_stays_symmetric_in_training() -> None:
    model = network(symmetric=True)
    before = model.down_fgru[0].w_inh.detach().clone()  # type: ignore[union-attr]
    model = build_model(networks.gamma_net(**{**SMALL, "symmetric": True}))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.rand(1, 1, 8, 8)).square().mean().backward()
        optimizer.step()
    kernel = model.down_fgru[0].w_inh  # type: ignore[union-attr,index]
    torch.testing.assert_close(kernel, kernel.transpose(0, 1))
    assert not torch.equal(before, kernel)


def test_zeros_make_evaluation_repeatable_and_noise_does_not() -> None:
    images = torch.rand(1, 1, 8, 8, dtype=torch.float64)
    zeros, noise = network().eval(), network(initial_state="noise").eval()
    assert torch.equal(zeros(images), zeros(images))
    assert not torch.equal(noise(images), noise(images))


@pytest.mark.parametrize("shape", [(1, 1, 9, 8), (1, 1, 8, 10), (1, 3, 1, 8, 6)])
def test_a_size_that_cannot_be_halved_is_one_clear_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(SpecError, match=r"do not fit a network of 3 levels") as raised:
        network(temporal=len(shape) == 5)(torch.rand(shape, dtype=torch.float64))
    assert "multiple of 4" in raised.value.problems[0].fix


@pytest.mark.parametrize(
    ("temporal", "shape"),
    [
        (True, (1, 2, 1, 8, 8)),
        (True, (1, 1, 8, 8)),
        (True, (1, 3, 8, 8)),
        (False, (1, 3, 1, 8, 8)),
        (False, (1, 3, 8, 8)),
        (False, (1, 8, 8)),
    ],
)
def test_another_shape_than_the_options_say_is_one_clear_error(temporal: bool, shape: tuple[int, ...]) -> None:
    with pytest.raises(SpecError, match="each of 3 timesteps, but was given the shape") as raised:
        network(temporal=temporal)(torch.rand(shape, dtype=torch.float64))
    assert raised.value.problems[0].fix.startswith("give (B, 3, 1, H, W)" if temporal else "give (B, 1, H, W)")


def test_a_series_of_equal_frames_is_the_image() -> None:
    image = torch.rand(2, 1, 8, 8, dtype=torch.float64)
    still, series = network(), network(temporal=True)
    assert torch.equal(still(image), series(image[:, None].expand(-1, 3, -1, -1, -1)))


def test_every_frame_of_a_series_is_read() -> None:
    series = torch.rand(1, 3, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    network(temporal=True)(series).square().mean().backward()
    assert series.grad is not None
    assert (series.grad.abs().amax((0, 2, 3, 4)) > 0).all()


def test_one_pixel_at_the_bottleneck_is_one_clear_error() -> None:
    with pytest.raises(SpecError, match="leave one pixel"):
        network()(torch.rand(1, 1, 4, 4, dtype=torch.float64))


def test_bfloat16_autocast_stays_near_float32() -> None:
    torch.manual_seed(0)
    model = build_model(networks.gamma_net(**SMALL)).train()
    images = torch.rand(2, 1, 16, 16)
    exact = model(images)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(images)
    assert (rounded.float() - exact).abs().mean() < 0.05 * exact.abs().mean()


@pytest.mark.parametrize("height_width", [(48, 80), (80, 48)])
def test_one_image_that_is_not_square_and_large_enough_for_tiles_equals_the_equations(
    height_width: tuple[int, int],
) -> None:
    """Sizes at which large kernels use the Fourier transform, with tiles that are not full."""
    sizes: dict[str, Any] = {"channels": (16, 2), "down_fgru_kernels": (9, 1), "up_fgru_kernels": (1,)}
    model = network(**sizes, timesteps=2, attention_kernel=5)
    spec = GammaNetOptions(**{**SMALL, **sizes, "timesteps": 2, "attention_kernel": 5})
    images = torch.rand(1, 1, *height_width, dtype=torch.float64)
    height, width = height_width
    zeros = [np.zeros((1, c, height >> level, width >> level)) for level, c in enumerate(spec.channels)]
    expected = gamma_net([images.numpy()] * 2, zeros, weights_of(model), spec, training=True)
    np.testing.assert_allclose(model(images).detach().numpy(), expected[-1], atol=1e-9)


def test_outputs_after_each_timestep_end_in_the_output() -> None:
    model = network().eval()
    images = torch.rand(2, 1, 8, 8, dtype=torch.float64)
    every = model.forward_timesteps(images)
    assert every.shape == (3, 2, 1, 8, 8)
    assert torch.equal(every[-1], model(images))
    assert not torch.equal(every[0], every[1])


@pytest.mark.parametrize(("images", "classes", "series"), [(2, 1, ()), (5, 1, ()), (6, 4, ()), (5, 1, (2,))])
def test_how_many_images_are_scored_at_once_changes_no_bit(images: int, classes: int, series: tuple[int, ...]) -> None:
    """Norms use each image, or statistics from training, so an output does not depend on the rest of the minibatch."""
    torch.manual_seed(1)
    model = build_model(networks.gamma_net(temporal=bool(series)), classes=classes).eval()
    pixels = torch.rand(images, *series, 1, 128, 128)
    calls: list[int] = []
    model.register_forward_pre_hook(lambda _model, given: calls.append(len(given[0])))
    with torch.inference_mode():
        together = model(pixels)
        found = scored_logits(model, pixels)
    assert torch.equal(found, together)
    assert sum(calls[1:]) == images
    assert max(calls[1:]) <= 4
    assert min(calls[1:]) >= 2, "of one image alone kernels round differently"


@pytest.mark.parametrize(("options", "size"), [({}, 64), ({"initial_state": "noise"}, 128)], ids=["small", "chance"])
def test_small_images_and_chance_leave_a_minibatch_whole(options: dict[str, Any], size: int) -> None:
    model = build_model(networks.gamma_net(**{**SMALL, **options})).eval()
    calls: list[int] = []
    model.register_forward_pre_hook(lambda _model, given: calls.append(len(given[0])))
    with torch.inference_mode():
        scored_logits(model, torch.ones(8, 1, size, size))
    assert calls == [8]
