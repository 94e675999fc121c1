// The cameras: a video each, kept at the tick of the page's clock, and a canvas with the boxes above it.
import { colour } from "/static/story.js";

const DRIFT_S = 0.15; // smaller differences are corrected by nobody's eye

class Camera {
  constructor(id) {
    this.parts = [];
    this.element = document.createElement("div");
    this.element.className = "camera";
    this.element.innerHTML = '<video muted playsinline preload="auto"></video><canvas></canvas><span class="name"></span>';
    this.element.querySelector(".name").textContent = id;
    this.video = this.element.querySelector("video");
    this.canvas = this.element.querySelector("canvas");
    this.error = document.createElement("div");
    this.error.className = "error";
    this.failed = false;
    this.video.onerror = () => { this.failed = true; };
    this.part = null;
  }

  partAt(tick) {
    return this.parts.find((p) => tick >= p.start && tick < p.start + p.frames) ?? null;
  }

  seek(tick, fps, moving) {
    const part = this.partAt(tick);
    if (part && part !== this.part) {
      this.part = part;
      this.failed = false;
      this.video.src = part.url;
    }
    if (!part || this.failed || this.video.readyState < 1) return;
    const wanted = (tick - part.start) / fps;
    const drift = Math.abs(this.video.currentTime - wanted);
    if (drift > (moving ? DRIFT_S : 0.5 / fps) && !this.video.seeking) this.video.currentTime = wanted;
    if (moving && this.video.paused && !this.video.ended) this.video.play().catch(() => {});
    if (!moving && !this.video.paused) this.video.pause();
  }

  ready(tick) {
    const part = this.partAt(tick);
    return !part || this.failed || part !== this.part || this.video.readyState >= 2;
  }

  draw(seen) {
    const width = seen?.image_width || this.video.videoWidth || 1280, height = seen?.image_height || this.video.videoHeight || 720;
    if (this.canvas.width !== width) { this.canvas.width = width; this.element.style.aspectRatio = `${width} / ${height}`; }
    if (this.canvas.height !== height) this.canvas.height = height;
    const pen = this.canvas.getContext("2d"), unit = Math.max(width, height) / 640;
    pen.clearRect(0, 0, width, height);
    pen.font = `600 ${13 * unit}px system-ui, sans-serif`;
    for (const track of seen?.tracks ?? []) this.box(pen, track, unit);
  }

  box(pen, track, unit) {
    const [x1, y1, x2, y2] = track.bbox_xyxy, ink = colour(track.global_id);
    pen.strokeStyle = ink;
    pen.lineWidth = 2 * unit;
    if (track.global_id == null) pen.setLineDash([4 * unit, 4 * unit]);
    pen.beginPath();
    pen.roundRect(x1, y1, x2 - x1, y2 - y1, 3 * unit);
    pen.stroke();
    pen.setLineDash([]);
    const text = track.global_id == null ? "?" : String(track.global_id);
    const wide = pen.measureText(text).width + 8 * unit;
    pen.fillStyle = ink;
    pen.fillRect(x1 - unit, y1 - 16 * unit, wide, 16 * unit);
    pen.fillStyle = "#06121a";
    pen.fillText(text, x1 + 3 * unit, y1 - 3.5 * unit);
  }
}

export class Wall {
  constructor(element) { this.element = element; this.cameras = new Map(); }

  reset(cameraIds) {
    this.cameras.clear();
    this.element.replaceChildren();
    cameraIds.forEach((id) => this.camera(id));
  }

  camera(id) {
    if (!this.cameras.has(id)) {
      this.cameras.set(id, new Camera(id));
      this.element.append(this.cameras.get(id).element);
    }
    return this.cameras.get(id);
  }

  add(entry) {
    const { parts } = this.camera(entry.camera_id);
    if (parts.some((p) => p.url === entry.url)) return;
    parts.push({ url: entry.url, start: entry.start_global_frame_index, frames: entry.num_frames_in_sub_video });
  }

  errors(cameras) {
    for (const [id, { error }] of Object.entries(cameras ?? {})) {
      const camera = this.camera(id);
      camera.error.textContent = error ?? "";
      if (error) camera.element.append(camera.error); else camera.error.remove();
    }
  }

  ready(tick) { return [...this.cameras.values()].every((camera) => camera.ready(tick)); }

  show(tick, fps, update, moving) {
    for (const [id, camera] of this.cameras) {
      camera.seek(tick, fps, moving);
      camera.draw(update?.cameras[id]);
    }
  }
}
