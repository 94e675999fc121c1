"""From a seed to an ONNX embedder: render people, train, export."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from spoton_training.embedder.crops import PersonCrops, load_groups
from spoton_training.embedder.network import INPUT_HEIGHT_PX, INPUT_WIDTH_PX, CosFace, EmbedderNetwork
from spoton_training.embedder.preparation import METADATA_KEY, MODEL_NAME, augment, description, prepare
from spoton_training.embedder.scale import measure_scale, write_scale
from spoton_training.hardware import cpu_has_bfloat16
from spoton_training.offline import WORK_FOLDER
from spoton_training.progress import show_progress
from spoton_training.seeds import training_scenes


@dataclass(frozen=True)
class EmbedderRecipe:
    """What the shipped embedder is made from; a group is 8 to 16 people met in 2 scenes."""

    groups: int = 60
    epochs: int = 8
    batch: int = 64
    learning_rate: float = 0.003
    weight_decay: float = 0.01
    threads: int = 1  # so small a network gains nothing from more
    workers: int = 1


def train_embedder(seed: int, out: Path, recipe: EmbedderRecipe) -> Path:
    """Train on the people of `seed` and write spoton-demo-embedder.onnx into `out`; returns its path.

    Raises:
        RecipeError: the seed or the number of groups is out of range.

    """
    folder = WORK_FOLDER / f"embedder-{seed}"
    crops = load_groups(folder, training_scenes(seed, recipe.groups), recipe.workers)
    file = export(fit(crops, seed, recipe), out)
    write_scale(file, measure_scale(file, seed))
    return file


def fit(crops: PersonCrops, seed: int, recipe: EmbedderRecipe) -> EmbedderNetwork:
    """Train a network from scratch on the crops' identities."""
    torch.manual_seed(seed)
    torch.set_num_threads(recipe.threads)
    rng = np.random.default_rng([seed, 31])
    identities, labels = np.unique(crops.identities, return_inverse=True)
    network, loss = EmbedderNetwork(), CosFace(len(identities))
    parameters = [*network.parameters(), *loss.parameters()]
    optimizer = torch.optim.AdamW(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (len(crops) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps, pct_start=0.15)
    batches = _batches(crops, labels.astype(np.int64), recipe, rng)
    for images, targets in show_progress(batches, "train embedder", steps):
        optimizer.zero_grad()
        _loss_of(network, loss, images, targets).backward()
        optimizer.step()
        schedule.step()
    network.eval()
    return network


def export(network: nn.Module, out: Path) -> Path:
    """Write the network as ONNX with its description in the metadata; returns the file's path."""
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{MODEL_NAME}.onnx"
    example = torch.zeros(1, 3, INPUT_HEIGHT_PX, INPUT_WIDTH_PX)
    torch.onnx.export(
        network, (example,), file, opset_version=17, dynamo=False, input_names=["images"], output_names=["embeddings"]
    )
    model = onnx.load(file)
    onnx.helper.set_model_props(model, {METADATA_KEY: description(), "license": "AGPL-3.0-or-later"})
    onnx.save(model, file)
    return file


def _loss_of(network: nn.Module, loss: CosFace, images: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16, enabled=cpu_has_bfloat16()):
        embeddings = network(images)
    result: torch.Tensor = loss(embeddings.float(), targets)
    return result


def _batches(
    crops: PersonCrops, labels: NDArray[np.int64], recipe: EmbedderRecipe, rng: np.random.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    for _ in range(recipe.epochs):
        order = rng.permutation(len(crops))
        for start in range(0, len(crops) - recipe.batch + 1, recipe.batch):
            chosen = order[start : start + recipe.batch]
            images = np.stack([augment(prepare(crops, int(index), rng), rng) for index in chosen])
            yield torch.from_numpy(images), torch.from_numpy(labels[chosen])
