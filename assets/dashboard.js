// Keeps the page's numbers fresh and saves a step here and there. Without it everything is shown and every act works.
// No text is ever put into the page as HTML: what comes over the wire is set as text.

const $ = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, className, text) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
};

// Below which path the daemon is: empty at the root.
const AT = document.body.dataset.at;
const isLogin = (response) => new URL(response.url).pathname === `${AT}/admin/login`;

// What the page asks by itself says so: it is no use of the session, which ends when nobody uses it.
const fetchByItself = (url) => fetch(url, { credentials: "same-origin", headers: { "X-By-Itself": "1" }, signal: AbortSignal.timeout(15000) });

// Times

const span = (seconds) => {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
};
// As the server writes times, in the zone of this browser; the tooltip says UTC.
const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
const date = new Intl.DateTimeFormat("en", { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
const tell = (time) => {
  const at = new Date(time.dateTime);
  const seconds = Math.floor((Date.now() - at) / 1000);
  if ("span" in time.dataset) return span(Math.max(0, seconds));
  if (Math.abs(seconds) >= 86400) return date.format(at);
  return `${clock.format(at)}, ${seconds < -5 ? `in ${span(-seconds)}` : `${span(Math.max(0, seconds))} ago`}`;
};
const when = (at) => {
  const time = make("time");
  time.dateTime = at;
  time.title = new Date(at).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
  time.textContent = tell(time);
  return time;
};
const refreshTimes = () => all("time[datetime]").forEach((time) => {
  const text = tell(time);
  if (time.textContent !== text) time.textContent = text;
});

// Words, as the server writes them

// Of these, what went wrong stands beside it; if nothing did, they are no alarm.
const SHORT = ["unconfirmed", "partly", "nothing_bought"];
const TONES = { done: "good", waiting: "busy", buying: "busy", cancelling: "busy", unconfirmed: "busy", cancelled: "calm", partly: "warn", nothing_bought: "bad" };
const phone = (e164) => e164.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2 $3");
const found = (shown, asked) => {
  const link = make("a", "", shown);
  link.href = `${AT}/admin/phones/dashboard/search?q=${encodeURIComponent(asked)}`;
  return link;
};
const pill = (tone, word) => make("span", `pill ${tone}`, word);
const cell = (className, ...content) => {
  const td = make("td", className);
  td.append(...content);
  return td;
};

// Copying: what a person would take along has a button

const copyable = (root = document) => all("[data-copy]", root).forEach((element) => {
  // A heading says what the thing is called, and no more.
  const place = element.closest("h1") ?? element;
  if (place.nextElementSibling?.classList.contains("copy")) return;
  const button = make("button", "copy", "Copy");
  button.type = "button";
  button.dataset.text = element.dataset.copy;
  button.setAttribute("aria-label", `Copy ${element.dataset.copy}`);
  // Beside a link the whole table would be twice as many stops of the keyboard.
  if (element.closest("table")) button.tabIndex = -1;
  place.after(button);
});
const copy = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS there is no clipboard but this.
    const field = make("textarea", "unseen", text);
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) throw new Error("nothing was copied");
  }
};
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const done = await copy(button.dataset.text).then(() => "Copied", () => "Not copied");
  button.textContent = done;
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});
copyable();

// A stroke of / begins a search

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || $("#dialog")?.open) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  $("#find")?.focus();
  $("#find")?.select();
});

// Asking first: the confirmation page's own question, in a dialog

