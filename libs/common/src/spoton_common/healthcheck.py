"""Ask this machine's service how it is: ``python -m spoton_common.healthcheck``, the health check of every image.

Ends with status 0 if ``/health`` on SPOTON_HTTP_PORT answers 200. It imports the standard library only: it runs every
few seconds.
"""

import http.client
import os
import sys

_TIMEOUT_S = 4.0  # below the 5 s that the images give a check, so that the reason is said before it is killed


def check(port: int) -> str:
    """Return why the service on this port of loopback is not well; empty if it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"no answer on port {port}: {error or type(error).__name__}"
    finally:
        connection.close()
    return "" if answer.status == http.HTTPStatus.OK else body


def main() -> int:
    """Check, and say what is wrong on standard output, which container engines keep."""
    trouble = check(int(os.environ["SPOTON_HTTP_PORT"]))
    if trouble:
        sys.stdout.write(f"{trouble}\n")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
