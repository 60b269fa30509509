// Sends files one after the other by the protocol of api/uploads.py. It knows nothing of the page:
// a view watches it. Its rows live as long as the window, so that sending goes on while the
// analyst looks at another page; what was sent before is known to the server.

const PART_BYTES = 8 * 1024 * 1024;
const SAMPLE_BYTES = 64 * 1024;
const SILENCE_MS = 60_000;
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000];
const PACE_MS = 8_000;
const PASSING = new Set([0, 404, 408, 409, 425, 429, 500, 502, 503, 504]);

const WAITING = "waiting"; // its turn comes
const SENDING = "sending";
const PAUSED = "paused"; // the connection is lost; goes on by itself
const HERE = "here";
const UNFINISHED = "unfinished"; // begun before this page was loaded: the file must be chosen again
const REFUSED = "refused";
const ACTIVE = [WAITING, SENDING, PAUSED];

class Refusal extends Error {}
class Interruption extends Error {}
class Unreadable extends Error {}

class UploadQueue {
  rows = [];
  address = "";
  language = "en";
  #watchers = new Set();
  #removed = new Set();
  #isRunning = false;
  #wake = () => {};

  constructor() {
    window.addEventListener("online", () => this.#wake());
    window.addEventListener("beforeunload", (event) => {
      if (this.rows.some((row) => ACTIVE.includes(row.state))) event.preventDefault();
    });
  }

  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Take over what the server knows: rows without a file in this window follow it. */
  reconcile(uploads) {
    const known = new Map(uploads.map((upload) => [upload.id, upload]));
    this.rows = this.rows.filter((row) => row.file || known.has(row.id));
    for (const upload of uploads) {
      if (this.#removed.has(upload.id)) continue;
      const row = this.rows.find((other) => other.id === upload.id);
      if (row?.file) continue;
      const state = upload.complete ? HERE : UNFINISHED;
      if (row) Object.assign(row, upload, { state });
      else this.rows.push({ ...upload, state, inFlight: 0, pace: [] });
    }
    this.#tell();
  }

  /** Forget files that are here: from now on the server says whether they still are. */
  release() {
    this.rows = this.rows.filter((row) => row.state !== HERE);
  }

  async add(files) {
    const added = files.map((file) => this.#rowOf(file));
    this.#tell();
    for (const row of added) await this.#beginEarly(row);
    this.#run();
  }

  async remove(row) {
    row.isGone = true;
    row.call?.abort();
    this.rows = this.rows.filter((other) => other !== row);
    if (row.id) await this.#forget(row);
    this.#tell();
    this.#wake();
  }

  retry(row) {
    row.state = WAITING;
    row.sentence = null;
    this.#tell();
    this.#run();
  }

  /** Return how many bytes have left, per second, over the last seconds; null when not known. */
  paceOf(row) {
    const [first] = row.pace;
    const last = row.pace.at(-1);
    return first && last.at - first.at > 500
      ? ((last.sent - first.sent) * 1000) / (last.at - first.at)
      : null;
  }

  /** Return the row of a file: one that waits for it since an earlier window, or a new one. */
  #rowOf(file) {
    const isIt = (row) =>
      row.state === UNFINISHED && row.name === file.name && row.bytes === file.size;
    const row = this.rows.find(isIt) ?? { name: file.name, bytes: file.size, offset: 0 };
    Object.assign(row, { file, state: WAITING, inFlight: 0, pace: [] });
    if (!this.rows.includes(row)) this.rows.push(row);
    return row;
  }

  async #run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (;;) {
      const row = this.rows.find((other) => other.state === WAITING);
      if (!row) break;
      await this.#send(row);
    }
    this.#isRunning = false;
  }