// Somebody whose session has ended is told so here, and comes back to the question by the login.
const loginFirst = (url) => {
  const wanted = new URL(url, location.href);
  const card = make("div", "narrow card");
  card.id = "question";
  const heading = make("h1", "", "Your session ended; nothing was done.");
  heading.tabIndex = -1;
  heading.dataset.first = "";
  const login = make("a", "button go", "Log in to go on");
  login.href = `${AT}/admin/login?ended=1&next=${encodeURIComponent(wanted.pathname + wanted.search)}`;
  const close = make("a", "button plain", "Go back");
  close.href = location.href;
  close.dataset.close = "";
  const buttons = make("p", "submit");
  buttons.append(login, " ", close);
  card.append(heading, buttons);
  return card;
};
const fetchQuestion = async (url) => {
  const asked = new URL(url, location.href);
  // Where the question was asked is where its result is told.
  if (!asked.searchParams.has("back")) asked.searchParams.set("back", location.pathname + location.search);
  const response = await fetch(asked, { credentials: "same-origin", headers: { Accept: "text/html" } });
  if (response.redirected && isLogin(response)) return loginFirst(asked);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return $("#question", page) ?? $("main .card", page);
};
// What takes a while says so on what was pressed.
const asking = async (pressed, work) => {
  pressed.dataset.words ??= pressed.textContent;
  pressed.textContent = "Asking…";
  pressed.setAttribute("aria-busy", "true");
  try { return await work(); } finally {
    pressed.textContent = pressed.dataset.words;
    pressed.removeAttribute("aria-busy");
  }
};
let lastAsked = 0;
const ask = async (link) => {
  if (link.getAttribute("aria-busy")) return;
  const mine = ++lastAsked;
  const dialog = $("#dialog");
  const question = await asking(link, () => fetchQuestion(link.href).catch(() => null));
  // A question that comes late replaces none under somebody's hand.
  if (mine !== lastAsked) return;
  if (!question) { location.assign(link.href); return; }
  dialog.replaceChildren(document.importNode(question, true));
  const heading = $("h1", dialog);
  if (heading) {
    heading.id = "h-dialog";
    dialog.setAttribute("aria-labelledby", "h-dialog");
  }
  if (!dialog.open) dialog.showModal();
  // What is dangerous has the focus nowhere near its button: Enter does nothing.
  ($("[data-first]", dialog) ?? $("input:not([type=hidden])", dialog) ?? $("button, .button", dialog))?.focus();
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  if (link.matches("[data-ask]")) {
    event.preventDefault();
    ask(link);
  } else if (link.matches("dialog [data-close]")) {
    event.preventDefault();
    $("#dialog").close();
  } else if (link.matches("#preview [data-close]")) {
    event.preventDefault();
    $("#preview").replaceChildren();
  }
});
// Twice pressed is once sent.
document.addEventListener("submit", (event) => {
  if (event.target.method === "post") all("button", event.target).forEach((button) => { button.disabled = true; });
});
addEventListener("pageshow", () => all("form button").forEach((button) => { button.disabled = false; }));

// Buying: the plan as soon as the form says what is wanted; only the plan has the button that buys

const buy = $("#buy");
if (buy) {
  let latest = 0;
  const preview = async () => {
    const mine = ++latest;
    if (!buy.reportValidity()) return;
    const query = new URLSearchParams(new FormData(buy));
    const question = await asking($("button", buy), () => fetchQuestion(`${buy.action}?${query}`).catch(() => null));
    if (mine !== latest) return;
    $("#preview").replaceChildren(question ? document.importNode(question, true) : make("p", "error", "The plan cannot be shown now; try again."));
    const heading = $("#preview h1");
    if (heading) {
      const smaller = make("h3", "", heading.textContent);
      heading.replaceWith(smaller);
    }
    $("#preview .card")?.classList.remove("card", "narrow");
    $("#question", $("#preview"))?.removeAttribute("id");
  };
  buy.addEventListener("submit", (event) => { event.preventDefault(); preview(); });
  // Only where there are any can an area code be wished for.
  const place = () => {
    const [pool, code] = [$("select[name=pool]", buy), $("input[name=area_code]", buy)];
    const hasAny = !pool || "areaCodes" in pool.selectedOptions[0].dataset;
    code.closest("label").hidden = !hasAny;
    code.disabled = !hasAny;
  };
  $("select[name=pool]", buy)?.addEventListener("change", place);
  addEventListener("pageshow", place);
  // A plan that is shown must be the plan of what stands in the form.
  buy.addEventListener("input", () => { latest += 1; $("#preview").replaceChildren(); });
}

// What the last act came to: read out first of all, and for an order its end, as soon as it is known

const ENDINGS = { done: "Done", partly: "Partly done", nothing_bought: "Nothing bought", unconfirmed: "Unconfirmed", cancelled: "Cancelled" };
const errorText = (error) => (error.message || error.code.replaceAll("_", " ")).replace(/\.?$/, error.count > 1 ? ` (${error.count} times).` : ".");
const said = $("#said");
const begun = said && $("span", said).textContent;
const tellOrder = (order) => {
  const bought = `${order.purchased_count} of ${order.requested_count} bought`;
  const ending = ENDINGS[order.outcome];
  const isOver = ending && order.ended_at;
  const text = isOver ? [`${bought}.`, ...order.errors.map(errorText)].join(" ") : `${begun} So far: ${bought}.`;
  if ($("span", said).textContent !== text) $("span", said).textContent = text;
  if (!isOver) return false;
  const before = $("strong", said).textContent.replace(/\.$/, "");
  $("strong", said).textContent = `${ending}.`;
  said.className = `said ${TONES[order.outcome]}`;
  if (document.title.startsWith(`${before} · `)) document.title = ending + document.title.slice(before.length);
  return true;
};
const followSaid = async () => {
  if (document.hidden) { document.addEventListener("visibilitychange", followSaid, { once: true }); return; }
  const response = await fetchByItself(`${AT}/admin/phones/api/purchases/${said.dataset.saidOf}`).catch(() => null);
  // Whoever may not know any more has the words that stand there.
  if (response?.status === 401 || response?.status === 404) return;
  const order = response?.ok ? await response.json().catch(() => null) : null;
  if (!order || !tellOrder(order)) setTimeout(followSaid, 1500);
};
if (said) {
  said.focus();
  if (said.dataset.saidOf) followSaid();
}

