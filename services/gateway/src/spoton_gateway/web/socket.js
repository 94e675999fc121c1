// The WebSocket: looks at /health before it comes back, and goes on at its last cursor.

const GONE = 4404, BAD_CURSOR = 4400, OVER = 1000;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function healthy() {
  try { return (await fetch("/health")).ok; } catch { return false; }
}

export function connect(taskId, take, restart, say) {
  let left = false, socket = null, cursor = "", wait = 500;

  async function open() {
    while (!left && !(await healthy())) { say("waiting until the gateway is ready…"); await sleep(wait); wait = Math.min(2 * wait, 8000); }
    if (left) return;
    const query = cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
    socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws/tracking/${encodeURIComponent(taskId)}${query}`);
    socket.onopen = () => say("");
    socket.onmessage = (event) => {
      wait = 500;
      const message = JSON.parse(event.data);
      cursor = message.cursor ?? cursor;
      if (!left) take(message);
    };
    socket.onclose = async (event) => {
      if (left || event.code === OVER) return;
      if (event.code === GONE) { say(event.reason); return; }
      if (event.code === BAD_CURSOR) { restart(); return; }
      await sleep(wait);
      wait = Math.min(2 * wait, 8000);
      open();
    };
  }

  open();
  return () => { left = true; socket?.close(); };
}
