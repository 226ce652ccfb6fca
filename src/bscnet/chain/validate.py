"""One look at a whole composed configuration before any work starts: every value is known, or one sentence says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bscnet.chain.device import MIXED_PRECISIONS, refuse_precision
from bscnet.chain.validate_search import validate_search
from bscnet.errors import InputError
from bscnet.search_names import ALPHA_INITS, DECISIONS, LOGITS, MANUALS, PLAN_CHANGES, RANKING_SPLITS, RELAXATIONS
from bscnet.settings.check import check
from bscnet.settings.groups import GROUPS
from bscnet.settings.rules import Flag, Names, Number, OneOf, Rule, Text, Wholes, as_typed, refusal
from bscnet.sparse.backend_names import BACKENDS

_COUNT = Number(1, whole=True)
_POSITIVE = Number(0, above=True)
_ESTIMATORS = ("approx", "clip", "identity", "ede", "sign_swish", "fourier")

RULES: dict[str, Rule] = {
    "seed": Number(0, whole=True),
    "resume": Flag(),
    "picture": Flag(),
    "threads": Number(1, whole=True, optional=True),
    "title": Text(optional=True),
    "output_dir": Text(),
    "init_from": Text(optional=True),
    "shift_plan": Text(optional=True),
    "backend.name": OneOf(("auto", *BACKENDS)),
    "model.family": OneOf(("fcn", "unet")),
    "model.network.m": _COUNT,
    "model.network.reps": _COUNT,
    "model.network.depth": _COUNT,
    "model.network.fcn_up": OneOf(("unpool_add", "unpool_concat", "deconv")),
    "model.network.head_norm": Flag(),
    "model.layer_style": OneOf(("r2b", "react", "bireal")),
    "model.act": OneOf(("prelu", "rprelu", "hardtanh")),
    "model.layers_per_block": OneOf((1, 2)),
    "model.down_short": OneOf(("avgpool", "maxpool", "none")),
    "model.proj_norm": Flag(),
    "model.short_norm": Flag(),
    "method.G": OneOf((1, 2, 4, 8, 9, 16)),
    "method.manual": OneOf(MANUALS),
    "method.manual_seed": Number(0, whole=True),
    "method.manual_alternate": Flag(),
    "method.cands": OneOf(("all27", "corners9", "faces7")),
    "method.plan": Text(optional=True),
    "method.plan_change": OneOf(PLAN_CHANGES),
    "method.logits": OneOf(LOGITS),
    "method.alpha_init": OneOf(ALPHA_INITS),
    "method.alpha_weight": Number(0, above=True, high=1),
    "method.relax": OneOf(RELAXATIONS),
    "method.temperature_end": Number(0, above=True, optional=True),
    "method.temperature_share": Number(0, above=True, high=1),
    "method.decide": OneOf(DECISIONS),
    "method.rank_on": OneOf(RANKING_SPLITS),
    "method.rank_batches": _COUNT,
    "method.levels": Wholes(optional=True),
    "method.min_sites": Number(0, optional=True),
    "method.arch_travel": Number(0, above=True, optional=True),
    "method.share_kernel": Flag(),
    "method.conf": OneOf(("entropy", "one_minus_max", "nll_max", "neg_l2")),
    "method.reduce": OneOf(("paper", "mean", "sum")),
    "method.conf_weights.fcn": Number(0),
    "method.conf_weights.unet": Number(0),
    "method.conf_weight": Number(0),
    "method.lr_arch": Number(0, above=True, optional=True),
    "method.search_prec": OneOf(("a1w32", "a1w1", "a32w32")),
    "method.order": OneOf(("search_first", "pretrain_search_final")),
    "method.stage2_init": OneOf(("search", "scratch")),
    "method.sfsc_layers": OneOf(("all", "first", "last")),
    "method.layer_style": OneOf(("r2b", "react", "bireal")),
    "method.act": OneOf(("prelu", "rprelu", "hardtanh")),
    "method.w_scale": OneOf(
        (
            *("mean_abs", "learned", "none", "mean_abs_gradient", "learned_from_mean_abs"),
            *("layer", "power_of_two"),
        )
    ),
    "method.w_form": OneOf(("latent", "centred", "standardized", "rectified", "recurrent")),
    "method.w_penalty": OneOf(("none", "manhattan", "bilinear")),
    "method.w_penalty_weight": Number(0),
    "method.ste_act": OneOf(_ESTIMATORS),
    "method.ste_weight": OneOf(_ESTIMATORS),
    "method.sign_noise": Flag(),
    "method.per_site_scale": Flag(),
    "method.scene_gate": Flag(),
    "method.clip_latent": Flag(),
    "method.center_latent": Flag(),
    "method.extra_stage": Flag(),
    "data.root": Text(),
    "data.voxel_size": _POSITIVE,
    "data.num_classes": Number(2, whole=True, optional=True),
    "data.in_channels": Number(1, whole=True, optional=True),
    "data.features": Names(optional=True),
    "data.val_reps": _COUNT,
    "data.num_workers": Number(0, whole=True),
    "data.prepare_maps": OneOf(("auto", True, False)),
    "data.cache_dir": Text(optional=True),
    "data.train_scenes": _COUNT,
    "data.val_scenes": _COUNT,
    "data.rooms_seed": Number(0, whole=True),
    "data.fold": Number(0, whole=True),
    "data.gap": Number(0),
    "data.repeats": _COUNT,
    "data.crop": Number(0, above=True, optional=True),
    "data.building_ceiling": Number(0, above=True, optional=True),
    "data.datamodule.eval_batch_size": _COUNT,
    "data.datamodule.limit_train_scenes": Number(1, whole=True, optional=True),
    "data.datamodule.limit_val_scenes": Number(1, whole=True, optional=True),
    "data.datamodule.pin_memory": OneOf(("auto", True, False)),
    "data.datamodule.augment": Flag(),
    "data.datamodule.elastic": Flag(),
    "data.datamodule.eval_augment": Flag(),
    "data.datamodule.eval_offset": Flag(),
    "data.datamodule.whole_centimetres": Flag(),
    "logger.name": OneOf(("csv", "wandb", "tensorboard", "mlflow")),
    "logger.project": Text(),
    "logger.entity": Text(optional=True),
    "logger.tracking_uri": Text(optional=True),
    "logger.offline": OneOf((None, True, False)),
    "distill.teacher": Text(optional=True),
    "distill.weight": Number(0),
    "distill.temperature": _POSITIVE,
    "distill.kind": OneOf(("logits", "attention")),
    "trainer.accelerator": OneOf(("auto", "cpu", "gpu", "cuda")),
    "trainer.precision": OneOf(("32-true", *MIXED_PRECISIONS)),
    "trainer.accumulate_grad_batches": _COUNT,
    "trainer.log_every_n_steps": _COUNT,
    "trainer.matmul_precision": OneOf((None, "highest", "high", "medium")),
    "trainer.cuda_allocator": Text(optional=True),
}
"""Keys that a configuration may lack (only some models have them) are checked where they are present."""

_STAGE_RULES: dict[str, Rule] = {
    "name": Text(),
    "precision": OneOf(("a32w32", "a1w32", "a1w1")),
    "conv": OneOf(("plain", "shifted", "composite")),
    "lr": _POSITIVE,
    "init": OneOf(("random", "carried")),
    "shifts": OneOf(("manual", "searched", "none")),
    "enabled": Flag(),
    "extra": Flag(),
}


def validate(config: Mapping[str, Any]) -> None:
    """Check every value of a composed configuration; interpolations not resolved yet ("${…}") are passed over.

    Raises:
        InputError: names the first key whose value is not allowed, the value, and what is allowed.
    """
    for key, rule in RULES.items():
        found, value = _look_up(config, key)
        if found and not _pending(value) and not rule.accepts(value):
            raise refusal(key, value, rule)
    for name, group in GROUPS.items():
        check(group, config[name], name)
    _validate_stages(config["method"]["stages"])
    if not _pending(config["method"]["stages"]):
        validate_search(config["method"], config["model"]["network"]["depth"])
    backend = config["backend"]["name"]
    refuse_precision(config["trainer"]["precision"], backend, backend)
    if config["method"]["w_form"] == "recurrent" and config["trainer"]["precision"] == "16-mixed":
        raise InputError(
            "trainer.precision=16-mixed scales gradients, which method.w_form=recurrent adds to the weights: "
            "take bf16-mixed or 32-true"
        )


def _validate_stages(stages: Any) -> None:
    if _pending(stages):
        return
    if not isinstance(stages, list) or not stages:
        raise InputError(f"method.stages={as_typed(stages)} must be a list with at least one stage")
    for place, row in enumerate(stages):
        for key, rule in _STAGE_RULES.items():
            if key in row and not _pending(row[key]) and not rule.accepts(row[key]):
                raise refusal(f"method.stages[{place}].{key}", row[key], rule)


def wanted_stages(stage: Any, num_stages: int, method: str) -> list[int]:
    """The stages that `stage=…` asks for: all of them, or one.

    Raises:
        InputError: neither "all" nor a stage of this method.
    """
    if stage == "all":
        return list(range(1, num_stages + 1))
    if isinstance(stage, int) and not isinstance(stage, bool) and 1 <= stage <= num_stages:
        return [stage]
    numbers = ", ".join(str(index) for index in range(1, num_stages + 1))
    raise InputError(f"stage={as_typed(stage)} is not a stage of method {method}: allowed are all, {numbers}")


def _look_up(config: Mapping[str, Any], key: str) -> tuple[bool, Any]:
    node: Any = config
    for part in key.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return False, None
        node = node[part]
    return True, node


def _pending(value: Any) -> bool:
    return isinstance(value, str) and "${" in value