  async #send(row) {
    let failures = 0;
    while (!row.isGone) {
      try {
        this.#enter(row, SENDING);
        await this.#begin(row);
        while (!row.isGone && !row.complete) {
          await this.#sendPart(row);
          failures = 0;
        }
        if (!row.isGone) this.#enter(row, HERE);
        return;
      } catch (failure) {
        if (row.isGone) return;
        if (!(failure instanceof Interruption)) {
          this.#refuse(row, failure);
          return;
        }
        this.#enter(row, PAUSED);
        await this.#pause(PAUSES_MS[Math.min(failures++, PAUSES_MS.length - 1)]);
      }
    }
  }

  /** A file that is too large is refused when it is chosen, not when its turn comes. */
  async #beginEarly(row) {
    try {
      await this.#begin(row);
      if (row.complete) this.#enter(row, HERE);
    } catch (failure) {
      if (!row.isGone && !(failure instanceof Interruption)) this.#refuse(row, failure);
    }
  }

  async #begin(row) {
    row.sample ??= await sampleOf(row.file);
    const claim = {
      name: row.file.name,
      bytes: row.file.size,
      modified: Math.round(row.file.lastModified),
      sample: row.sample,
    };
    this.#take(row, await this.#request(row, "POST", this.address, JSON.stringify(claim)));
    this.#removed.delete(row.id);
    if (row.isGone) await this.#forget(row); // removed while it was announced
    const isTwin = (other) => other !== row && other.id === row.id;
    if (this.rows.some((other) => isTwin(other) && other.file)) {
      row.isGone = true; // the same file, chosen twice: the first row sends it
      this.rows = this.rows.filter((other) => other !== row);
    } else {
      this.rows = this.rows.filter((other) => !isTwin(other));
    }
    this.#tell();
  }

  async #forget(row) {
    this.#removed.add(row.id);
    await this.#request(row, "DELETE", this.#path(row)).catch(() => {});
  }

  async #sendPart(row) {
    const part = row.file.slice(row.offset, row.offset + PART_BYTES);
    await firstByteOf(part);
    const path = `${this.#path(row)}?offset=${row.offset}`;
    this.#take(row, await this.#request(row, "PATCH", path, part));
  }

  #take(row, told) {
    if (told.offset < row.offset) row.pace = [];
    Object.assign(row, told, { inFlight: 0 });
    this.#tell();
  }

  /** Make one call; reject with a Refusal that says why, or an Interruption that may pass. */
  #request(row, method, path, body) {
    return new Promise((resolve, reject) => {
      const call = new XMLHttpRequest();
      let watchdog;
      const rewind = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => call.abort(), SILENCE_MS);
      };
      call.open(method, path);
      call.setRequestHeader("Accept-Language", this.language);
      call.responseType = "json";
      call.upload.onprogress = (event) => {
        rewind();
        if (method === "PATCH") this.#advance(row, event.loaded);
      };
      call.onloadend = () => {
        clearTimeout(watchdog);
        row.call = null;
        row.inFlight = 0;
        const isTold = call.response !== null || call.status === 204;
        if (call.status >= 200 && call.status < 300 && isTold) resolve(call.response);
        else if (PASSING.has(call.status) || !isTold) reject(new Interruption());
        else reject(new Refusal(call.response.title));
      };
      row.call = method === "PATCH" ? call : null;
      rewind();
      call.send(body);
    });
  }

  #advance(row, loaded) {
    const now = Date.now();
    row.inFlight = loaded;
    row.pace.push({ at: now, sent: row.offset + loaded });
    row.pace = row.pace.filter((sample) => now - sample.at < PACE_MS);
    this.#tell();
  }

  #enter(row, state) {
    row.state = state;
    row.pace = [];
    this.#tell();
  }

  #refuse(row, failure) {
    row.isUnreadable = failure instanceof Unreadable;
    row.sentence = failure.message;
    this.#enter(row, REFUSED);
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #path(row) {
    return `${this.address}/${row.id}`;
  }

  #tell() {
    for (const watcher of this.#watchers) watcher();
  }
}

/** Return two sums (FNV-1a) over the ends of a file, to tell it from another of its name. */
async function sampleOf(file) {
  const tail = Math.max(0, file.size - SAMPLE_BYTES);
  const ends = new Blob([file.slice(0, SAMPLE_BYTES), file.slice(tail)]);
  const sums = [0x811c9dc5, 0x01234567];
  for (const byte of new Uint8Array(await readable(ends))) {
    sums[0] = Math.imul(sums[0] ^ byte, 0x01000193);
    sums[1] = Math.imul(sums[1] ^ byte, 0x01000193) + 1;
  }
  return sums.map((sum) => (sum >>> 0).toString(16).padStart(8, "0")).join("");
}

/** A file that was moved or changed fails like a broken line once it is on its way. */
async function firstByteOf(part) {
  await readable(part.slice(0, 1));
}

async function readable(blob) {
  try {
    return await blob.arrayBuffer();
  } catch {
    throw new Unreadable();
  }
}

const queue = new UploadQueue();
