// What is known of a task, by tick, with identity revisions applied.

export const colour = (id) => (id == null ? "#9aa5b1" : `hsl(${(id * 137.508) % 360} 85% 62%)`);

const FORETOLD_TICKS = 250; // mappers foretell for about a second

export class Story {
  constructor() { this.updates = []; this.newest = -1; this.boxes = 0; this.revisions = []; this.ids = new Map(); }

  update(payload) {
    const index = payload.global_frame_index;
    this.updates[index] = payload;
    this.newest = Math.max(this.newest, index);
    for (const camera of Object.values(payload.cameras)) {
      this.boxes += camera.tracks.length;
      for (const track of camera.tracks) track.live_id = track.global_id;
    }
    payload.everyone = payload.people;
    for (const person of payload.people) person.live_id = person.global_id;
    // A revision may be there before the tick that was published without it.
    for (const revision of this.revisions) if (revision.revision > payload.identity_revision) this.apply(payload, revision);
    this.follow(index, index);
    this.count(payload, 1);
  }

  revise(revision) {
    this.revisions.push(revision);
    const first = Math.min(...revision.changes.map((c) => c.first_frame_index));
    const last = Math.max(...revision.changes.map((c) => c.last_frame_index));
    for (let index = Math.max(first, 0); index <= Math.min(last, this.newest); index++) {
      const update = this.updates[index];
      if (!update || revision.revision <= update.identity_revision) continue;
      this.count(update, -1);
      this.apply(update, revision);
      this.count(update, 1);
    }
    this.follow(first, last + FORETOLD_TICKS);
  }

  apply(update, revision) {
    const index = update.global_frame_index;
    for (const change of revision.changes) {
      if (index < change.first_frame_index || index > change.last_frame_index) continue;
      for (const track of update.cameras[change.camera_id]?.tracks ?? [])
        if (track.track_id === change.track_id) track.global_id = change.new_global_id;
    }
    for (const person of update.everyone) {
      const now = new Set();
      for (const camera of person.camera_ids)
        for (const track of update.cameras[camera]?.tracks ?? []) if (track.live_id === person.live_id) now.add(track.global_id);
      if (now.size === 1) person.global_id = [...now][0];
      else if (now.size > 1) person.global_id = null;
    }
    this.show(update);
  }

  follow(first, last) { // whoever is foretold, out of sight, is who was last seen
    for (let index = Math.max(first, 0); index <= Math.min(last, this.newest); index++) {
      const update = this.updates[index];
      for (const person of update?.everyone ?? []) {
        const seen = person.camera_ids.length ? null : this.lastSeen(person.live_id, index);
        if (seen) person.global_id = seen.global_id;
      }
      if (update) this.show(update);
    }
  }

  lastSeen(liveId, before) {
    for (let index = before - 1; index >= Math.max(before - FORETOLD_TICKS, 0); index--) {
      const seen = this.updates[index]?.everyone.find((person) => person.live_id === liveId && person.camera_ids.length);
      if (seen) return seen;
    }
    return null;
  }

  show(update) { update.people = update.everyone.filter((person) => person.global_id != null); } // between two people: nobody

  count(update, by) {
    for (const camera of Object.values(update.cameras))
      for (const { global_id } of camera.tracks)
        if (global_id != null) this.ids.set(global_id, (this.ids.get(global_id) ?? 0) + by);
  }

  identities() { return [...this.ids].filter(([, n]) => n > 0).map(([id]) => id).sort((a, b) => a - b); }

  at(tick) { // the newest update at or a little before a tick: not every tick has a picture
    for (let index = Math.floor(tick); index >= Math.max(tick - 5, 0); index--) if (this.updates[index]) return this.updates[index];
    return null;
  }
}
