"""Crops of people met in several scenes, cameras and poses, and the files that keep them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from spoton_training.pictures import Picture, take_pictures
from spoton_training.progress import map_in_processes
from spoton_training.seeds import SCENES_PER_SEED

SCENES_PER_GROUP = 2  # the same people under two lights, before two backgrounds
PICTURES_PER_SCENE = 12  # 3 moments of 4 cameras
_MIN_VISIBILITY = 0.4
_MIN_HEIGHT_PX, _MIN_WIDTH_PX = 36.0, 12.0
_MARGIN = 0.12  # of the box, kept around it so that training can move its edges


@dataclass(frozen=True)
class PersonCrops:
    """N crops. identities, scenes, cameras: int64 (N,); an identity's number is unique over all groups.

    jpegs: the pixels around each box, margin included; inner_xyxy: float32 (N, 4), the box within them.
    """

    jpegs: list[bytes]
    inner_xyxy: NDArray[np.float32]
    identities: NDArray[np.int64]
    scenes: NDArray[np.int64]
    cameras: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.jpegs)

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """Crop `index` with its margin: (H, W, 3) BGR uint8."""
        return np.asarray(cv2.imdecode(np.frombuffer(self.jpegs[index], np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


def collect_crops(group_seed: int) -> PersonCrops:
    """Crops of one group of people (8 to 16), each from up to SCENES_PER_GROUP * PICTURES_PER_SCENE pictures."""
    scene_seeds = range(group_seed * SCENES_PER_GROUP, (group_seed + 1) * SCENES_PER_GROUP)
    return join_crops(
        [
            _cut(picture, group_seed)
            for scene_seed in scene_seeds
            for picture in take_pictures(scene_seed, PICTURES_PER_SCENE, people_seed=group_seed)
        ]
    )


def join_crops(parts: list[PersonCrops]) -> PersonCrops:
    """All crops of the parts, in order."""
    return PersonCrops(
        jpegs=[jpeg for part in parts for jpeg in part.jpegs],
        inner_xyxy=np.concatenate([part.inner_xyxy for part in parts]),
        identities=np.concatenate([part.identities for part in parts]),
        scenes=np.concatenate([part.scenes for part in parts]),
        cameras=np.concatenate([part.cameras for part in parts]),
    )


def load_groups(folder: Path, group_seeds: range, workers: int) -> PersonCrops:
    """Crops of all groups, rendering those whose file is not in `folder` yet."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in group_seeds if not _file(folder, seed).exists()]
    for _ in map_in_processes(partial(_write_group, folder), missing, "render people", workers):
        pass
    return join_crops([_read_group(_file(folder, seed)) for seed in group_seeds])


def _cut(picture: Picture, group_seed: int) -> PersonCrops:
    image = picture.decode()
    limit = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
    sizes = picture.boxes_xyxy[:, 2:] - picture.boxes_xyxy[:, :2]
    chosen = (
        (picture.visibilities >= _MIN_VISIBILITY) & (sizes[:, 0] >= _MIN_WIDTH_PX) & (sizes[:, 1] >= _MIN_HEIGHT_PX)
    )
    margins = np.hstack([-sizes, sizes])[chosen] * np.float32(_MARGIN)
    outer = np.clip(np.round(picture.boxes_xyxy[chosen] + margins), 0, limit).astype(int)
    jpegs = [_encode(image[y1:y2, x1:x2]) for x1, y1, x2, y2 in outer.tolist()]
    count = len(jpegs)
    return PersonCrops(
        jpegs=jpegs,
        inner_xyxy=(picture.boxes_xyxy[chosen] - np.tile(outer[:, :2], 2)).astype(np.float32),
        identities=group_seed * 100 + picture.person_ids[chosen],
        scenes=np.full(count, picture.scene_seed % SCENES_PER_SEED, np.int64),
        cameras=np.full(count, picture.camera, np.int64),
    )


def _encode(pixels: NDArray[np.uint8]) -> bytes:
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 97])  # they were compressed once already
    return encoded.tobytes()


def _file(folder: Path, group_seed: int) -> Path:
    return folder / f"{group_seed}.npz"


def _write_group(folder: Path, group_seed: int) -> None:
    crops = collect_crops(group_seed)
    lengths = np.array([len(jpeg) for jpeg in crops.jpegs], np.int64)
    partial_file = folder / f"{group_seed}.partial.npz"
    np.savez(
        partial_file,
        jpegs=np.frombuffer(b"".join(crops.jpegs), np.uint8),
        lengths=lengths,
        inner=crops.inner_xyxy,
        identities=crops.identities,
        scenes=crops.scenes,
        cameras=crops.cameras,
    )
    partial_file.rename(_file(folder, group_seed))


def _read_group(file: Path) -> PersonCrops:
    with np.load(file) as arrays:
        joined, ends = arrays["jpegs"].tobytes(), np.cumsum(arrays["lengths"])
        starts = ends - arrays["lengths"]
        jpegs = [joined[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        return PersonCrops(jpegs, arrays["inner"], arrays["identities"], arrays["scenes"], arrays["cameras"])