// Live numbers

const put = (name, value) => all(`[data-count="${name}"]`).forEach((element) => {
  if (element.textContent !== String(value)) element.textContent = value;
  element.closest("[data-alarm]")?.classList.toggle("bad", value > 0);
});
const show = (selector, visible) => { const element = $(selector); if (element) element.hidden = !visible; };

// The pool that the page is about, if it is one of several, and whether it is about several at once.
const chosen = document.body.dataset.pool;
const isMixed = "mixed" in document.body.dataset;
const isMeant = (pool) => !chosen || pool === chosen;
const HOME = `${AT}/admin/phones/dashboard${chosen ? `?pool=${chosen}` : ""}`;
// Of several pools: the same words for the same states as the server has.
const isTold = Boolean($("nav.pools"));
const haltedAsAWhole = (s) => Boolean(s.halted) && !s.halted.needs;
const VERDICTS = [
  [(s) => s.halted, "Halted", "bad"],
  [(s) => s.available === 0 && !(isTold && s.threshold === 0 && s.waiting === 0), "Empty", "bad"],
  [(s) => s.needs_replenishment, "Needs replenishment", "warn"],
  [(s) => s.paused, "Paused", "warn"],
  [(s) => s.available === 0, "Keeps no stock", "calm"],
  [() => true, "Enough in stock", "good"],
];
const verdictOf = (s) => VERDICTS.find(([holds]) => holds(s)).slice(1);
const ofPool = (status, pool) => ({ ...pool, halted: pool.halted ?? (haltedAsAWhole(status) ? status.halted : null), paused: status.paused });
const verdict = (status) => {
  if (!isMixed || haltedAsAWhole(status)) return verdictOf(status);
  const told = status.pools.map((pool) => [pool.pool, ...verdictOf(ofPool(status, pool))]);
  const like = told.filter(([, , tone]) => tone === "bad");
  const worst = like.length > 0 ? like : told.filter(([, , tone]) => tone === "warn");
  if (worst.length === 0) return ["Enough in stock", "good"];
  const [[name, word, tone], ...others] = worst;
  return [`${name}: ${word}${others.length > 0 ? `, and ${others.length} more` : ""}`, tone];
};
// The counts of the chosen pool stand where those of all do; what binds all together stays.
const meant = (status) => {
  const one = chosen && status.pools.find((pool) => pool.pool === chosen);
  if (one) return { ...status, ...ofPool(status, one), spend: status.spend, pools: status.pools };
  return isMixed ? status : { ...status, halted: status.halted ?? status.pools.find((pool) => pool.halted)?.halted };
};
const putOf = (root, name, value) => all(`[data-of="${name}"]`, root).forEach((element) => {
  if (element.textContent !== String(value)) element.textContent = value;
});
// Each pool's line; what a state needs, and its button, come with the card.
const onPools = (status) => {
  let isOld = false;
  for (const pool of status.pools) {
    const line = $(`#pools tr[data-pool="${pool.pool}"]`);
    if (!line) { isOld ||= isTold || Boolean(pool.halted); continue; }
    for (const name of ["available", "threshold", "registering", "assigned", "waiting"]) putOf(line, name, pool[name]);
    const registers = $("[data-registers]", line);
    if (registers) registers.hidden = pool.available > 0 || pool.registering === 0;
    putOf(line, "spend.day.bought", pool.spend.day.bought);
    $('[data-of="waiting"]', line)?.classList.toggle("bad", pool.waiting > 0);
    const bar = $("[data-bar]", line);
    if (bar) { bar.max = Math.max(1, pool.threshold); bar.value = Math.min(pool.available, pool.threshold); }
    const [word, tone] = verdictOf(ofPool(status, pool));
    const state = $(".pill", line);
    if (state.textContent !== word) { state.textContent = word; state.className = `pill ${tone}`; isOld = true; }
    if (pool.pool === chosen) putOf($("#runway"), "spend.day.bought", pool.spend.day.bought);
  }
  if (isOld && $("#pools")) catchUp(["#pools"]);
};
let before = null;
const onStatus = (told) => {
  setAway(false);
  const status = meant(told);
  // What signups take leaves the pool's list by their own events; whatever else became of the stock is read anew.
  const differs = (name) => status[name] !== before[name];
  const isShort = $("#pool tbody")?.rows.length < Math.min(25, status.available);
  if (before && (isShort || status.available > before.available || differs("total") || differs("unready") || differs("unfit"))) refreshPool();
  const isUsedUp = (window) => status.spend[window].bought >= status.spend[window].max;
  const emptied = before && (status.available === 0) !== (before.available === 0);
  if (emptied || ["hour", "day"].some((window) => $(`[data-window="${window}"]`)?.classList.contains("used") !== isUsedUp(window))) refreshRunway();
  before = status;
  for (const [name, value] of Object.entries(status)) if (typeof value === "number") put(name, value);
  document.dispatchEvent(new CustomEvent("stock", { detail: status }));
  // The tab says how many are in stock, as the page does.
  const title = document.title.replace(/\(\d+\)(?= callbunker$)/, `(${status.available})`);
  if (title !== document.title) document.title = title;
  for (const window of ["hour", "day"]) {
    put(`spend.${window}.bought`, status.spend[window].bought);
    put(`spend.${window}.max`, status.spend[window].max);
    const bar = $(`[data-value="spend.${window}"]`);
    if (bar) { bar.max = Math.max(1, status.spend[window].max); bar.value = status.spend[window].bought; }
  }
  put("spend.override", status.spend.override);
  const [word, tone] = verdict(status);
  const shown = $("#verdict");
  if (shown) { shown.textContent = word; shown.className = `pill ${tone}`; $("#tile-available").className = `tile main ${tone}`; }
  const monthly = $("#monthly");
  if (monthly?.dataset.unit) monthly.textContent = monthly.textContent.replace(/[\d.]+$/, (status.owned * Number(monthly.dataset.unit)).toFixed(2));
  show("#act-pause", !status.paused);
  show("#act-resume", told.paused || told.halted);
  show("#act-resume-pool", Boolean(status.halted?.needs));
  onPools(status);
  // The latest of each pool, those before it first.
  const passes = status.pools.map((pool) => pool.last_replenishment).filter((pass) => pass && isMeant(pass.pool));
  passes.sort((one, other) => Date.parse(one.at) - Date.parse(other.at)).forEach(onPass);
};

