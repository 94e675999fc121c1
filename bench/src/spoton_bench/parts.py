"""The parts of the benchmark; each fills in its figures and draws its picture."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from spoton_evaluation import evaluate

from spoton_bench import pictures
from spoton_bench.baselines import run_baseline
from spoton_bench.latency import SERVICES as LIVE_SERVICES
from spoton_bench.latency import SETTINGS as LIVE_SETTINGS
from spoton_bench.latency import live_environment, measure_delay
from spoton_bench.line import Line, LineRun
from spoton_bench.materials import SHIPPED_EMBEDDER, Materials, clip
from spoton_bench.models_alone import models_alone
from spoton_bench.recording import Recording, count_embeddings, record_task
from spoton_bench.scaling import STAGES, cost_per_camera, growth, memory_over_time
from spoton_bench.usage import SERVERS, SERVICES

EVERY_FRAME = {"SPOTON_DETECTOR_MODE": "every-frame"}
# bf16 is what OpenVINO, and so `yolo track`, takes by itself where the processor has it.
ADAPTIVE = {"SPOTON_DETECTOR_MODE": "adaptive", "SPOTON_REID_PRECISION": "bf16"}
_MODELS = ("detector", "reid")
_REPLAY_FPS = 5.0


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: pictures a camera of the clip, rounds of runs in turn, cameras, seconds of video."""

    clip_frames: int
    rounds: int
    whole_videos: bool
    cameras: tuple[int, ...]
    scaling_pictures: int
    memory_video_s: float
    live_frames: int


FULL = Effort(1000, 2, True, (1, 4, 16, 64), 9600, 3600.0, 1500)
QUICK = Effort(150, 1, False, (1, 64), 2560, 300.0, 300)


