"""1-bit weights: the sign of a form of the latent weights and, apart from it, the scale of each output channel."""

from __future__ import annotations

import math

from torch import Tensor, nn

from bscnet.quantizers.forms import WEIGHT_FORMS
from bscnet.quantizers.gradients import gradient_of
from bscnet.quantizers.noise import SignNoise
from bscnet.quantizers.penalties import WEIGHT_PENALTIES
from bscnet.quantizers.scales import WEIGHT_SCALES, Response, WeightScale
from bscnet.quantizers.sign import sign_ste
from bscnet.settings.words import Estimator, WeightForm, WeightPenalty, WeightScaling, chosen


class WeightQuantizer(nn.Module):
    """``W -> (sign(form(W)), scale)``; the scale is applied to the convolution's output, which sees signs only.

    Args:
        channels: output channels.
        scale: a name of ``WEIGHT_SCALES``.
        form: a name of ``WEIGHT_FORMS``; ``latent`` is the weight itself.
        estimator: gradient of the sign, a name of ``ESTIMATORS``.
        penalty: a name of ``WEIGHT_PENALTIES``.
        penalty_weight: its factor in the loss.
        noisy: the signs are corrected while training, see ``SignNoise``.
        shape: of the weights, ``(..., C_out)``; forms and noise with state need it.

    Raises:
        InputError: an unknown name.

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import WeightQuantizer
        >>> signs, scale = WeightQuantizer(2)(torch.tensor([[1.0, -2.0], [3.0, -4.0]]))
        >>> signs.tolist(), scale.tolist()
        ([[1.0, -1.0], [1.0, -1.0]], [2.0, 3.0])
    """

    precision = 1

    def __init__(
        self,
        channels: int,
        scale: WeightScaling = "mean_abs",
        form: WeightForm = "latent",
        estimator: Estimator = "clip",
        penalty: WeightPenalty = "none",
        penalty_weight: float = 0.0,
        noisy: bool = False,
        shape: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        gradient_of(estimator, "ste_weight")
        self.scale: WeightScale = chosen(WEIGHT_SCALES, scale, "w_scale")(channels)
        make_form = chosen(WEIGHT_FORMS, form, "w_form")
        self.form = None if make_form is None else make_form(shape)
        self.estimator = estimator
        self._penalty = chosen(WEIGHT_PENALTIES, penalty, "w_penalty")
        self.penalty_weight = penalty_weight
        self.noise = SignNoise(math.prod(shape[:-1])) if noisy else None
        self.progress = 0.0

    @property
    def plain(self) -> bool:
        """Whether its signs are those of the latent weights, with the clipped gradient."""
        return self.form is None and self.noise is None and self.estimator == "clip"

    @property
    def gives_signs(self) -> bool:
        """Whether what it gives is +-1 and nothing else."""
        return self.noise is None or not self.training

    @property
    def has_penalty(self) -> bool:
        """Whether there is a penalty to add to the loss."""
        return self._penalty is not None and self.penalty_weight > 0

    def set_progress(self, progress: float) -> None:
        """Share of the stage's epochs that is done."""
        self.progress = progress
        for part in (self.form, self.noise):
            if part is not None:
                part.progress = progress

    def calibrate(self, weight: Tensor, respond: Response) -> bool:
        """Set what depends on the weights that the stage starts with or on its first batch; whether there was any."""
        if not self.scale.needs_calibration:
            return False
        self.scale.calibrate(weight, self._formed(weight), respond)
        return True

    def penalty(self, weight: Tensor) -> Tensor:
        """The weighted penalty, a number; only where ``has_penalty``."""
        assert self._penalty is not None
        return self.penalty_weight * self._penalty(weight, self.scale(weight, self._formed(weight)))

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Signs of the shape of ``weight`` and ``(C_out,)`` scales."""
        form = self._formed(weight)
        signs = sign_ste(form, self.estimator, self.progress)
        if self.noise is not None and self.training:
            rows = weight.flatten(0, -2)
            signs = signs + self.noise(rows.t()).t().reshape(weight.shape)
        return signs, self.scale(weight, form)

    def _formed(self, weight: Tensor) -> Tensor:
        return weight if self.form is None else self.form(weight, self.scale(weight, weight))

    def extra_repr(self) -> str:
        """The estimator's name."""
        return f"estimator={self.estimator!r}"
