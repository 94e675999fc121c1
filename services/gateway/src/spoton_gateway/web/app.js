// The demo page: follows one task over the WebSocket and plays its videos, boxes and floor in step.
import { Floor } from "/static/floor.js";
import { Story, colour } from "/static/story.js";
import { connect } from "/static/socket.js";
import { Wall } from "/static/wall.js";

const $ = (id) => document.getElementById(id);
const ENDED = ["COMPLETED", "STOPPED", "FAILED"];
const SPARE_S = 0.6; // results that must lie ahead before playing goes on: processing is not steady

const floor = new Floor($("floor"));
const wall = new Wall($("wall"));
let environments = new Map();
let story = new Story();
let disconnect = () => {};
let current = null; // task
let fps = 10, tick = 0, playing = true, starved = true, lastTime = performance.now();

async function api(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || body.title);
  return body;
}

const post = (path, body) =>
  api(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

function say(text) { $("message").textContent = text || ""; }

function fill(select, entries, chosen) {
  const html = entries.map(([value, text]) => new Option(text, value, false, value === chosen));
  select.replaceChildren(...html);
}

async function refreshLists() {
  try {
    const found = (await api("/api/v1/config/environments")).items;
    environments = new Map(found.map((e) => [e.environment_id, e]));
    fill($("environment"), found.map((e) => [e.environment_id, e.name]), $("environment").value);
    const tasks = (await api("/api/v1/processing-tasks?limit=50")).items;
    const label = (t) => `${t.environment_id} · ${t.created_at.slice(11, 19)} · ${t.status.toLowerCase()}`;
    fill($("task"), [["", "choose a task"], ...tasks.map((t) => [t.task_id, label(t)])], current?.task_id ?? "");
    $("start").disabled = !found.length;
    const wanted = decodeURIComponent(location.hash.slice(1));
    if (!current && tasks.length) watch(tasks.find((t) => t.task_id === wanted) ?? tasks[0]);
  } catch (error) { say(error.message); }
}

async function refreshHealth() {
  let state = "unhealthy", details = "the gateway does not answer";
  try {
    const report = await (await fetch("/health")).json();
    state = report.status;
    details = Object.entries(report.components).map(([n, c]) => `${n}: ${c.status} ${c.detail}`).join("\n");
  } catch { /* said below */ }
  $("health").textContent = state;
  $("health").title = details;
  $("health").className = "pill " + { healthy: "good", degraded: "warn", unhealthy: "bad" }[state];
}

function watch(task) {
  disconnect();
  current = task;
  location.hash = task.task_id;
  story = new Story();
  const environment = environments.get(task.environment_id);
  if (environment) $("environment").value = task.environment_id;
  fps = environment?.processing_fps ?? 10;
  tick = 0; starved = true; playing = true;
  wall.reset(task.camera_ids);
  floor.reset(environment);
  $("news").replaceChildren();
  showStatus({ status: task.status, progress: task.progress, message: task.message, cameras: task.cameras });
  disconnect = connect(task.task_id, take, () => { const t = current; current = null; watch(t); }, say);
}

function take(message) {
  const { type, payload } = message;
  if (type === "tracking_update") story.update(payload);
  else if (type === "identity_revised") { story.revise(payload); news(`identities corrected (revision ${payload.revision})`); }
  else if (type === "media_available") { payload.media_urls.forEach((entry) => wall.add(entry)); news(`videos of batch ${payload.sub_video_batch_index} are there`); }
  else if (type === "batch_processing_complete") news(`batch ${payload.sub_video_batch_index} is done`);
  else if (type === "event") news(`${payload.type.replaceAll("_", " ")} ${payload.place ?? ""} ${payload.global_id ? "by person " + payload.global_id : ""}`);
  else if (type === "status_update") showStatus(payload);
}

function showStatus(payload) {
  const kind = { COMPLETED: "good", FAILED: "bad", STOPPED: "warn", PAUSED: "warn" }[payload.status] ?? "";
  $("status").textContent = payload.status.toLowerCase();
  $("status").className = "pill " + kind;
  $("progress").style.width = `${100 * payload.progress}%`;
  say(payload.message);
  current.status = payload.status;
  document.querySelectorAll("[data-command]").forEach((b) => { b.disabled = ENDED.includes(payload.status); });
  wall.errors(payload.cameras);
}

function news(text) {
  const item = document.createElement("li");
  item.textContent = text;
  $("news").prepend(item);
  while ($("news").children.length > 40) $("news").lastChild.remove();
}

function showPeople(now) {
  const here = new Map(now.map((p) => [p.global_id, p]));
  const items = story.identities().map((id) => {
    const item = document.createElement("li"), dot = document.createElement("i"), where = document.createElement("small");
    item.className = here.has(id) ? "" : "away";
    dot.style.background = colour(id);
    const person = here.get(id);
    where.textContent = person ? `${person.x_m.toFixed(1)}, ${person.y_m.toFixed(1)}` : "";
    item.append(dot, String(id), where);
    return item;
  });
  $("people").replaceChildren(...items);
  $("people-count").textContent = items.length ? `${here.size} here, ${items.length} in all` : "";
}

let lastPeople = 0;
function frame(time) {
  const passed = Math.min((time - lastTime) / 1000, 0.25);
  lastTime = time;
  const newest = story.newest;
  const over = current && ENDED.includes(current.status);
  if (tick >= newest) starved = true;
  if (starved && newest - tick > (over ? 0 : SPARE_S * fps)) starved = false;
  const moving = playing && !starved && wall.ready(tick);
  if (moving) tick = Math.min(tick + passed * fps, Math.max(newest, 0));
  const update = story.at(tick);
  wall.show(tick, fps, update, moving);
  floor.draw(story, tick, fps);
  $("seek").max = Math.max(newest, 0);
  if (document.activeElement !== $("seek")) $("seek").value = tick;
  $("clock").textContent = newest < 0 ? "" : `${(tick / fps).toFixed(1)} s of ${(newest / fps).toFixed(1)} s`;
  $("counts").textContent = newest < 0 ? "" : `${newest + 1} ticks · ${story.boxes} boxes`;
  $("play").textContent = playing ? "Pause" : "Play";
  if (time - lastPeople > 250) { showPeople(update?.people ?? []); lastPeople = time; }
  requestAnimationFrame(frame);
}

$("start").onclick = async () => {
  try {
    const started = await post("/api/v1/processing-tasks/start", { environment_id: $("environment").value });
    watch(await api(started.status_url));
    refreshLists();
  } catch (error) { say(error.message); }
};
$("task").onchange = async () => {
  if ($("task").value) watch(await api(`/api/v1/processing-tasks/${encodeURIComponent($("task").value)}/status`));
};
document.querySelectorAll("[data-command]").forEach((button) => {
  button.onclick = () =>
    post(`/api/v1/processing-tasks/${encodeURIComponent(current.task_id)}/control`, { command: button.dataset.command })
      .catch((error) => say(error.message));
});
$("play").onclick = () => { if (!playing && tick >= story.newest) tick = 0; playing = !playing; };
$("seek").oninput = () => { tick = Number($("seek").value); };
$("seek").onchange = () => $("seek").blur();
$("newest").onclick = () => { tick = Math.max(story.newest - SPARE_S * fps, 0); playing = true; };

await refreshLists();
refreshHealth();
setInterval(refreshLists, 4000);
setInterval(refreshHealth, 5000);
requestAnimationFrame(frame);
