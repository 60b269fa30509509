// Shows the queue of queue.js, which stands before this text, and tells the page how many files
// are here and how many are not.

const DRAW_EVERY_MS = 150;
const views = new WeakMap();

class FilesView {
  #root;
  #items = new Map();
  #told = null;
  #component;
  #timer = null;
  #stopWatching = () => {};
  #stopListening = new AbortController();
  turn = 0;

  constructor(component) {
    this.#root = component.parentElement;
    const told = { open: 0, here: 0 };
    for (const upload of component.data.uploads) told[upload.complete ? "here" : "open"] += 1;
    this.#told = JSON.stringify(told);
    this.#find("button").addEventListener("click", () => this.#find("input").click());
    this.#find("input").addEventListener("change", (event) => {
      this.#take([...event.target.files], []);
      event.target.value = "";
    });
    this.#listenToDrops();
  }

  show(component) {
    this.#component = component;
    const { texts } = component.data;
    this.#find(".label").textContent = texts.label;
    this.#find("button").textContent = texts.choose;
    this.#find(".hint").textContent = texts.drop;
    this.#find("ul").setAttribute("aria-label", texts.list);
    this.#find(".zone").hidden = false; // before, its button says nothing
    this.#stopWatching();
    this.#stopWatching = queue.watch(() => this.#change());
    this.#change();
  }

  leave() {
    this.#stopWatching();
    this.#stopListening.abort();
    views.delete(this.#root);
  }

  #listenToDrops() {
    const zone = this.#find(".zone");
    const { signal } = this.#stopListening;
    const over = (event) => {
      event.preventDefault(); // a file dropped beside the zone would replace the page
      const isInside = event.composedPath().includes(zone);
      zone.classList.toggle("over", isInside && event.type === "dragover");
      if (event.type === "drop" && isInside) this.#drop(event.dataTransfer);
    };
    for (const type of ["dragover", "drop"]) document.addEventListener(type, over, { signal });
    zone.addEventListener("dragleave", () => zone.classList.remove("over"), { signal });
  }

  #drop(transfer) {
    const items = [...transfer.items].filter((item) => item.kind === "file");
    const folders = items
      .map((item) => item.webkitGetAsEntry?.())
      .filter((entry) => entry?.isDirectory)
      .map((entry) => entry.name);
    const files = [...transfer.files].filter((file) => !folders.includes(file.name));
    this.#take(files, folders);
  }

  #take(files, folders) {
    const { texts } = this.#component.data;
    const said = folders.map((name) => filled(texts.folder, { name }));
    if (!files.length && !folders.length) said.push(texts.nothing);
    this.#find(".said").textContent = said.join(" ");
    if (files.length) queue.add(files);
  }

  /** Tell the page at once; draw a little later, at most every DRAW_EVERY_MS. */
  #change() {
    const here = queue.rows.filter((row) => row.state === HERE).length;
    const told = JSON.stringify({ open: queue.rows.length - here, here });
    if (told !== this.#told) {
      this.#told = told;
      this.#component.setStateValue("files", JSON.parse(told));
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#draw();
    }, DRAW_EVERY_MS);
  }

  #draw() {
    const list = this.#find("ul");
    for (const [row, item] of this.#items) {
      if (queue.rows.includes(row)) continue;
      this.#keepFocus(item);
      item.remove();
      this.#items.delete(row);
    }
    for (const row of queue.rows) {
      if (!this.#items.has(row)) {
        this.#items.set(row, this.#item(row));
        list.append(this.#items.get(row));
      }
      this.#drawRow(row, this.#items.get(row));
    }
    list.hidden = queue.rows.length === 0;
  }

  #item(row) {
    const item = this.#find("template").content.firstElementChild.cloneNode(true);
    item.querySelector(".remove").addEventListener("click", () => queue.remove(row));
    item.querySelector(".again").addEventListener("click", () => queue.retry(row));
    return item;
  }

  #drawRow(row, item) {
    const { texts } = this.#component.data;
    const percent = row.bytes ? Math.floor((100 * sentOf(row)) / row.bytes) : row.complete ? 100 : 0;
    const state = this.#stateText(row, percent);
    const part = (name) => item.querySelector(name);
    part(".name").textContent = row.name;
    part(".name").title = row.name;
    if (part(".state").textContent !== state) part(".state").textContent = state;
    part(".fill").style.width = `${percent}%`;
    const bar = part("[role=progressbar]");
    bar.setAttribute("aria-label", row.name);
    bar.setAttribute("aria-valuenow", percent);
    bar.setAttribute("aria-valuetext", state);
    part(".remove").textContent = ACTIVE.includes(row.state) ? texts.cancel : texts.remove;
    part(".again").textContent = texts.again;
    part(".again").hidden = row.state !== REFUSED;
    for (const name of [".remove", ".again"])
      part(name).setAttribute("aria-label", `${part(name).textContent}: ${row.name}`);
    if (item.dataset.state && item.dataset.state !== row.state && row.state !== SENDING)
      this.#find("[role=status]").textContent = `${row.name}: ${state}`;
    item.dataset.state = row.state;
  }

  #stateText(row, percent) {
    const { texts } = this.#component.data;
    const sizes = { done: this.#size(sentOf(row)), total: this.#size(row.bytes), ...row };
    if (row.state === SENDING) return filled(texts.sending, { ...sizes, ...this.#pace(row, percent) });
    if (row.isUnreadable && row.state === REFUSED) return filled(texts.unreadable, row);
    if (row.state === REFUSED) return row.sentence ?? texts.refused;
    if (row.state === UNFINISHED && !row.offset) return texts.unsent;
    return filled(texts[row.state], sizes);
  }

  #pace(row, percent) {
    const { texts } = this.#component.data;
    const rate = queue.paceOf(row);
    const left = rate ? (row.bytes - sentOf(row)) / rate : null;
    const told = { rate: this.#size(rate ?? 0, "-per-second"), time: this.#duration(left) };
    return {
      percent: this.#number(percent / 100, { style: "percent" }),
      pace: left === null ? "" : filled(texts.pace, told),
    };
  }

  #size(bytes, per = "") {
    const [unit, size] = [
      ["gigabyte", 1e9],
      ["megabyte", 1e6],
      ["kilobyte", 1e3],
    ].find(([, least]) => bytes >= least) ?? ["byte", 1];
    const value = bytes / size;
    const digits = value < 10 && size > 1 ? 1 : 0;
    const unitDisplay = unit === "byte" ? "long" : "short";
    return this.#number(value, {
      style: "unit",
      unit: unit + per,
      unitDisplay,
      maximumFractionDigits: digits,
    });
  }

  #duration(seconds) {
    const [unit, size] = seconds < 90 ? ["second", 1] : seconds < 5400 ? ["minute", 60] : ["hour", 3600];
    const value = Math.max(1, Math.ceil((seconds ?? 0) / size));
    return this.#number(value, { style: "unit", unit });
  }

  #number(value, options) {
    return new Intl.NumberFormat(this.#component.data.language, options).format(value);
  }

  #keepFocus(item) {
    if (item.contains(this.#root.activeElement ?? document.activeElement)) this.#find("button").focus();
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }
}

function sentOf(row) {
  return Math.min(row.bytes, row.offset + row.inFlight);
}

function filled(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

export default function (component) {
  const { parentElement, data } = component;
  queue.address = data.address;
  queue.language = data.language;
  let view = views.get(parentElement);
  if (!view) {
    view = new FilesView(component);
    views.set(parentElement, view);
    queue.release();
  }
  queue.reconcile(data.uploads);
  view.show(component);
  view.turn += 1;
  const { turn } = view;
  return () => {
    if (view.turn === turn) view.leave(); // an overtaken drawing must not end the newer one
  };
}
