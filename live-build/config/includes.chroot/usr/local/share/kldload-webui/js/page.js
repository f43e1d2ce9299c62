"use strict";
// What all views share: elements, the socket, the frame, logging in, questions. No text that comes from elsewhere ever becomes markup.

// h("p", {class: "x", onclick: f}, "text", child…): an element.
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value; // as an attribute the policy of the page would refuse it
    else if (name === "value" || name === "checked" || name === "htmlFor") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
const $ = (selector, from = document) => from.querySelector(selector);
const svg = (markup, attributes = {}) => {
  const parsed = new DOMParser().parseFromString(`<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="2" viewBox="0 0 24 24" aria-hidden="true">${markup}</svg>`, "image/svg+xml").documentElement;
  for (const [name, value] of Object.entries(attributes)) parsed.setAttribute(name, value);
  return parsed;
};
const size = (bytes) => {
  if (!Number.isFinite(bytes)) return "–";
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  while (bytes >= 1000 && unit < 5) { bytes /= 1024; unit += 1; }
  return `${unit && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[unit]}`;
};
const span = (seconds) => {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  for (const [index, [length, name]] of parts.entries()) {
    if (seconds < length && length > 1) continue;
    const rest = parts[index + 1], more = rest && index < 2 ? Math.floor((seconds % length) / rest[0]) : 0;
    return `${Math.floor(seconds / length)} ${name}${more ? ` ${more} ${rest[1]}` : ""}`;
  }
};
const when = (seconds) => new Date(seconds * 1000).toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "medium" });
const later = (wait, work) => { let timer; return (...values) => { clearTimeout(timer); timer = setTimeout(() => work(...values), wait); }; };

// --- the socket
const machine = {
  socket: null, number: 0, waiting: new Map(), heard: new Map(), session: {}, wanted: new Set(), tries: 0,
  on(type, work) { if (!this.heard.has(type)) this.heard.set(type, new Set()); this.heard.get(type).add(work); return () => this.heard.get(type).delete(work); },
  open() {
    const socket = this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket.onopen = () => { this.tries = 0; online(true); start(); };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data), asked = this.waiting.get(message.id);
      if (asked) {
        this.waiting.delete(message.id);
        if (message.type === "error") asked.no(message); else asked.yes(message);
        if (message.code === "unauthorized") enter();
      } else for (const work of this.heard.get(message.type) ?? []) work(message);
    };
    socket.onclose = () => {
      for (const { no } of this.waiting.values()) no({ code: "lost", msg: t("lost") });
      this.waiting.clear();
      online(false);
      setTimeout(() => enter(), Math.min(5000, 400 * 2 ** this.tries++));
    };
  },
  ask(action, values = {}) {
    return new Promise((yes, no) => {
      if (this.socket?.readyState !== WebSocket.OPEN) { no({ code: "lost", msg: t("lost") }); return; }
      const id = ++this.number;
      this.waiting.set(id, { yes, no });
      this.socket.send(JSON.stringify({ action, id, ...values }));
    });
  },
  subscribe(...topics) { for (const topic of topics) this.wanted.add(topic); return this.ask("subscribe", { topics: [...this.wanted] }); },
};
// What changes something: said when it is done, with the command that did it.
async function change(action, values, button) {
  const there = button === document.activeElement;
  if (button) button.disabled = true;
  try {
    const answer = await machine.ask(action, values);
    // A command that ran and said no is an answer, too.
    if (answer.ok === false) { tell(answer.output?.split("\n").slice(-3).join("\n") || t("ended_with", answer.rc), answer.commands?.join("; "), true); return null; }
    if (answer.commands?.length) tell(`${t("ran")}:`, answer.commands.join("; "));
    return answer;
  } catch (error) {
    tell(error.msg, error.commands?.join("; "), true);
    return null;
  } finally {
    if (button) button.disabled = false;
    if (there) button.focus(); // what is disabled loses the keyboard
  }
}
function tell(text, command, bad = false) {
  const box = h("div", { class: bad ? "bad" : "", role: bad ? "alert" : "status" }, text, command ? h("code", {}, command) : null);
  for (const other of [...$(".said").children]) if (other.textContent === box.textContent) other.remove();
  $(".said").append(box);
  setTimeout(() => box.remove(), bad ? 12000 : 6000);
}
async function copy(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch (error) { tell(error.message, null, true); return false; }
}
function online(is) {
  $(".dot").classList.toggle("off", !is);
  $("#link").textContent = t(is ? "connected" : "lost");
}