// What needs a person: the items as the API has them, drawn as the page draws them

const NEED_TONES = { critical: "bad", warning: "warn", notice: "calm" };
const NEED_IDS = { database_away: "away", signups_waiting: "waiting" };
const need = (item) => {
  const line = make("li", `banner ${NEED_TONES[item.severity] ?? "warn"}`);
  const name = NEED_IDS[item.kind] ?? item.kind;
  line.id = item.pool && item.pool !== "default" ? `${name}-${item.pool}` : name;
  const words = make("div", "words");
  const what = make("p");
  what.append(make("strong", "", item.summary), ` ${item.detail}`);
  const how = make("p", "small");
  if (item.since) {
    const since = when(item.since);
    since.dataset.span = "";
    since.textContent = tell(since);
    how.append("For ", since, ". ");
  }
  if (item.next_at) how.append(make("span", "next", item.next), " ", when(item.next_at), ". ");
  how.append(item.todo);
  words.append(what, how);
  line.append(words);
  const lead = (href, text) => {
    const anchor = make("a", "button", text);
    anchor.href = href;
    line.append(anchor);
    return anchor;
  };
  const isAct = item.link?.includes("/acts/");
  const mayAct = "mayAct" in $("#attention").dataset || !(isAct || item.link?.endsWith("#h-buy"));
  if (item.link && mayAct) lead(item.link, item.link_text).toggleAttribute("data-ask", isAct);
  if (item.url) lead(item.url, "What Twilio says of it").rel = "noreferrer";
  return line;
};
// What a line says, whoever drew it.
const saying = (line) => {
  const copy = line.cloneNode(true);
  all("time", copy).forEach((time) => time.replaceWith(time.dateTime.replace(/\.\d+/, "")));
  return [copy.className, copy.textContent.replace(/\s+/g, ""), ...all("a", copy).map((anchor) => anchor.href)].join(" ");
};
// Lines that say the same stay where they are: who is about to press a button keeps it.
// Of some alerts nothing is told below them.
const isCalm = () => all("#attention li").length + all("#alerts li.alone").length === 0;
const placeNeeds = (lines) => {
  const list = $("#attention ul");
  if (!list) return;
  const now = lines.map((line) => {
    const old = [...list.children].find((child) => child.id === line.id);
    return old && saying(old) === saying(line) ? old : line;
  });
  [...list.children].filter((child) => !now.includes(child)).forEach((child) => child.remove());
  now.forEach((line, at) => { if (list.children[at] !== line) list.insertBefore(line, list.children[at] ?? null); });
  show("#calm", isCalm());
};
const onAttention = ({ items }) => placeNeeds(items.map(need));
// Alerts come with the page: their buttons, and what each channel said. Only their words change as often as somebody looks.
let alertsSeen = null;
const onAlerts = ({ items }) => {
  const seen = items.map((alert) => [alert.id, alert.severity, alert.acknowledged_at, alert.untold_since, ...alert.notifications.map((told) => told.state)].join());
  const shown = all("#alerts li").map((line) => line.id.replace("alert-", ""));
  const isSame = seen.length === shown.length && items.every((alert) => shown.includes(alert.id));
  if (!isSame || (alertsSeen !== null && alertsSeen !== seen.join())) catchUp(["#alerts"]);
  alertsSeen = seen.join();
  items.forEach((alert) => {
    $(`#alert-${alert.id} .what`)?.replaceChildren(alert.summary);
    $(`#alert-${alert.id} .why`)?.replaceChildren(alert.detail);
  });
};
const AWAY = {
  kind: "database_away", severity: "critical", summary: "The database does not answer.",
  detail: "The numbers below are from before.", todo: "They come back by themselves.",
};

