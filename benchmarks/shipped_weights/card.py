"""The model card: everything that is known of the model that ships, from the JSON file of its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.tables import hundredths, plain_table
from benchmarks.shipped_weights.words import ABOUT_CHANGES, ABOUT_SCANS, NOT_FOR, USE
from bscnet.counted import counted

Found = Mapping[str, Any]


def document(found: Found) -> str:
    """The whole Markdown file."""
    return "\n".join(
        [
            f"# Model card: {found['model']}\n",
            f"Made by `{found['made_by']}`; every number is in [benchmarks/shipped_weights.json]"
            "(../benchmarks/shipped_weights.json).\n",
            _summary(found),
            f"## How to use it\n\n{USE}",
            f"## What it is\n\n{what_table(found)}",
            f"## What it was trained on\n\n{_training(found)}",
            f"## Scores on rooms that it has not seen\n\n{_about_scores(found)}\n{scores_table(found)}",
            f"## Where a scan is otherwise\n\n{ABOUT_CHANGES}\n{changes_table(found)}",
            f"## Real scans\n\n{_real_scans(found)}",
            f"## What it must not be used for\n\n{NOT_FOR}",
        ]
    )


def what_table(found: Found) -> str:
    """What the network is, and what it takes."""
    network, size = found["network"], found["bytes"]
    rows = [
        ["network", f"`{network['name']}`, method `{network['method']}`, precision {network['precision']}"],
        ["file", f"{size / 1e6:.2f} MB ({size:,} bytes), SHA-256 `{found['sha256']}`"],
        ["voxels", f"{100 * network['voxel_size']:g} cm"],
        ["sees of a point", f"{', '.join(network['features'])}, and where it is"],
        ["classes", ", ".join(found["held_out"]["binary"]["classes"])],
        ["trained by commit", f"`{network['commit']}`"],
    ]
    return plain_table(["what", "value"], rows, left=2)


def scores_table(found: Found) -> str:
    """A row a class, both networks side by side, scores in percent."""
    binary, real = found["held_out"]["binary"], found["held_out"]["real"]
    heads = ["class", "points", "IoU, binary", "IoU, real-valued", "recall, binary", "recall, real-valued"]
    rows = []
    for name, row in binary["classes"].items():
        other = real["classes"][name]
        scores = (row["iou"], other["iou"], row["recall"], other["recall"])
        rows.append([name, f"{row['points']:,}", *map(hundredths, scores)])
    whole = (binary["miou"], real["miou"], binary["macc"], real["macc"])
    rows.append(["**mean over the classes**", "", *map(hundredths, whole)])
    return plain_table(heads, rows, left=1)


def changes_table(found: Found) -> str:
    """mIoU of the binary network on the held-out rooms as they are, and changed."""
    held_out = found["held_out"]
    rows = [["as it was simulated", hundredths(held_out["binary"]["miou"])]]
    rows += [[name, hundredths(value)] for name, value in held_out["otherwise"].items()]
    return plain_table(["rooms", "mIoU, %"], rows, left=1)


def scans_table(found: Found) -> str:
    """Size and colours of the real scans, beside those of the rooms, and what the model says of them."""
    heads = ["scan", "points", "extent, m", "colours: mean", "spread", "mean confidence", "same label as it was seen"]
    held_out = found["held_out"]
    rows = [["held-out rooms", "", "", _triple(held_out["color_mean"]), _triple(held_out["color_spread"]), "", ""]]
    for scan in found["real_scans"]:
        extent = " x ".join(f"{side:.1f}" for side in scan["extent"])
        cells = [f"`{scan['data']}`", f"{scan['points']:,}", extent]
        cells += [_triple(scan["color_mean"]), _triple(scan["color_spread"])]
        rows.append([*cells, f"{scan['confidence']:.2f}", f"{100 * scan['same_as_seen']:.0f} %"])
    return plain_table(heads, rows, left=1)


def _summary(found: Found) -> str:
    held_out = found["held_out"]
    binary, real = held_out["binary"]["miou"], held_out["real"]["miou"]
    return (
        "A binary sparse convolutional network that labels every point of an indoor scan. **It was trained on "
        f"simulated rooms\nalone.** On {counted(held_out['rooms'], 'simulated room')} that it has not seen it reaches "
        f"a mIoU of {hundredths(binary)} %, the\nreal-valued network beside it {hundredths(real)} %. It was never "
        "scored on a real scan: no number here compares with\none on ScanNet, and none says how good it is on yours.\n"
    )


def _training(found: Found) -> str:
    trained, network = found["trained_on"], found["network"]
    stages = {kind: " + ".join(map(str, row.values())) for kind, row in trained["epochs"].items()}
    size = "small, the simulator's quick setting" if trained["small_rooms"] else "the simulator's full setting"
    shifts = "" if trained["shifts"] is None else f", shifts `{trained['shifts']}`"
    taught = " The real-valued network taught it." if trained["distilled"] else ""
    return (
        f"{counted(trained['rooms'], 'simulated room')} ({size}; `data.rooms_seed={trained['rooms_seed']}`), and "
        f"{trained['validation_rooms']} more\nto watch the training by. Binary: `method={network['method']}`{shifts}, "
        f"{stages['binary']} epochs. Real-valued: `method=real`, the same layout,\n{stages['real']} epochs on the same "
        f"rooms. {counted(trained['batch_size'], 'room')} a step, seed {trained['seed']}.{taught} The whole recipe is\n"
        "[conf/experiment/indoor_5cm.yaml](../conf/experiment/indoor_5cm.yaml); the command makes the rooms too.\n"
    )


def _about_scores(found: Found) -> str:
    held_out = found["held_out"]
    binary, real = held_out["binary"]["acc"], held_out["real"]["acc"]
    return (
        f"{counted(held_out['rooms'], 'room')} of another seed (`data.rooms_seed={held_out['rooms_seed']}`) by the "
        "same simulator; no file of theirs is one of the\ntraining's. Both networks are scored as model files, by the "
        "labels that `bscnet predict` gives, at the vertices,\nin percent, on one confusion matrix over all rooms. "
        f"Pixel accuracy: binary {hundredths(binary)}, real-valued {hundredths(real)}.\n"
    )


def _real_scans(found: Found) -> str:
    if not found["real_scans"]:
        return "None has been looked at with these weights.\n"
    room = found["room"]
    parts = [ABOUT_SCANS, scans_table(found)]
    for scan in found["real_scans"]:
        classes = ", ".join(f"{name} {100 * share:.0f} %" for name, share in scan["classes"].items())
        parts.append(f"`{scan['data']}`: {classes}.\n\n![{scan['data']}, labelled]({scan['picture']})\n")
    parts.append(
        f"For comparison the held-out room whose mIoU is in the middle ({hundredths(room['miou'])} %):\n\n"
        f"![a held-out simulated room]({room['picture']})\n"
    )
    return "\n".join(parts)


def _triple(values: list[float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values)