@dataclass(slots=True)
class Bench:
    """A run of the benchmark."""

    line: Line
    materials: Materials
    effort: Effort
    work: Path
    pictures: Path
    say: Callable[[str], None]
    figures: dict[str, float] = field(default_factory=dict)

    def speed(self) -> LineRun:
        """Compare speeds in turn: line, `yolo track`, adaptive line, one process; return the last line run."""
        piece = clip(self.materials, self.work, self.effort.clip_frames)
        speeds: dict[str, list[float]] = {"line": [], "yolo track": [], "adaptive": [], "one process": []}
        self._line(piece, EVERY_FRAME, "warm-up")
        for number in range(self.effort.rounds):
            self.say(f"speed, round {number + 1} of {self.effort.rounds}")
            run = self._line(piece, EVERY_FRAME, "line")
            self._add(speeds, "line", run.report.frames_per_s)
            yolo = run_baseline("yolo-track", piece, self.work / "yolo-track")
            self._add(speeds, "yolo track", yolo.frames_per_s)
            self._add(speeds, "adaptive", self._line(piece, ADAPTIVE, "adaptive").report.frames_per_s)
            if number == 0:  # the slowest by far
                alone = run_baseline("one-process", piece, self.work / "one-process")
                self._add(speeds, "one process", alone.frames_per_s)
        self._note_speeds(speeds)
        for key, name in (("line", "line/revised"), ("yolo_track", "yolo-track"), ("single_process", "one-process")):
            self.figures[f"{key}_idf1"] = evaluate(piece.ground_truth, self.work / name).cross_camera.idf1
        pictures.draw_speeds(speeds, self.pictures / "speed.png")
        return run

    def _add(self, speeds: dict[str, list[float]], name: str, frames_per_s: float) -> None:
        speeds[name].append(frames_per_s)
        self.say(f"{name}: {frames_per_s:.1f} frames/s")

    def sample(self) -> LineRun:
        """Run the line once on the clip."""
        return self._line(clip(self.materials, self.work, self.effort.clip_frames), EVERY_FRAME, "line")

    def _note_speeds(self, speeds: dict[str, list[float]]) -> None:
        self.figures |= {
            "line_frames_per_s": median(speeds["line"]),
            "yolo_track_frames_per_s": median(speeds["yolo track"]),
            "adaptive_frames_per_s": median(speeds["adaptive"]),
            "single_process_frames_per_s": median(speeds["one process"]),
            "line_vs_yolo_track": _ratio(speeds["line"], speeds["yolo track"]),
            "adaptive_vs_yolo_track": _ratio(speeds["adaptive"], speeds["yolo track"]),
            "line_vs_single_process": _ratio(speeds["line"], speeds["one process"]),
        }

    def identities(self) -> None:
        """Compare identities of both modes on the whole videos (quick: on the clip)."""
        self.say("identities of both modes")
        whole = self.effort.whole_videos
        data = self.materials if whole else clip(self.materials, self.work, self.effort.clip_frames)
        scores = {}
        for name, settings in (("every_frame", EVERY_FRAME), ("adaptive", ADAPTIVE)):
            run = self._line(data, settings, f"identities-{name}")
            scores[name] = evaluate(data.ground_truth, run.export).cross_camera
            self.figures[f"{name}_idf1_whole"] = scores[name].idf1
        self.figures["adaptive_idf1_loss"] = scores["every_frame"].idf1 - scores["adaptive"].idf1
        pictures.draw_identities(scores, self.pictures / "adaptive.png")

    def cpu(self, run: LineRun) -> None:
        """Split the CPU of a line run by component, and take the bare networks away."""
        self.say("networks alone")
        frames = run.report.frames_in
        piece = clip(self.materials, self.work, self.effort.clip_frames)
        alone = models_alone(piece, min(100, self.effort.clip_frames))
        crops = count_embeddings(self.line.connections, run.report.task_id) / frames
        models_ms = alone.detector_ms + crops * alone.embedder_ms
        ms = {name: 1000 * cpu_s / frames for name, cpu_s in run.cpu_s.items()}
        services, servers = (sum(ms.get(name, 0.0) for name in names) for names in (SERVICES, SERVERS))
        self.figures |= {
            "cpu_ms_per_frame": services,
            "cpu_ms_per_frame_servers": servers,
            "cpu_ms_per_frame_models": models_ms,
            "cpu_beyond_models": services / models_ms - 1,
            "cpu_beyond_models_with_servers": (services + servers) / models_ms - 1,
        }
        models = {"detector": alone.detector_ms, "reid": crops * alone.embedder_ms}
        pictures.draw_cpu(ms, models, self.pictures / "cpu.png")

    def delay(self) -> None:
        """Measure the delay of live pictures."""
        self.say("delay of live pictures")
        live = live_environment(clip(self.materials, self.work, self.effort.live_frames), self.work)
        self.line.configure(LIVE_SERVICES, LIVE_SETTINGS)
        self.line.embed_with(SHIPPED_EMBEDDER)
        delay = measure_delay(self.line, live, self.work / "live")
        self.line.embed_with(self.materials.embedder)
        self.line.configure(LIVE_SERVICES, EVERY_FRAME)
        self.figures |= {
            "added_latency_ms_p50": delay.percentile(50),
            "added_latency_ms_p99": delay.percentile(99),
            "latency_ms_label_delay": delay.meant,
            "latency_ms_model": delay.models["detector"],
            "latency_ms_embedder": delay.models["track"],
            "latency_ms_decoding": delay.decoding,
        }
        pictures.draw_delay(delay, self.pictures / "delay.png")

    def scaling(self, run: LineRun) -> None:
        """Measure cost per camera, and memory over time, on the detections of a line run."""
        recording = record_task(self.line.connections, run.report.task_id).at(_REPLAY_FPS)
        # The cost of a network is the same for every crop; a small one leaves more time for everything else.
        self.line.embed_with(SHIPPED_EMBEDDER)
        costs = []
        for cameras in self.effort.cameras:
            self.say(f"cost per camera at {cameras} cameras")
            costs.append(cost_per_camera(self.line, recording, cameras, self.effort.scaling_pictures))
        self.figures["cost_per_camera_64_vs_1"] = costs[-1].total_ms / costs[0].total_ms
        pictures.draw_costs(costs, self.pictures / "cameras.png")
        self._memory(recording)
        self.line.embed_with(self.materials.embedder)

    def _memory(self, recording: Recording) -> None:
        video_s = self.effort.memory_video_s
        samples = memory_over_time(
            self.line,
            recording,
            video_s,
            lambda s: self.say(f"memory: {s / 60:.0f} of {video_s / 60:.0f} min of video"),
        )
        self.figures["memory_growth_ratio"] = max(growth(samples, name) for name in (*STAGES, "gateway"))
        pictures.draw_memory(samples, self.pictures / "memory.png")

    def _line(self, data: Materials, settings: dict[str, str], name: str) -> LineRun:
        self.line.configure(_MODELS, settings)
        return self.line.run(data, self.work / name)


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median ratio of runs that followed each other."""
    return median(a / b for a, b in zip(ours, theirs, strict=False))
