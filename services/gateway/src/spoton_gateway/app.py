"""Puts the gateway together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import as_file, files

import httpx
import redis.asyncio as redis
from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from spoton_common import metrics
from spoton_common.logging import get_logger
from spoton_common.settings import Connections, FileAccess, S3Settings, TracingSettings
from spoton_common.storage import Storage
from spoton_common.tracing import configure_tracing
from spoton_schemas.codec import Codec

from spoton_gateway.access import AccessGuard, origin_pattern
from spoton_gateway.api import (
    analytics,
    config,
    events,
    health,
    identities,
    jobs,
    media,
    problems,
    results,
    surgitrack,
    tasks,
    uploads,
)
from spoton_gateway.body_limit import BodyLimit
from spoton_gateway.database import Database
from spoton_gateway.health import HealthService
from spoton_gateway.jobs.dispatcher import Dispatcher
from spoton_gateway.jobs.housekeeping import Housekeeping
from spoton_gateway.jobs.service import JobService
from spoton_gateway.kafka.environments import EnvironmentTable
from spoton_gateway.kafka.publisher import Publisher
from spoton_gateway.queries.tasks import watched
from spoton_gateway.settings import GatewaySettings
from spoton_gateway.task_service import TaskService
from spoton_gateway.uploads.service import UploadService
from spoton_gateway.uploads.settings import UploadSettings
from spoton_gateway.videos.service import VideoService
from spoton_gateway.videos.settings import VideoSettings
from spoton_gateway.ws import endpoint
from spoton_gateway.ws.hub import Hub, Limits
from spoton_gateway.ws.reader import Watched

_log = get_logger()

_STREAMING = (uploads.PATH, f"/api/v1{uploads.PATH}")

_DESCRIPTION = """Follows people across many cameras. A task's messages come over `/ws/tracking/{task_id}`.

Errors are problem details (RFC 9457), also for unknown paths (404) and methods that a path does not have (405).
"""


def create_app(connections: Connections, settings: GatewaySettings, file_access: FileAccess, s3: S3Settings) -> FastAPI:
    """Make the application; it connects when it is started."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _log.warning("serving loopback only: there is no access control yet")
        async with AsyncExitStack() as stack:
            await _connect(app, stack, connections, settings, file_access, s3)
            yield

    app = FastAPIOffline(
        title="SpotOn",
        description=_DESCRIPTION,
        version="1",
        docs_url="/api/docs",
        redoc_url="/api/redoc",
        static_url="/api/assets",
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
        responses=problems.documented(400, 403, 422, 503),
    )
    app.state.settings = settings
    problems.install(app)
    origins = origin_pattern(settings.allowed_hosts, settings.allowed_origins)
    app.add_middleware(BodyLimit, streaming=_STREAMING)
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Content-Range", "Accept-Ranges", "ETag", "Location", "Retry-After"],
    )
    internal_hosts = [settings.internal_host] if settings.internal_host else []
    app.add_middleware(AccessGuard, hosts=[*settings.allowed_hosts, *internal_hosts], origins=origins)
    _add_routes(app)
    return app


async def _connect(
    app: FastAPI,
    stack: AsyncExitStack,
    connections: Connections,
    settings: GatewaySettings,
    file_access: FileAccess,
    s3: S3Settings,
) -> None:
    """Make the parts, in the order in which they need each other, and let ``stack`` end them."""

    def make_codec() -> Codec:
        return Codec.connect(connections.registry_url)

    state, bootstrap = app.state, connections.kafka_bootstrap
    state.storage = await stack.enter_async_context(Storage(file_access, s3))
    database = state.database = Database(connections.database_url.get_secret_value())
    database.start()
    stack.push_async_callback(database.stop)
    environments = state.environments = EnvironmentTable(bootstrap, make_codec)
    environments.start()
    stack.push_async_callback(environments.stop)
    publisher = Publisher(bootstrap, make_codec)
    tracing = configure_tracing("gateway", TracingSettings())
    metrics.announce("gateway")
    state.tasks = TaskService(database, environments, publisher, tracing)

    async def find_task(task_id: str) -> Watched:
        async with database.connection() as connection:
            return await watched(connection, task_id)

    limits = Limits(settings.ws_max_clients, settings.ws_max_readers, int(settings.ws_log_mib * 2**20))
    state.hub = Hub(find_task, bootstrap, make_codec, limits, tracing)
    stack.push_async_callback(state.hub.stop)
    client = await stack.enter_async_context(httpx.AsyncClient())
    redis_client = redis.from_url(connections.redis_url.get_secret_value())
    stack.push_async_callback(redis_client.aclose)
    keeping = UploadSettings()
    housekeeping = Housekeeping(database, state.storage, publisher, redis_client, keeping)
    dispatcher = Dispatcher(database, publisher, housekeeping, keeping)
    dispatcher.start()
    stack.push_async_callback(dispatcher.stop)
    state.uploads = UploadService(database, state.storage, keeping)
    state.jobs = JobService(database, dispatcher, housekeeping)
    made = VideoSettings()
    state.videos = VideoService(
        database, await stack.enter_async_context(Storage(FileAccess(roots=(made.dir.resolve(),)), s3))
    )
    state.health = HealthService(
        database,
        environments,
        publisher,
        client,
        redis_client,
        connections.registry_url,
        settings.service_health_urls,
    )


def _add_routes(app: FastAPI) -> None:
    v1 = APIRouter(prefix="/api/v1")
    # Both spellings are in use; the OpenAPI page shows one of each.
    v1.include_router(tasks.router, prefix="/processing-tasks")
    v1.include_router(tasks.router, prefix="/processing_tasks", include_in_schema=False)
    v1.include_router(events.router, prefix="/processing-tasks")
    v1.include_router(events.router, prefix="/processing_tasks", include_in_schema=False)
    v1.include_router(events.results_router)
    v1.include_router(analytics.router, prefix="/analytics_data")
    v1.include_router(analytics.router, prefix="/analytics-data", include_in_schema=False)
    v1.include_router(identities.router)
    v1.include_router(config.router)
    v1.include_router(media.router)
    v1.include_router(uploads.router)
    v1.include_router(jobs.router)
    v1.include_router(results.router)
    v1.include_router(health.v1_router)
    app.include_router(v1)
    app.include_router(surgitrack.router)
    app.include_router(health.router)
    app.include_router(endpoint.router)
    with as_file(files("spoton_gateway") / "web") as folder:
        app.mount("/static", StaticFiles(directory=folder), name="static")

        @app.get("/", include_in_schema=False)
        async def page() -> FileResponse:
            return FileResponse(folder / "index.html")
