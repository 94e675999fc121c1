"""Write the lock file of the server artifacts: `python -m spoton_local.lock`.

To move to another version, change ROOTS and run it again: it resolves the dependencies afresh, downloads every
file and records its SHA-256.
"""

import dataclasses
import hashlib
import json
import tempfile
from pathlib import Path

from jgo.maven import Dependency, MavenContext

from spoton_local.downloads import LOCK_FILE, Artifact

ROOTS = {
    # group, name, version, classifier, packaging
    "kafka": [
        ("org.apache.kafka", "kafka_2.13", "4.3.0", "", "jar"),
        ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4", "", "jar"),  # as Kafka's own log4j-core
    ],
    "registry": [("io.apicurio", "apicurio-registry-app", "3.3.3", "all", "tar.gz")],
}
SELF_CONTAINED = {"registry"}
"""Archives that bring their dependencies along."""


def main() -> None:
    """Resolve, download, hash and write."""
    with tempfile.TemporaryDirectory() as folder:
        context = MavenContext(repo_cache=Path(folder), timeout=60)
        locked = {server: _lock(context, server, roots) for server, roots in ROOTS.items()}
    LOCK_FILE.write_text(json.dumps(locked, indent=1) + "\n", encoding="utf-8")


def _lock(context: MavenContext, server: str, roots: list[tuple[str, str, str, str, str]]) -> list[dict[str, object]]:
    """Each root is resolved alone (jgo would take one's managed versions for the other's); the first wins."""
    chosen: dict[tuple[str, str], Dependency] = {}
    for root in roots:
        dependency = _dependency(context, *root)
        inputs, transitive = [dependency], []
        if server not in SELF_CONTAINED:
            inputs, transitive = context.resolver.resolve([dependency])
        for found in (*inputs, *transitive):
            chosen.setdefault((found.groupId, found.artifactId), found)
    return [dataclasses.asdict(_entry(chosen[key])) for key in sorted(chosen)]


def _dependency(
    context: MavenContext, group: str, name: str, version: str, classifier: str, packaging: str
) -> Dependency:
    return Dependency(context.project(group, name).at_version(version).artifact(classifier, packaging))


def _entry(dependency: Dependency) -> Artifact:
    artifact = dependency.artifact
    content = artifact.resolve().read_bytes()
    return Artifact(
        group=artifact.groupId,
        name=artifact.artifactId,
        version=artifact.version,
        classifier=artifact.classifier,
        packaging=artifact.packaging,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


if __name__ == "__main__":
    main()
