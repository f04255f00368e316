// The chart, with a cursor, in the reader's own zone. Without this the page shows the same as a drawing, in UTC.
// The page's own script tells of new counts by the event `stock` and of the session's end by `ended`; what is learnt here,
// that the session has ended, goes back by `unauthorized`.

const chart = document.querySelector("#chart");
const hours = Number(chart?.dataset.hours);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const count = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const SANS = 'system-ui, "Segoe UI", "Noto Sans", "Liberation Sans", sans-serif';

let plot = null;
let drawn = null;
let ended = false;
let drawing = null;
let repaint = null;

const inDays = hours > 24;
const isMidnight = (seconds) => new Date(seconds * 1000).getHours() === 0 && new Date(seconds * 1000).getMinutes() === 0;
const moment = (seconds) => (hours > 1 ? `${day.format(seconds * 1000)} ` : "") + clock.format(seconds * 1000);

// Every local midnight between two times, thinned out until each label has its room.
const midnights = (low, high, atMost) => {
  const found = [];
  const date = new Date(low * 1000);
  date.setHours(24, 0, 0, 0);
  while (date.getTime() / 1000 < high) {
    found.push(date.getTime() / 1000);
    date.setDate(date.getDate() + 1);
  }
  const step = Math.max(1, Math.ceil(found.length / Math.max(1, atMost)));
  return found.filter((_, index) => (found.length - 1 - index) % step === 0);
};

const draw = async () => {
  if (!window.uPlot || ended) return;
  const pool = document.body.dataset.pool;
  const url = `${document.body.dataset.at}/admin/phones/dashboard/chart?hours=${hours}${pool ? `&pool=${pool}` : ""}`;
  // What the page asks by itself says so: it is no use of the session.
  const response = await fetch(url, { credentials: "same-origin", headers: { "X-By-Itself": "1" }, signal: AbortSignal.timeout(15000) }).catch(() => null);
  if (response?.status === 401) document.dispatchEvent(new Event("unauthorized"));
  if (!response?.ok) return;
  const read = await response.json().catch(() => null);
  if (!read) return;
  drawn = { ...read, since: performance.now() };
  paint();
};

// By the server's clock, which may be another one than ours.
const now = () => Date.parse(drawn.now.at) / 1000 + (performance.now() - drawn.since) / 1000;

