"""Measure a running gateway with many WebSocket clients: `make pressure`, or see --help.

Writes made-up map points to Kafka at the rate of a scene and measures, at the clients, how long after they were written
to Kafka they are received, how many come, and what the gateway needs for it. Needs a running stack (`make up-servers`
and a gateway, or `make up`).
"""

import argparse
import asyncio
import json
import multiprocessing
import threading
import time
import uuid
from collections.abc import Sequence

import httpx
import psutil
import uvloop
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import SchemaRegistryClient
from spoton_common.kafka.producer import RecordProducer
from spoton_common.settings import Connections
from spoton_mapper.events.stage import mark_behind
from spoton_schemas.apply import create_topics, register_schemas
from spoton_schemas.codec import Codec
from spoton_schemas.records import (
    CameraMapPoints,
    Kind,
    MappedTrack,
    MapPoints,
    PersonPosition,
    Scene,
    SceneCamera,
    Stage,
    StatusKind,
    TaskStart,
    TaskStatus,
)
from spoton_schemas.topics import EVENTS, MAP_POINTS, TASK_STATUS

from tests.pressure.socket_clients import connect

CAMERAS = ("c0", "c1", "c2", "c3")


def tick(task_id: str, number: int, kind: Kind = Kind.FRAME, people: int = 8) -> MapPoints:
    """Make what is known at a tick: four cameras that each see everybody."""
    ids = range(1, people + 1) if kind is Kind.FRAME else ()
    scene = Scene("pressure", "Pressure", 10.0, tuple(SceneCamera(c, (f"file:///{c}.mp4",)) for c in CAMERAS))
    tracks = tuple(
        MappedTrack(
            track_id=i,
            bbox_xyxy=(10.0 * i, 20.0, 10.0 * i + 20, 80.0),
            confidence=0.9,
            class_id=0,
            class_name="person",
            global_id=i,
            identity_confidence=0.8,
            map_x_m=0.1 * number,
            map_y_m=float(i),
        )
        for i in ids
    )
    return MapPoints(
        task_id=task_id,
        environment_id="pressure",
        kind=kind,
        sub_video_batch_index=0,
        global_frame_index=number,
        event_time_us=100_000 * number,
        start=TaskStart(scene, CAMERAS, 0) if kind is Kind.START else None,
        cameras=tuple(
            CameraMapPoints(
                camera_id=camera_id,
                camera_frame_index=number,
                event_time_us=100_000 * number,
                image_width=960,
                image_height=540,
                tracks=tracks,
            )
            for camera_id in CAMERAS
            if ids
        ),
        people=tuple(
            PersonPosition(
                global_id=i, x_m=0.1 * number, y_m=float(i), vx_m_s=1.0, vy_m_s=0.0, std_m=0.1, camera_ids=CAMERAS
            )
            for i in ids
        ),
    )


def write_ticks(producer: RecordProducer, tasks: Sequence[str], ticks: int, rate: float) -> None:
    """Write ticks of all tasks at a steady rate, then their ends."""
    began = time.monotonic()
    for number in range(ticks):
        for task_id in tasks:
            producer.send(MAP_POINTS, tick(task_id, number))
        producer.flush(20)
        time.sleep(max(0.0, began + (number + 1) / rate - time.monotonic()))
    for task_id in tasks:
        end = tick(task_id, ticks, Kind.END_OF_TASK)
        producer.send(MAP_POINTS, end)
        producer.send(EVENTS, mark_behind(end))
    producer.flush(20)


async def _listen(port: int, tasks: Sequence[str], clients: int, ready: threading.Event) -> dict[str, object]:
    opened = [await connect(port, tasks[number % len(tasks)], sample=number % 5 == 0) for number in range(clients)]
    await asyncio.gather(*(client.first_message.wait() for client in opened))
    ready.set()
    began = time.monotonic()
    await asyncio.gather(*(client.done for client in opened))
    delays = sorted(delay for client in opened for delay in client.delays_s)
    return {
        "messages": sum(client.messages for client in opened),
        "megabytes": round(sum(client.received_bytes for client in opened) / 1e6),
        "gaps": sum(client.gaps for client in opened),
        "fewest": min(client.messages for client in opened),
        "messages_per_s": round(sum(client.messages for client in opened) / (time.monotonic() - began)),
        **{f"delay_ms_p{p}": round(1000 * delays[int(p / 100 * (len(delays) - 1))], 1) for p in (50, 95, 99)},
    }


