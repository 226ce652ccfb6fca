"""Settings of a method that say how it makes signs. Each word's formula and source stand in `bscnet.quantizers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bscnet.settings.numbers import NonNegative
from bscnet.settings.words import Estimator, WeightForm, WeightPenalty, WeightScaling


@dataclass(frozen=True, kw_only=True)
class QuantizerSwitches:
    """How activations and weights become signs."""

    ste_act: Annotated[Estimator, "gradient of the binary activation"] = "approx"
    ste_weight: Annotated[Estimator, "gradient of the binary weight"] = "clip"
    w_form: Annotated[WeightForm, "what the sign of weights is taken of"] = "latent"
    w_scale: Annotated[WeightScaling, "scale of binary weights, one for each output channel"] = "mean_abs"
    w_penalty: Annotated[WeightPenalty, "what binary weights add to the loss"] = "none"
    w_penalty_weight: Annotated[NonNegative, "its factor"] = 0.0
    sign_noise: Annotated[bool, "a small network corrects the signs while training (FDA)"] = False
    per_site_scale: Annotated[bool, "outputs are scaled site by site (XNOR-Net's K); not exported"] = False
    scene_gate: Annotated[
        bool, "outputs are scaled scene by scene (Real-to-Binary), in place of w_scale; not exported"
    ] = False


@dataclass(frozen=True, kw_only=True)
class LatentSwitches:
    """What happens after a step to the latent weights, which binary ones are the signs of."""

    clip_latent: Annotated[bool, "latent weights are kept in [-1, 1]"] = True
    center_latent: Annotated[bool, "their mean over the input channels is kept at 0 (XNOR-Net)"] = False