// --- questions
// question({title, text, yes, danger, type, fields}): resolves to the values of its fields, or null. type: a word to be typed before it can be done.
function question({ title, text = [], yes, danger = false, type, fields = [], wide = false }) {
  return new Promise((resolve) => {
    const go = h("button", { class: danger ? "danger" : "main", type: "submit", disabled: Boolean(type) }, yes);
    const typed = type ? h("input", { type: "text", id: "typed", autocomplete: "off", spellcheck: "false", oninput: () => { go.disabled = typed.value.trim() !== type; } }) : null;
    const dialog = h("dialog", { "aria-labelledby": "question", style: wide ? "width:min(64rem,calc(100vw - 2rem))" : null },
      h("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); if (!go.disabled) end(Object.fromEntries(fields.map((field) => [field.id, field.type === "checkbox" ? field.checked : field.value]))); } },
        h("h2", { id: "question" }, title), ...text.map((part) => (typeof part === "string" ? h("p", {}, part) : part)),
        ...fields.map((field) => field.closest("label,div") ?? field),
        type ? h("p", {}, h("label", { htmlFor: "typed" }, ...t("confirm_type", "\0").split("\0").flatMap((piece, index) => (index ? [h("code", {}, type), piece] : [piece]))), typed) : null,
        h("div", { class: "buttons" }, yes ? h("button", { type: "button", onclick: () => end(null) }, t("cancel")) : null, yes ? go : h("button", { type: "button", class: "main", onclick: () => end(null) }, t("close")))));
    const end = (value) => { dialog.close(); dialog.remove(); resolve(value); }; // closed, so that the keyboard is where it was
    dialog.addEventListener("cancel", () => end(null));
    document.body.append(dialog);
    dialog.showModal();
  });
}
const labelled = (label, control) => { h("div", { style: "margin-top:.8rem" }, h("label", { htmlFor: control.id }, label), control); return control; };
const field = (id, label, attributes = {}) => labelled(label, h("input", { type: "text", id, autocomplete: "off", ...attributes }));
const tick = (id, label) => { const input = h("input", { type: "checkbox", id }); h("label", { style: "margin-top:.6rem;font-weight:400" }, input, " ", label); return input; };

