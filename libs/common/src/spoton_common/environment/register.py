"""Register environment folders: ``python -m spoton_common.environment.register FOLDER…``.

Each folder is an environment, or holds some. Publishes one record for each to ``environments``; registering again
replaces. Reads SPOTON_KAFKA_BOOTSTRAP and SPOTON_REGISTRY_URL. Services read the videos at the paths that are seen
here: where they run in containers, mount the folders at the same place in all of them.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from spoton_schemas.codec import Codec
from spoton_schemas.records import Environment as EnvironmentRecord
from spoton_schemas.topics import ENVIRONMENTS

from spoton_common.environment.errors import InvalidEnvironmentError
from spoton_common.environment.loader import FILE_NAME, load_environment
from spoton_common.environment.scene import UnknownFrameRateError, scene_record
from spoton_common.kafka.producer import RecordProducer
from spoton_common.settings import Connections

_DELIVERY_S = 30.0


def find_folders(places: Sequence[Path]) -> list[Path]:
    """Return the environment folders among these places and directly in them, in order."""
    found: list[Path] = []
    for place in places:
        inside = sorted(path.parent for path in place.glob(f"*/{FILE_NAME}"))
        found += [place] if (place / FILE_NAME).is_file() or not inside else inside
    return found


def main(arguments: Sequence[str]) -> int:
    """Register all folders that can be read; status 1 if one of them has mistakes, which are printed."""
    connections = Connections()
    producer = RecordProducer(connections.kafka_bootstrap, Codec.connect(connections.registry_url))
    faulty = 0
    for folder in find_folders([Path(argument) for argument in arguments]):
        try:
            scene = scene_record(load_environment(folder))
        except (InvalidEnvironmentError, UnknownFrameRateError) as error:
            sys.stderr.write(f"{error}\n")
            faulty += 1
            continue
        producer.send(ENVIRONMENTS, EnvironmentRecord(scene))
        sys.stdout.write(f"{scene.environment_id}\n")
    producer.flush(_DELIVERY_S)
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