def listen(port: int, tasks: Sequence[str], clients: int, ready: threading.Event, results: object) -> None:
    """Be all clients, in a process of their own."""
    results.put(uvloop.run(_listen(port, tasks, clients, ready)))  # type: ignore[attr-defined]


async def come_and_go(port: int, task_id: str, times: int) -> None:
    """Open sockets and drop them without a word, 50 at a time."""
    for _ in range(times // 50):
        found = await asyncio.gather(*(connect(port, task_id, sample=False) for _ in range(50)))
        await asyncio.gather(*(client.opened.wait() for client in found))
        for client in found:
            client.transport.abort()


def gateway_process(port: int) -> psutil.Process:
    """Find who listens on a port."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            return psutil.Process(connection.pid)
    raise SystemExit(f"nobody listens on port {port}")


def footprint(gateway: psutil.Process) -> dict[str, float]:
    """Return what the gateway holds."""
    memory = gateway.memory_info().rss / 2**20
    return {"rss_mib": round(memory, 1), "fds": gateway.num_fds(), "threads": gateway.num_threads()}


def announce(producer: RecordProducer, tasks: Sequence[str], url: str) -> None:
    """Begin tasks and wait until the gateway knows them."""
    for task_id in tasks:
        accepted = TaskStatus(
            task_id=task_id,
            environment_id="pressure",
            stage=Stage.GATEWAY,
            kind=StatusKind.ACCEPTED,
            camera_ids=CAMERAS,
        )
        producer.send(TASK_STATUS, accepted)
        producer.send(MAP_POINTS, tick(task_id, 0, Kind.START))
    producer.flush(20)
    for task_id in tasks:
        while httpx.get(f"{url}/api/v1/processing-tasks/{task_id}/status").status_code != 200:
            time.sleep(0.1)


def measure(port: int, clients: int, tasks: int, ticks: int, rate: float) -> dict[str, object]:
    """Run one measurement."""
    connections = Connections()
    create_topics(AdminClient({"bootstrap.servers": connections.kafka_bootstrap}))
    register_schemas(SchemaRegistryClient({"url": connections.registry_url}))
    producer = RecordProducer(connections.kafka_bootstrap, Codec.connect(connections.registry_url))
    task_ids = [str(uuid.uuid4()) for _ in range(tasks)]
    gateway = gateway_process(port)
    announce(producer, task_ids, f"http://127.0.0.1:{port}")
    before = footprint(gateway)
    context = multiprocessing.get_context("spawn")
    ready, results = context.Event(), context.Queue()
    listening = context.Process(target=listen, args=(port, task_ids, clients, ready, results), daemon=True)
    listening.start()
    ready.wait()
    cpu, began = sum(gateway.cpu_times()[:2]), time.monotonic()
    write_ticks(producer, task_ids, ticks, rate)
    found = results.get()
    cpu_share = (sum(gateway.cpu_times()[:2]) - cpu) / (time.monotonic() - began)
    during = footprint(gateway)
    listening.join()
    return {
        "clients": clients,
        "tasks": tasks,
        "ticks_per_s_and_task": rate,
        **found,
        "gateway_cpu": round(cpu_share, 2),
        "before": before,
        "during": during,
    }


def main() -> None:
    """Print one JSON object a measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True, help="the gateway's")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--tasks", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--ticks", type=int, default=200)
    parser.add_argument("--rate", type=float, default=10.0, help="ticks a second and task")
    parser.add_argument("--churn", type=int, default=1000, help="sockets opened and dropped at the end")
    arguments = parser.parse_args()
    for tasks in arguments.tasks:
        rate = arguments.rate
        print(json.dumps(measure(arguments.port, arguments.clients, tasks, arguments.ticks, rate)), flush=True)
    if arguments.churn:
        gateway = gateway_process(arguments.port)
        task_id = httpx.get(f"http://127.0.0.1:{arguments.port}/api/v1/processing-tasks").json()["items"][0]["task_id"]
        asyncio.run(come_and_go(arguments.port, task_id, 100))
        time.sleep(2)
        before, began = footprint(gateway), time.monotonic()
        asyncio.run(come_and_go(arguments.port, task_id, arguments.churn))
        took = time.monotonic() - began
        time.sleep(2)
        print(
            json.dumps({"churned": arguments.churn, "s": round(took, 1), "before": before, "after": footprint(gateway)})
        )


if __name__ == "__main__":
    main()
