"""Whether the gateway can serve, and how the rest of the line is."""

import asyncio
from collections.abc import Mapping

import httpx
import redis.asyncio as redis
from spoton_common.health import Health, State

from spoton_gateway.database import Database
from spoton_gateway.errors import Unavailable
from spoton_gateway.kafka.environments import EnvironmentTable
from spoton_gateway.kafka.publisher import Publisher

_TIMEOUT_S = 2.0


class HealthService:
    """Asks every part at once. Only what the gateway cannot serve without makes it unhealthy."""

    def __init__(
        self,
        database: Database,
        environments: EnvironmentTable,
        publisher: Publisher,
        client: httpx.AsyncClient,
        redis_client: redis.Redis,
        registry_url: str,
        service_urls: Mapping[str, str],
    ) -> None:
        self._database = database
        self._environments = environments
        self._publisher = publisher
        self._client = client
        self._redis = redis_client
        self._registry_url = registry_url
        self._service_urls = service_urls

    async def report(self) -> dict[str, object]:
        """Return ``{"status", "components": {name: {"status", "detail"}}}``."""
        health = Health()
        health.set("access", State.HEALTHY, "loopback only: there is no access control yet")
        await asyncio.gather(
            self._check_database(health),
            self._check_kafka(health),
            self._check_registry(health),
            self._check_redis(health),
            self._check_models(health),
        )
        self._check_homographies(health)
        return health.report()

    async def _check_database(self, health: Health) -> None:
        try:
            await self._database.check()
        except Unavailable as error:
            health.set("database", State.UNHEALTHY, str(error))
        else:
            health.set("database", State.HEALTHY, "migrated")

    async def _check_kafka(self, health: Health) -> None:
        try:
            await self._publisher.check()
        except Unavailable as error:
            health.set("kafka", State.UNHEALTHY, str(error))
        else:
            health.set("kafka", State.HEALTHY)

    async def _check_registry(self, health: Health) -> None:
        trouble = await self._trouble(f"{self._registry_url}/subjects")
        health.set("registry", State.DEGRADED if trouble else State.HEALTHY, trouble)

    async def _check_redis(self, health: Health) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._redis.ping()
        except (redis.RedisError, OSError, TimeoutError) as error:
            health.set("redis", State.DEGRADED, str(error) or "no answer")
        else:
            health.set("redis", State.HEALTHY)

    async def _check_models(self, health: Health) -> None:
        """Models are ready when the services that run them say so: they load and warm them up before."""
        if not self._service_urls:
            health.set("models", State.DEGRADED, "no services to ask (SPOTON_GATEWAY_SERVICE_HEALTH_URLS)")
            return
        troubles = await asyncio.gather(*(self._trouble(url) for url in self._service_urls.values()))
        waiting = [f"{name}: {t}" for name, t in zip(self._service_urls, troubles, strict=True) if t]
        ready = f"ready: {', '.join(self._service_urls)}"
        health.set("models", State.DEGRADED if waiting else State.HEALTHY, "; ".join(waiting) or ready)

    def _check_homographies(self, health: Health) -> None:
        try:
            scenes = self._environments.scenes()
        except Unavailable as error:
            health.set("homographies", State.DEGRADED, str(error))
            return
        cameras = [camera for scene in scenes for camera in scene.cameras]
        placed = sum(camera.homography is not None for camera in cameras)
        detail = f"{len(scenes)} environments, {placed} of {len(cameras)} cameras on the floor"
        trouble = self._environments.trouble
        health.set("homographies", State.DEGRADED if trouble else State.HEALTHY, trouble or detail)

    async def _trouble(self, url: str) -> str:
        """Return why a page does not answer well; empty if it does."""
        try:
            answer = await self._client.get(url, timeout=_TIMEOUT_S)
        except httpx.HTTPError as error:
            return type(error).__name__
        return "" if answer.is_success else f"HTTP {answer.status_code}"
