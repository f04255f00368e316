// The one stream of a browser: what its tabs are told, they are told by one connection. A browser has six connections to a host
// that speaks HTTP/1.1, and seven tabs with a stream of their own would take them all.
//
// It runs as a shared worker, one for all tabs. Where a browser has none, the page takes it for itself, and lets go of the stream
// while nobody sees the page.

// Beside this very script, whatever path the daemon is below.
const STREAM = new URL("../api/events", import.meta.url).href;
const NAMES = ["status", "assignment", "purchase", "attention", "alerts", "alert", "heartbeat"];
// A word comes every 15 s at least. After this long without one the connection is dead, whatever it says of itself.
const SILENT_MILLIS_MAX = 45000;
const CLOSED = 2;

// What viewers are told: { kind: "open" | "broken" | "closed", heard } and { kind: "event", name, data, heard }; `heard` is when
// the last word came.
export const share = () => {
  const viewers = new Set();
  let events = null;
  let isOpen = false;
  let heard = 0;
  let retry = null;
  let failures = 0;
  // What somebody must know who comes later: how things stand, and whether the database is away.
  let latest = new Map();

  const tell = (message) => viewers.forEach((viewer) => viewer({ ...message, heard }));
  const drop = () => {
    events?.close();
    events = null;
    isOpen = false;
    latest = new Map();
  };
  const onEvent = ({ type, data }) => {
    heard = Date.now();
    if (type === "status" || type === "attention" || type === "alert") latest.set(type, data);
    // A status comes only while the database answers.
    if (type === "status") latest.delete("alert");
    tell({ kind: "event", name: type, data });
  };
  const connect = () => {
    retry = null;
    const mine = new EventSource(STREAM);
    events = mine;
    mine.addEventListener("open", () => {
      [isOpen, failures, heard] = [true, 0, Date.now()];
      tell({ kind: "open" });
    });
    NAMES.forEach((name) => mine.addEventListener(name, onEvent));
    mine.addEventListener("error", () => {
      if (mine !== events) return;
      isOpen = false;
      const isOver = mine.readyState === CLOSED;
      if (isOver) drop();
      tell({ kind: isOver ? "closed" : "broken" });
    });
  };
  setInterval(() => {
    if (!isOpen || Date.now() - heard < SILENT_MILLIS_MAX) return;
    drop();
    connect();
  }, 5000);

  return {
    join(viewer) {
      viewers.add(viewer);
      if (isOpen) {
        viewer({ kind: "open", heard });
        latest.forEach((data, name) => viewer({ kind: "event", name, data, heard }));
      } else if (!events && retry === null) {
        connect();
      }
    },
    leave(viewer) {
      viewers.delete(viewer);
      if (viewers.size > 0) return;
      clearTimeout(retry);
      [retry, failures] = [null, 0];
      drop();
    },
    // A browser gives up by itself when the answer is no stream. A viewer who knows that its session lives says so.
    again() {
      if (events || retry !== null) return;
      failures += 1;
      retry = setTimeout(connect, Math.min(30000, 1000 * 2 ** failures));
    },
  };
};

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const stream = share();
  self.addEventListener("connect", ({ ports: [port] }) => {
    const viewer = (message) => port.postMessage(message);
    port.onmessage = ({ data }) => {
      if (data === "join") stream.join(viewer);
      else if (data === "leave") stream.leave(viewer);
      else if (data === "again") stream.again();
    };
  });
}
