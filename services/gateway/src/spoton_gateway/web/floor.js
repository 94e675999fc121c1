// The floor from above: its picture or a grid, zones, people with their trails.
import { colour } from "/static/story.js";

const TRAIL_S = 4, MARGIN_M = 1;

export class Floor {
  constructor(canvas) { this.canvas = canvas; this.pen = canvas.getContext("2d"); this.reset(null); }

  reset(environment) {
    this.environment = environment;
    this.image = null;
    this.bounds = null;
    const shapes = [environment?.monitored_area ?? [], ...(environment?.zones ?? []).map((z) => z.polygon)];
    shapes.flat().forEach(([x, y]) => this.include(x, y));
    if (environment?.map) {
      const image = new Image();
      image.onload = () => { if (this.environment === environment) this.useImage(image, environment.map); };
      image.src = environment.map.url;
    }
  }

  useImage(image, map) {
    const [column, row] = map.origin_px, size = map.metres_per_pixel;
    this.image = { image, x: -column * size, y: -row * size, width: image.width * size, height: image.height * size };
    this.bounds = [this.image.x, this.image.y, this.image.x + this.image.width, this.image.y + this.image.height];
  }

  include(x, y) {
    const b = this.bounds ?? [x, y, x, y];
    this.bounds = [Math.min(b[0], x), Math.min(b[1], y), Math.max(b[2], x), Math.max(b[3], y)];
  }

  fit() {
    const margin = this.image ? 0 : MARGIN_M;
    const [x1, y1, x2, y2] = this.bounds;
    const wide = x2 - x1 + 2 * margin, high = y2 - y1 + 2 * margin;
    const height = Math.round(Math.min(Math.max((this.canvas.width * high) / wide, 240), 620));
    if (this.canvas.height !== height) this.canvas.height = height;
    const scale = Math.min(this.canvas.width / wide, height / high);
    this.scale = scale;
    this.x = (x) => (x - x1 + margin) * scale + (this.canvas.width - wide * scale) / 2;
    this.y = (y) => (y - y1 + margin) * scale + (height - high * scale) / 2;
  }

  draw(story, tick, fps) {
    const now = story.at(tick);
    if (!this.image) now?.people.forEach((p) => this.include(p.x_m, p.y_m));
    this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.bounds) return;
    this.fit();
    this.background();
    this.trails(story, tick, fps);
    now?.people.forEach((person) => this.person(person));
  }

  background() {
    const { pen } = this, [x1, y1, x2, y2] = this.bounds;
    if (this.image) {
      const { image, x, y, width, height } = this.image;
      pen.drawImage(image, this.x(x), this.y(y), width * this.scale, height * this.scale);
      pen.fillStyle = "#0a0e1466";
      pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    } else {
      pen.strokeStyle = "#1b2430";
      pen.lineWidth = 1;
      pen.beginPath();
      for (let x = Math.floor(x1) - 1; x <= x2 + 1; x++) { pen.moveTo(this.x(x), this.y(y1 - 1)); pen.lineTo(this.x(x), this.y(y2 + 1)); }
      for (let y = Math.floor(y1) - 1; y <= y2 + 1; y++) { pen.moveTo(this.x(x1 - 1), this.y(y)); pen.lineTo(this.x(x2 + 1), this.y(y)); }
      pen.stroke();
    }
    this.polygon(this.environment?.monitored_area, "#4cc9f055");
    for (const zone of this.environment?.zones ?? []) this.polygon(zone.polygon, "#d2992299", zone.id);
  }

  polygon(points, ink, name) {
    if (!points?.length) return;
    const { pen } = this;
    pen.strokeStyle = ink;
    pen.lineWidth = 1.5;
    pen.beginPath();
    points.forEach(([x, y], i) => (i ? pen.lineTo(this.x(x), this.y(y)) : pen.moveTo(this.x(x), this.y(y))));
    pen.closePath();
    pen.stroke();
    if (!name) return;
    pen.fillStyle = ink;
    pen.font = "11px system-ui, sans-serif";
    pen.fillText(name, this.x(points[0][0]) + 4, this.y(points[0][1]) + 13);
  }

  trails(story, tick, fps) {
    const { pen } = this, paths = new Map(), first = Math.max(0, Math.floor(tick - TRAIL_S * fps));
    for (let index = first; index <= tick; index++)
      for (const p of story.updates[index]?.people ?? []) {
        if (!paths.has(p.global_id)) paths.set(p.global_id, []);
        paths.get(p.global_id).push([index, p]);
      }
    pen.lineWidth = 2.5;
    pen.lineCap = "round";
    for (const [id, points] of paths) {
      pen.strokeStyle = colour(id);
      for (let i = 1; i < points.length; i++) {
        if (points[i][0] - points[i - 1][0] > fps) continue; // away for a while: no line over the gap
        pen.globalAlpha = (0.75 * (points[i][0] - first + 1)) / (tick - first + 1);
        pen.beginPath();
        pen.moveTo(this.x(points[i - 1][1].x_m), this.y(points[i - 1][1].y_m));
        pen.lineTo(this.x(points[i][1].x_m), this.y(points[i][1].y_m));
        pen.stroke();
      }
    }
    pen.globalAlpha = 1;
  }

  person({ global_id, x_m, y_m }) {
    const { pen } = this, x = this.x(x_m), y = this.y(y_m);
    pen.fillStyle = colour(global_id);
    pen.strokeStyle = "#06121a";
    pen.lineWidth = 2;
    pen.beginPath();
    pen.arc(x, y, 10, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
    pen.fillStyle = "#06121a";
    pen.font = "700 11px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.fillText(String(global_id), x, y + 4);
    pen.textAlign = "start";
  }
}
