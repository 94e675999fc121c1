"""Put the pinned uv into the checkout: `python3 infra/get_uv.py` prints its path.

Standard library only, any Python from 3.8: it runs before anything is installed. pip fetches the wheel where
there is one, so that the user's mirrors and certificates count; Debian's Python may have none, then the package
index is read here. Either way the wheel's SHA-256 must be the pinned one, and nothing is installed outside
`.local/uv`.
"""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import os
import platform
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

VERSION = "0.13.8"
WHEELS = {
    ("linux", "x86_64"): (
        "uv-0.13.8-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "e18a57b8b352eb7c8feb317b9f6f533c8f0ad9673fd6cf34bbe3cf1a9f6a8984",
    ),
    ("linux", "aarch64"): (
        "uv-0.13.8-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
        "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
    ),
    ("darwin", "x86_64"): (
        "uv-0.13.8-py3-none-macosx_10_12_x86_64.whl",
        "b7124ca1956ec2e476a1003ea5715a15f0266afaec37f4dc9c6972ba8183e6d1",
    ),
    ("darwin", "arm64"): (
        "uv-0.13.8-py3-none-macosx_11_0_arm64.whl",
        "62b6943c7fd64fac6854f780bea6e0359e5a5bc3241f83ee357bb38276afac49",
    ),
}
ROOT = Path(__file__).resolve().parent.parent
ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
TIMEOUT_S = 120
"""Per read; slow mirrors fetch the 20 MB on demand."""


class CannotGetUv(Exception):
    """Its text tells the user what to do."""


def main() -> int:
    """Fetch uv unless the pinned version is there."""
    target = ROOT / ".local" / "uv" / VERSION / "uv"
    if not target.exists():
        try:
            install(target)
        except CannotGetUv as error:
            print("error: " + str(error), file=sys.stderr)
            return 1
    print(target)
    return 0


def install(target: Path) -> None:
    """Fetch, check and unpack; the program appears under its name only when whole."""
    filename, sha256 = wheel_for_this_machine()
    print("Fetching uv " + VERSION, file=sys.stderr)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(target.parent)) as folder:
        wheel = fetch_with_pip(Path(folder), filename, sha256) or fetch_from_index(Path(folder), filename)
        check(wheel, sha256)
        program = Path(folder) / "uv"
        with zipfile.ZipFile(str(wheel)) as archive:
            program.write_bytes(archive.read("uv-" + VERSION + ".data/scripts/uv"))
        program.chmod(0o755)
        program.replace(target)


def wheel_for_this_machine() -> tuple[str, str]:
    """File name and SHA-256 of the wheel to take."""
    machine = (sys.platform, platform.machine())
    if machine not in WHEELS:
        raise CannotGetUv(
            "no uv is pinned for " + "/".join(machine) + ": install uv yourself and call make with UV=/path/to/uv"
        )
    return WHEELS[machine]


def check(wheel: Path, sha256: str) -> None:
    """Refuse anything but the pinned file."""
    actual = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if actual != sha256:
        raise CannotGetUv(f"{wheel.name} has SHA-256 {actual}, expected {sha256}: not used")


def fetch_with_pip(folder: Path, filename: str, sha256: str) -> Path | None:
    """Return the wheel by `pip download`; None where there is no pip or it does not get it."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"uv=={VERSION} --hash=sha256:{sha256}\n")
    options = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "-r",
        str(requirements),
        "-d",
        str(folder),
    ]
    result = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wheel = folder / filename
    if result.returncode == 0 and wheel.exists():
        return wheel
    print("pip did not bring it, reading the package index", file=sys.stderr)
    return None


def fetch_from_index(folder: Path, filename: str) -> Path:
    """Return the wheel from the package index (PIP_INDEX_URL, or the one that uv.lock names)."""
    index = os.environ.get("PIP_INDEX_URL") or index_of_lock_file()
    try:
        page, content_type, address = read(index.rstrip("/") + "/uv/")
        link = find_link(page.decode("utf-8"), content_type, filename)
        if link is None:
            raise CannotGetUv(f"{without_credentials(index)} does not offer {filename}")
        content, _, _ = read(urllib.parse.urljoin(address, link))
    except OSError as error:
        raise CannotGetUv(
            f"uv could not be fetched from {without_credentials(index)}: {error}. PIP_INDEX_URL names another "
            "index, PIP_CERT or SSL_CERT_FILE a file of certificate authorities"
        ) from error
    wheel = folder / filename
    wheel.write_bytes(content)
    return wheel


def index_of_lock_file() -> str:
    """Return the index that all other packages come from."""
    found = re.search(r'registry = "(https://[^"]+)"', (ROOT / "uv.lock").read_text(encoding="utf-8"))
    if found is None:
        raise CannotGetUv("uv.lock names no package index: set PIP_INDEX_URL")
    return found.group(1)


def read(url: str) -> tuple[bytes, str, str]:
    """Body, content type and final address of a URL; user:password@ in it becomes a header."""
    headers = {"Accept": ACCEPT}
    parts = urllib.parse.urlsplit(url)
    if parts.username:
        pair = urllib.parse.unquote(parts.username) + ":" + urllib.parse.unquote(parts.password or "")
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    if parts.scheme not in {"https", "http"}:
        raise CannotGetUv(f"{without_credentials(url)} is not a web address")
    request = urllib.request.Request(without_credentials(url), headers=headers)  # noqa: S310 - checked above
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context) as answer:  # noqa: S310
        return answer.read(), answer.headers.get("Content-Type", ""), answer.geturl()


def without_credentials(url: str) -> str:
    """Return the URL as it may be shown."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def find_link(page: str, content_type: str, filename: str) -> str | None:
    """Return the link to a file on a page of the simple index, which comes as JSON (PEP 691) or HTML (PEP 503)."""
    if "json" in content_type:
        files: list[dict[str, str]] = json.loads(page)["files"]
        links = {entry["filename"]: entry["url"] for entry in files}
    else:
        parser = Links()
        parser.feed(page)
        links = parser.links
    return links.get(filename)


class Links(html.parser.HTMLParser):
    """The links of a page, by the file name that their address ends in."""

    def __init__(self) -> None:
        super().__init__()
        self.links: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect `<a href>`."""
        address = dict(attrs).get("href")
        if tag == "a" and address:
            path = urllib.parse.urlsplit(address).path
            self.links[urllib.parse.unquote(path.rpartition("/")[2])] = address


if __name__ == "__main__":
    sys.exit(main())