const paint = () => {
  if (!drawn || drawn.samples.length === 0) return;
  const end = now();
  const begin = end - hours * 3600;
  const samples = drawn.samples.filter((sample) => Date.parse(sample.at) / 1000 >= begin);
  const points = [...samples.map((sample) => ({ ...sample, x: Date.parse(sample.at) / 1000 })), { ...drawn.now, x: end }];
  const names = ["available", "available_most", "assigned", "threshold"];
  const data = [points.map((point) => point.x), ...names.map((name) => points.map((point) => point[name]))];

  const grid = { stroke: colour("--line"), width: 1 };
  const axis = { font: `12px ${SANS}`, stroke: colour("--quiet"), grid, ticks: grid };
  // As wide as its widest label, whatever that is.
  const widthOf = (u, labels) => {
    if (!labels) return 40;
    u.ctx.save();
    u.ctx.font = axis.font;
    const widest = Math.max(...labels.map((label) => u.ctx.measureText(label ?? "").width));
    u.ctx.restore();
    return Math.ceil(widest) + 18;
  };
  const whole = (u, values) => values.map((value) => (Number.isInteger(value) ? count.format(value) : ""));
  const times = (u, values) => values.map((seconds) => (inDays || isMidnight(seconds) ? day : clock).format(seconds * 1000));
  const marks = (u) => {
    u.ctx.save();
    u.ctx.strokeStyle = colour("--quiet");
    u.ctx.globalAlpha = 0.55;
    for (const [at] of drawn.purchases) {
      const seconds = Date.parse(at) / 1000;
      if (seconds < begin || seconds > end) continue;
      const x = Math.round(u.valToPos(seconds, "x", true));
      u.ctx.beginPath();
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
      u.ctx.stroke();
    }
    u.ctx.restore();
  };
  const fromZero = (u, low, high) => [0, Math.max(4, high ?? 0) * 1.05];
  const shown = (u, value) => (value === null || value === undefined ? "–" : count.format(value));
  const wasShown = (index) => plot?.series[index]?.show ?? true;
  const options = {
    width: chart.clientWidth,
    height: 210,
    cursor: { y: false },
    legend: { live: true },
    scales: {
      x: { time: true, range: () => [begin, end] },
      y: { range: fromZero },
      assigned: { range: fromZero },
    },
    axes: [
      { ...axis, values: times, space: 60, ...(inDays ? { splits: (u) => midnights(begin, end, u.bbox.width / devicePixelRatio / 56) } : {}) },
      { ...axis, scale: "y", size: widthOf, values: whole },
      { ...axis, scale: "assigned", side: 1, size: widthOf, values: whole, stroke: colour("--busy"), grid: { show: false } },
    ],
    series: [
      { label: "at", value: (u, seconds) => (seconds === null ? "–" : moment(seconds)) },
      { label: "available", value: shown, stroke: colour("--accent"), width: 2, fill: `${colour("--accent")}22`, show: wasShown(1) },
      { label: "at most", value: shown, stroke: `${colour("--accent")}77`, width: 1, points: { show: false }, show: wasShown(2) },
      { label: "assigned (right)", value: shown, scale: "assigned", stroke: colour("--busy"), width: 1.5, dash: [2, 4], show: wasShown(3) },
      { label: "threshold", value: shown, stroke: colour("--warn"), width: 1.5, dash: [7, 5], show: wasShown(4) },
    ],
    hooks: { draw: [marks] },
  };
  plot?.destroy();
  chart.querySelectorAll("svg, .top-label, .empty").forEach((element) => element.remove());
  const place = chart.querySelector(".plot") ?? chart.insertBefore(document.createElement("div"), chart.firstChild);
  place.className = "plot";
  place.setAttribute("aria-hidden", "true");
  plot = new window.uPlot(options, data, place);
  chart.dataset.from = new Date(points[0].x * 1000).toISOString();
  chart.dataset.until = new Date(end * 1000).toISOString();
  const zone = chart.querySelector("[data-zone]");
  const name = new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(end * 1000).find((part) => part.type === "timeZoneName")?.value;
  if (zone) zone.textContent = `${Intl.DateTimeFormat().resolvedOptions().timeZone} (${name})`;
  const fewest = Math.min(...points.map((point) => point.available));
  const purchases = drawn.purchases.filter(([at]) => Date.parse(at) / 1000 >= begin).length;
  const words = chart.querySelector("[data-words]");
  const told = `${count.format(drawn.now.available)} available now, ${count.format(fewest)} at the lowest; the threshold is ${count.format(drawn.now.threshold)}. `
    + `Vertical lines mark ${count.format(purchases)} purchase${purchases === 1 ? "" : "s"}.`;
  if (words && words.textContent !== told) words.textContent = told;
};

// What is counted anew moves the last point; many signups at once are one drawing.
document.addEventListener("stock", (event) => {
  if (!drawn) return;
  const { available, assigned, threshold } = event.detail;
  if (drawn.now.available === available && drawn.now.assigned === assigned && drawn.now.threshold === threshold) return;
  drawn.now = { at: new Date(now() * 1000).toISOString(), available, available_most: available, assigned, threshold };
  drawn.since = performance.now();
  repaint ??= setTimeout(() => { repaint = null; if (!document.hidden) paint(); }, 1000);
});
document.addEventListener("ended", () => { ended = true; clearInterval(drawing); });

if (chart) {
  draw();
  drawing = setInterval(draw, 60000);
  new ResizeObserver(() => { if (plot && plot.width !== chart.clientWidth) plot.setSize({ width: chart.clientWidth, height: 210 }); }).observe(chart);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
}