// A button that takes a file; `work` hears its text and its name.
function takeFile(id, label, most, work, attributes = {}) {
  const input = h("input", { type: "file", id, hidden: true, "aria-label": label, onchange: async () => {
    const file = input.files[0];
    if (file && file.size > most) tell(t("too_large", file.name, size(file.size), size(most)), null, true);
    else if (file) work(await file.text(), file.name);
    input.value = "";
  } });
  return [h("button", { class: "small", onclick: () => input.click(), ...attributes }, label), input];
}
function save(name, text) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/plain" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// --- the frame
const VIEWS = {};
let leave = null;
const views = () => document.body.dataset.views.split(" ").filter((name) => VIEWS[name] && VIEWS[name].where(machine.session.live));
function frame() {
  document.title = `${machine.session.hostname ?? "kldload"} · kldload`;
  const at = location.hash.slice(1).split("/")[0];
  const current = views().includes(at) ? at : views()[0];
  const header = $("header.top"), reached = () => [...header.querySelectorAll("a, button")], kept = reached().indexOf(document.activeElement);
  header.replaceChildren(
    h("div", { class: "brand" }, svg('<path d="M12 2 22 12 12 22 2 12Z"/><path d="M12 7.5 16.5 12 12 16.5 7.5 12Z" fill="currentColor" stroke="none"/>'), h("span", {}, machine.session.hostname ?? "kldload")),
    machine.session.ok ? h("nav", { "aria-label": t("sections") }, views().map((name) => h("a", { href: `#${name}`, "aria-current": name === current ? "page" : null }, t(name)))) : h("span"),
    h("div", { class: "right" },
      h("span", { class: "quiet", role: "status" }, h("i", { class: "dot", "aria-hidden": "true" }), " ", h("span", { id: "link" }, t("connected"))),
      h("button", { class: "plain small", onclick: () => { keep("language", column() ? "en" : "de"); document.documentElement.lang = column() ? "en" : "de"; show(); }, lang: column() ? "en" : "de" }, t("language")),
      h("button", { class: "plain small", "aria-label": t("theme"), title: t("theme"), onclick: () => { const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark"; document.documentElement.dataset.theme = theme; keep("theme", theme); } }, "◐"),
      machine.session.ok ? h("button", { class: "plain small", onclick: async () => { await fetch("/logout", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }); sessionStorage.clear(); location.hash = ""; location.reload(); } }, t("logout")) : null));
  if (kept >= 0) reached()[kept]?.focus();
  $(".skip").textContent = t("skip");
  return current;
}
let drawing = 0;
async function show() {
  const current = frame(), turn = ++drawing, main = $("main"), holder = h("div", { class: "view" });
  leave?.();
  leave = null;
  if (!machine.session.ok) { main.dataset.view = "login"; login(main); return; }
  // What is slow to come is shown when it is there; what was asked for before, and is late, is shown no more.
  if (VIEWS[current].atOnce) main.replaceChildren(holder);
  let left = null;
  try { left = await VIEWS[current].draw(holder); } catch (error) {
    if (error.code === "lost") return; // it is drawn again when the machine is back
    if (error instanceof Error) throw error;
    holder.replaceChildren(h("p", { class: "note bad", role: "alert" }, error.msg));
  }
  if (turn !== drawing) { left?.(); return; }
  leave = left ?? null;
  if (main.dataset.view !== current) scrollTo(0, 0);
  main.dataset.view = current;
  const within = main.contains(document.activeElement);
  if (!holder.isConnected) main.replaceChildren(holder);
  if (within && document.activeElement === document.body) main.focus({ preventScroll: true }); // not at the top of the page again
}
async function start() {
  const mode = await machine.ask("ui_mode");
  Object.assign(machine.session, { rights: mode.rights, live: mode.live, hostname: mode.hostname });
  document.body.classList.toggle("read-only", !mode.rights.includes("change"));
  if (machine.wanted.size) await machine.subscribe();
  await show();
}

// --- logging in
const CODE = /^[2-9A-Z]{4}-[2-9A-Z]{4}$/;
async function enter() {
  try {
    const answer = await fetch("/session", { cache: "no-store" });
    if (!answer.ok) throw new Error((await answer.json()).msg);
    machine.session = await answer.json();
  } catch {
    setTimeout(enter, 1500);
    if (!$("main").firstElementChild) { frame(); $("main").replaceChildren(h("p", { class: "note bad", role: "alert" }, t("no_answer"))); }
    online(false);
    return;
  }
  if (!machine.session.ok) { show(); return; }
  if (CODE.test(location.hash.slice(1))) history.replaceState(null, "", location.pathname); // who is in leaves no code in the address
  machine.open();
}
function login(main) {
  const byCode = machine.session.login === "code";
  // The QR code on the console has the code behind #: it never leaves the browser but by the form.
  const brought = location.hash.slice(1).match(CODE)?.[0] ?? "";
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const code = h("input", { type: "text", id: "code", name: "code", value: brought, autocomplete: "one-time-code", spellcheck: "false", autocapitalize: "characters", autofocus: byCode });
  const user = h("input", { type: "text", id: "user", autocomplete: "username", autofocus: !byCode }), password = h("input", { type: "password", id: "password", autocomplete: "current-password" });
  const go = h("button", { class: "main", type: "submit" }, t("login"));
  const submit = async (event) => {
    event?.preventDefault();
    go.disabled = true;
    problem.hidden = true;
    try {
      const given = code.value || byCode ? { code: code.value } : { user: user.value, password: password.value };
      const answer = await fetch("/login", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(given) });
      const said = await answer.json();
      if (answer.ok) { await enter(); return; }
      problem.textContent = said.code === "too_many" ? t("login_wait", said.retry_after) : said.code === "unauthorized" ? t("login_wrong") : said.msg;
    } catch { problem.textContent = t("no_answer"); }
    problem.hidden = false;
    go.disabled = false;
    (byCode ? code : password).select();
  };
  main.replaceChildren(h("form", { class: "login", onsubmit: submit }, h("h1", {}, machine.session.hostname ?? "kldload"),
    byCode ? [h("p", { class: "quiet" }, t("login_code")), h("div", {}, h("label", { htmlFor: "code" }, t("code")), code)]
      : [h("p", { class: "quiet" }, t("login_person")), h("div", {}, h("label", { htmlFor: "user" }, t("user")), user), h("div", {}, h("label", { htmlFor: "password" }, t("password")), password),
        h("details", {}, h("summary", { class: "quiet" }, t("login_other")), h("div", { style: "margin-top:.6rem" }, h("label", { htmlFor: "code" }, t("code")), code))],
    problem, go));
  (byCode ? code : user).focus();
  if (brought) submit();
}
addEventListener("hashchange", () => { if (machine.session.ok && !$("main").contains(document.getElementById(location.hash.slice(1)))) show(); });
addEventListener("DOMContentLoaded", () => {
  $(".skip").addEventListener("click", (event) => { event.preventDefault(); $("main").focus(); });
  frame(); enter();
});
