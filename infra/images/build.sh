#!/usr/bin/env bash
# Builds the five images with Docker or Podman and prints their sizes. EXTRAS=torch builds the GPU variants of the
# detector and Re-ID. CONTAINER_ENGINE chooses the program, IMAGE_BUILD_FLAGS is handed to its `build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

engine=${CONTAINER_ENGINE:-}
for candidate in docker podman; do # Docker's command may have no server
  [[ -n $engine ]] || ! "$candidate" ps >/dev/null 2>&1 || engine=$candidate
done
if [[ -z $engine ]]; then
  echo "error: neither docker nor podman works here" >&2
  exit 1
fi
read -ra flags <<<"${IMAGE_BUILD_FLAGS:-}"
# Podman's own format has no place for a health check.
[[ $engine == podman ]] && flags+=(--format docker)

services=(ingest detector reid mapper gateway)
suffix=""
if [[ -n ${EXTRAS:-} ]]; then
  services=(detector reid)
  suffix=-gpu
  flags+=(--build-arg "EXTRAS=$EXTRAS")
fi

for service in "${services[@]}"; do
  version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "services/$service/pyproject.toml")
  tag="spoton-$service:$version$suffix"
  echo "building $tag"
  "$engine" build "${flags[@]}" --quiet --tag "$tag" --file "services/$service/Dockerfile" . >/dev/null
  echo "$tag $(($("$engine" image inspect --format '{{.Size}}' "$tag") / 1000000)) MB"
done