// What went wrong, in a line; the whole sentence and Twilio's page of its code are folded behind it, as the server does it.
const alike = (text) => text.replace(/ ?\(Twilio's request [\w-]+\)/, "").replace(/,? ?Twilio's request [\w-]+/, "");
const shortened = (full) => {
  const text = alike(full);
  const status = text.match(/status (\d+)/)?.[1];
  let line = text.split("; ")[0];
  if (status && text.startsWith("Twilio gave no proper answer to a search")) line = `Twilio ${status} on search`;
  else if (status && text.startsWith("the outcome at Twilio is unknown")) line = `Twilio ${status}, purchase unconfirmed`;
  else if (text.startsWith("Twilio refused with ")) line = text.replace(/^Twilio refused with (?:\d+\/)?(\d+)/, "Twilio $1");
  return line.length <= 72 ? line : `${line.slice(0, 71).trimEnd()}…`;
};
const trouble = (full, count = 1) => {
  const times = count > 1 ? ` (×${count})` : "";
  const code = full.match(/(?:\/|twilio_|\()(\d{5})(?!\d)/)?.[1];
  const line = shortened(full);
  if (line === full && !code) return make("p", "error", full + times);
  const details = make("details", "error");
  details.append(make("summary", "", line + times), make("p", "", full));
  if (code) {
    const page = make("a", "", `What Twilio says of ${code}`);
    page.href = `https://www.twilio.com/docs/api/errors/${code}`;
    page.rel = "noreferrer";
    const last = make("p");
    last.append(page);
    details.append(last);
  }
  return details;
};

const onPass = (pass) => {
  const body = $("#passes tbody");
  const at = pass.at.replace(/\.\d+/, "");
  if (!body || $(`[data-pass="${at}"][data-of-pool="${pass.pool}"]`, body)) return;
  const key = `${pass.trigger}|${pass.reason}|${pass.purchased_count}|${alike(pass.error ?? "")}`;
  const newest = all("tr", body).find((row) => row.dataset.ofPool === pass.pool);
  // What says the same as the one before is counted, not told again.
  if (newest && pass.purchased_count === 0 && newest.dataset.key === key) {
    newest.dataset.pass = at;
    newest.dataset.times = Number(newest.dataset.times) + 1;
    newest.cells[0].replaceChildren(when(pass.at));
    body.prepend(newest);
    $(".times", newest)?.replaceChildren(` (×${newest.dataset.times}, since `, when(newest.dataset.since), ")");
    return;
  }
  const row = make("tr", "fresh");
  Object.assign(row.dataset, { pass: at, ofPool: pass.pool, key, times: 1, since: at });
  const reasons = JSON.parse($("#passes").dataset.reasons);
  const needs = pass.reason === "halted" && pass.error?.match(/^halted: (\S+) lacks or does not fit/)?.[1];
  const template = reasons[pass.reason] ?? (pass.reason.startsWith("twilio_") ? reasons.twilio_.replace("twilio_", pass.reason) : null);
  const section = pass.pool === "default" ? "pool" : `pools.${pass.pool}`;
  const known = needs ? `${pass.pool} alone is halted: it needs ${needs}; set it, or mend at Twilio what it names and resume the pool`
    : template?.replaceAll("{pool}", section);
  const whose = isMixed ? [make("strong", "", pass.pool), ": "] : [];
  const why = cell("", ...whose, known ?? pass.reason.replaceAll("_", " "), make("span", "times"));
  if (pass.error) why.append(trouble(pass.error));
  row.append(cell("", when(pass.at)), cell("wide-only", pass.trigger.replaceAll("_", " ")), cell("number", pass.purchased_count), why);
  body.prepend(row);
  while (body.rows.length > 6) body.rows[body.rows.length - 1].remove();
  body.closest("section").querySelector(".empty")?.remove();
};

const onAssignment = (line) => {
  const body = $("#assignments tbody");
  if (!body || !isMeant(line.pool)) return;
  const key = `${line.user_id} ${line.phone_number}`;
  const known = all("tr", body).find((row) => row.dataset.assignment === key);
  if (line.released_at) {
    if (known && !$(".pill.calm", known)) known.cells[2].append(" ", pill("calm", "released"));
    return;
  }
  all("#pool tr[data-number]").find((row) => row.dataset.number === line.phone_number)?.remove();
  show("#no-assignments", false);
  if (known && !$(".pill.calm", known)) return;
  known?.remove();
  const row = make("tr", "fresh");
  row.dataset.assignment = key;
  const last = cell("", when(line.assigned_at));
  if (line.source === "emergency") last.append(" ", pill("warn", "waited"));
  const user = found(line.user_id, line.user_id);
  user.title = line.user_id;
  row.append(cell("cut", user), cell("nowrap", found(phone(line.phone_number), line.phone_number)), last);
  // By when it began: an import brings assignments of long ago.
  const began = Date.parse(line.assigned_at);
  const later = (other) => Date.parse($("time", other)?.dateTime ?? "") > began;
  const place = all("tr", body).filter(later).length;
  body.insertBefore(row, body.rows[place] ?? null);
  while (body.rows.length > 10) body.rows[body.rows.length - 1].remove();
};

const onPurchase = (order) => {
  const body = $("#orders tbody");
  if (!body || !isMeant(order.pool)) return;
  let row = all("tr", body).find((candidate) => candidate.dataset.order === order.purchase_id);
  if (!row) {
    row = make("tr", "fresh");
    row.dataset.order = order.purchase_id;
    row.append(cell("", when(order.created_at ?? new Date().toISOString())), cell("wide-only", (order.trigger ?? "").replaceAll("_", " ")),
      cell(""), cell("number"), cell("wide-only", [isMixed ? order.pool : "", order.area_code ?? ""].join(" ").trim()));
    body.prepend(row);
    // What still runs stays, however old it is.
    all("tr", body).slice(6).filter((old) => !$("progress", old)).forEach((old) => old.remove());
    body.closest("section").querySelector(".empty")?.remove();
  }
  const isOpen = order.state === "queued" || order.state === "running";
  row.cells[2].replaceChildren(pill((SHORT.includes(order.outcome) && order.errors.length === 0) ? "calm" : TONES[order.outcome] ?? "calm", order.outcome.replaceAll("_", " ")));
  const bought = make("a", "count", `${order.purchased_count} of ${order.requested_count}`);
  bought.href = `${AT}/admin/phones/dashboard/orders/${order.purchase_id}`;
  bought.setAttribute("aria-label", `${bought.textContent}, order ${order.purchase_id}`);
  row.cells[3].replaceChildren(bought);
  if (isOpen) {
    const bar = make("progress");
    bar.max = order.requested_count;
    bar.value = order.purchased_count;
    bar.setAttribute("aria-label", "Bought so far");
    row.cells[3].append(" ", bar);
  }
  for (const error of order.errors) row.cells[3].append(trouble(error.message || error.code.replaceAll("_", " "), error.count));
};

// Whether what is shown is so: the stream is open, somebody spoke on it a moment ago, and the database answers.

const live = $("#live");
const SILENT_SECONDS_MAX = 35;
let heard = 0;
let isOpen = false;
let isBroken = false;
let isAway = false;
let ended = false;
const link = (className, text) => { if (live.textContent !== text) { live.className = `live ${className}`; live.textContent = text; } };
// A daemon that stands still cannot say so: the page does, on top, until it speaks again.
const SILENT = {
  kind: "silent", severity: "critical", summary: "The daemon does not speak any more.",
  detail: "Everything below is from before; signups may get no answer, either.",
  todo: "Look at its process and its log, and at the way to it. The page goes on by itself.",
};
const placeSilence = (isSilent) => {
  const [list, line] = [$("#attention ul"), $("#silent")];
  if (!list || isSilent === Boolean(line)) return;
  if (!isSilent) { line.remove(); show("#calm", isCalm()); return; }
  const told = need(SILENT);
  told.id = "silent";
  list.prepend(told);
  show("#calm", false);
};
const showLive = () => {
  const silent = Math.floor((Date.now() - heard) / 1000);
  placeSilence(Boolean(heard) && !ended && !isBroken && silent >= SILENT_SECONDS_MAX);
  if (ended) link("off", "Not live");
  else if (isBroken) link("off", "Not live; connecting again");
  else if (heard && silent >= SILENT_SECONDS_MAX) link("off", `Last word ${span(silent < 60 ? silent - silent % 5 : silent)} ago`);
  else if (isOpen && isAway) link("away", "Live, but the database does not answer");
  else if (isOpen) link("on", "Live");
};
const setAway = (away) => {
  isAway = away;
  showLive();
};
const onAlert = (alert) => {
  if (alert.kind === "database_unavailable") {
    setAway(true);
    if (!$("#away")) onAttention({ items: [{ ...AWAY, summary: `${alert.message.split("; ")[0]}.` }] });
  }
  if (alert.kind === "database_available") setAway(false);
  live.title = `${alert.kind}: ${alert.message}`;
};
// A session that has ended comes back by a login only: nothing is asked any more, and the page says so.
let stream = null;
let renewing = null;
let alarm = null;
const endSession = () => {
  ended = true;
  stream?.leave();
  clearInterval(renewing);
  document.dispatchEvent(new Event("ended"));
  clearTimeout(alarm);
  show("#ended", true);
  showLive();
};
// What changed between the page and the stream, or while the stream was away, comes with the page's own lists, once; so
// does the pool, whose numbers no event tells of. Events that come meanwhile are held, and shown on the lists as read.
const LISTS = ["#alerts", "#attention", "#orders", "#passes", "#assignments", "#pool", "#runway"];
// Cards that no event tells of are taken whole from the page: what has an id and `data-renew`.
const cards = () => all("[data-renew]").map((card) => `#${card.id}`);
const wanted = new Set();
let held = null;
const readPage = async () => {
  const response = await fetchByItself(HOME).catch(() => null);
  if (response?.status === 401 || (response?.redirected && isLogin(response))) endSession();
  if (!response?.ok || response.redirected) return null;
  return response.text().then((text) => new DOMParser().parseFromString(text, "text/html"), () => null);
};
// What is open or has the focus stays so; what somebody types into waits for the next time.
const renewCard = (card, read) => {
  const focused = card.contains(document.activeElement) ? document.activeElement : null;
  if (focused?.matches("input, select, textarea")) return;
  const fresh = document.importNode(read, true);
  all("details", card).forEach((old, at) => { const same = all("details", fresh)[at]; if (same) same.open = old.open; });
  card.replaceChildren(...fresh.childNodes);
  const href = focused?.getAttribute("href");
  if (href) all("a", card).find((anchor) => anchor.getAttribute("href") === href)?.focus({ preventScroll: true });
};
const renew = (list, page) => {
  if (list === "#attention") { placeNeeds(all("#attention li", page).map((line) => document.importNode(line, true))); return; }
  if ($(list)?.matches("[data-renew]")) {
    if ($(list, page)) renewCard($(list), $(list, page));
    if (list === "#alerts") show("#calm", isCalm());
    return;
  }
  const part = (root) => $(`${list} tbody`, root) ?? $(list, root);
  const [old, read] = [part(document), part(page)];
  if (!old || !read) return;
  const fresh = document.importNode(read, true);
  const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  old.replaceWith(fresh);
  if (focused) all("a", fresh).find((anchor) => anchor.getAttribute("href") === focused)?.focus();
  const note = `#no-${list.slice(1)}`;
  show(note, !$(note, page)?.hidden);
};
const catchUp = async (lists) => {
  lists.forEach((list) => wanted.add(list));
  if (held) return;
  held = [];
  while (wanted.size > 0) {
    const now = [...wanted];
    wanted.clear();
    const page = await readPage();
    if (page) now.forEach((list) => renew(list, page));
  }
  const late = held;
  held = null;
  late.forEach((work) => work());
};
// Seldom, and not by all viewers at once: it is a whole page. A page that nobody sees waits until somebody does.
let poolIsDue = null;
const refreshPool = () => {
  poolIsDue ??= setTimeout(() => {
    poolIsDue = null;
    if (ended) return;
    if (document.hidden) document.addEventListener("visibilitychange", refreshPool, { once: true });
    else catchUp(["#pool", ...cards()]);
  }, 1000 + 2000 * Math.random());
};
let runwayIsDue = null;
const refreshRunway = () => {
  runwayIsDue ??= setTimeout(() => {
    runwayIsDue = null;
    if (!ended && !document.hidden) catchUp(["#runway"]);
  }, 1000 + 2000 * Math.random());
};
// An order's own page is read again as long as the order goes on.
const followOrder = async () => {
  if (!$("#order[data-open]") || ended) return;
  if (document.hidden) { document.addEventListener("visibilitychange", followOrder, { once: true }); return; }
  const response = await fetchByItself(location.href).catch(() => null);
  if (response?.redirected && isLogin(response)) { location.reload(); return; }
  if (response?.ok) {
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const [old, fresh] = [$("#order"), $("#order", page)];
    if (old && fresh && !$("#order-acts").contains(document.activeElement)) {
      old.closest(".columns").replaceWith(document.importNode(fresh.closest(".columns"), true));
      copyable();
      refreshTimes();
    }
  }
  setTimeout(followOrder, 1500);
};

// The stream: one for all tabs of the browser, in a worker that they share (live.js). A browser that has none gets one for each
// page that somebody sees.

const SHOWN = { status: onStatus, assignment: onAssignment, purchase: onPurchase, attention: onAttention, alerts: onAlerts, alert: onAlert };
let turns = 0;
const opened = async () => {
  const mine = ++turns;
  [isBroken, before] = [false, null];
  clearTimeout(alarm);
  alarm = null;
  await catchUp([...LISTS, ...cards()]);
  if (mine !== turns) return;
  isOpen = true;
  showLive();
};
const broke = async (isOver) => {
  turns += 1;
  isOpen = false;
  // Streams end now and then, and go on within seconds: only one that does not is worth a word.
  alarm ??= setTimeout(() => { isBroken = true; showLive(); }, 6000);
  if (!isOver) return;
  // A browser gives up by itself when the answer is no stream: a restart behind a proxy, an ended session. The page itself
  // says which.
  await readPage();
  if (!ended) stream.again();
};
const onTold = (told) => {
  if (ended) return;
  heard = Math.max(heard, told.heard);
  if (told.kind === "open") opened();
  else if (told.kind === "event") {
    if (told.name === "status" || told.name === "heartbeat") showLive();
    const work = SHOWN[told.name];
    if (!work) return;
    const news = JSON.parse(told.data);
    if (held) held.push(() => work(news)); else work(news);
  } else broke(told.kind === "closed");
};
const shared = (url, instead) => {
  const worker = new SharedWorker(url, { type: "module", name: "callbunker" });
  let isThere = true;
  worker.addEventListener("error", () => { if (isThere) { isThere = false; instead(); } });
  worker.port.onmessage = ({ data }) => { if (isThere) onTold(data); };
  const send = (word) => isThere && worker.port.postMessage(word);
  return { join: () => send("join"), leave: () => send("leave"), again: () => send("again") };
};
const alone = async (url) => {
  const { share } = await import(url);
  const own = share();
  const join = () => { if (!ended && !document.hidden) own.join(onTold); };
  const leave = () => own.leave(onTold);
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : join()));
  return { join, leave, again: () => own.again() };
};
const watch = async () => {
  const url = live.dataset.stream;
  const instead = async () => { stream = await alone(url); stream.join(); };
  if (!window.SharedWorker) return instead();
  stream = shared(url, instead);
  stream.join();
};
if ($("#assignments")) {
  watch();
  addEventListener("pagehide", () => stream?.leave());
  addEventListener("pageshow", (event) => { if (event.persisted && !ended) stream?.join(); });
  setInterval(showLive, 2000);
  renewing = setInterval(() => { if (isOpen && !document.hidden) catchUp(cards()); }, 60000);
}
document.addEventListener("unauthorized", endSession);
if ($("#order[data-open]")) setTimeout(followOrder, 1500);
setInterval(refreshTimes, 10000);
refreshTimes();
