"use strict";
// The machine: how it is, its storage, its updates.
const head = (title, ...more) => h("header", {}, h("h2", {}, title), h("div", { class: "buttons" }, more));
const section = (title, tools, ...body) => h("section", { class: "section" }, head(title, tools), body);
const card = (title, stat, ...more) => h("div", { class: "card" }, h("header", {}, h("h3", { class: "quiet" }, title)), stat !== null ? h("div", { class: "stat" }, stat) : null, more);
// Each cell knows what its column is called: a phone shows rows with buttons as cards.
const table = (columns, rows, empty) => {
  if (!rows.length) return h("p", { class: "empty card" }, empty);
  for (const row of rows) for (const [at, cell] of [...row.children].entries()) cell.dataset.column = columns[at].replace(/^#/, "");
  return h("div", { class: "table", tabindex: "0", role: "region" }, h("table", {}, h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col", class: name.startsWith("#") ? "number" : "" }, name.replace(/^#/, ""))))), h("tbody", {}, rows)));
};
const meter = (parts, whole, label, limit = 0.9) => h("div", { class: `meter ${parts[0] / whole > limit ? "full" : ""}`, role: "img", "aria-label": label }, parts.map((part, index) => h("i", { class: index ? "held" : "", style: `width:${Math.min(100, 100 * part / (whole || 1))}%` })));
const may = () => machine.session.rights.includes("change");
// A long command, whoever began it and whoever looks: what it says, from its beginning; that it runs; its buttons, which rest until it has
// ended. `begun` hears that it runs, `ended` how it ended; stop ends that.
async function follow(target, lines, { buttons, begun, ended }) {
  const state = h("div", { role: "status", style: "margin:.8rem 0" });
  let rest = [], there = null;
  lines.before(state);
  const add = (line) => { lines.hidden = false; lines.append(h("div", {}, line)); lines.scrollTop = lines.scrollHeight; };
  const begin = (command) => {
    there = buttons.find((it) => it === document.activeElement); // what is disabled loses the keyboard
    rest = buttons.filter((it) => !it.disabled);
    for (const it of rest) it.disabled = true;
    state.replaceChildren(h("p", { class: "note" }, t(`${target}_runs`)));
    lines.replaceChildren();
    add(`# ${command}`);
    begun?.();
  };
  const end = (event) => {
    for (const it of rest) it.disabled = false;
    if (document.activeElement === document.body) there?.focus();
    state.replaceChildren();
    return ended(event);
  };
  const ours = (work) => (event) => (event.target === target ? work(event) : undefined);
  for (const job of (await machine.ask("jobs")).jobs.filter((job) => job.target === target)) { begin(job.command); job.lines.forEach(add); }
  const stops = [machine.on("exec_start", ours((event) => begin(event.cmd))), machine.on("log_line", ours((event) => add(event.line))), machine.on("exec_done", ours(end))];
  return () => stops.forEach((stop) => stop());
}
const button = (text, work, kind = "small") => h("button", { class: kind, disabled: !may(), onclick: (event) => work(event.target) }, text);

VIEWS.machine = {
  where: () => true,
  // What is known at once is drawn at once; what programs have to be asked for takes its place when it comes.
  async draw(main) {
    const live = machine.session.live, cards = h("div", { class: "cards" }), health = h("div", { role: "status", style: "margin-bottom:1.2rem" }), failed = h("div");
    let info = await machine.ask("system_info"), network = { interfaces: [] }, pools = { pools: [] };
    const draw = (said) => {
      info = said;
      const { data } = info, used = data.memory_total - data.memory_free;
      cards.replaceChildren(
        card(t("host"), data.hostname, h("p", { class: "quiet" }, data.os), h("p", { class: "quiet mono" }, data.kernel), live ? h("span", { class: "tag warn" }, t("live_system")) : data.profile ? h("span", { class: "tag" }, data.profile) : null),
        card(t("uptime"), span(data.uptime), h("p", { class: "quiet" }, data.build)), card(t("processors"), String(data.cpus), h("p", { class: "quiet" }, t("load_of", data.load.toFixed(2)))),
        card(t("memory"), size(data.memory_total), meter([used], data.memory_total, t("of", size(used), size(data.memory_total))), h("p", { class: "quiet" }, t("free", size(data.memory_free)))),
        ...network.interfaces.map((link) => card(`${t("network")} ${link.name}`, link.addresses[0] ?? t("no_link"), link.addresses.slice(1).map((address) => h("p", { class: "quiet mono" }, address)), h("p", { class: "quiet mono" }, link.mac))),
        ...pools.pools.map((pool) => card(t("pool", pool.name), h("span", {}, pool.health, " ", h("span", { class: `tag ${pool.health === "ONLINE" ? "good" : "bad"}` }, `${pool.cap} %`)), meter([pool.alloc], pool.size, t("of", size(pool.alloc), size(pool.size))), h("p", { class: "quiet" }, t("of", size(pool.alloc), size(pool.size))))));
      $(".firstboot", main)?.remove();
      if (data.firstboot) main.prepend(h("p", { class: "note firstboot" }, t("firstboot", data.firstboot)));
    };
    const drawHealth = ({ status: now }) => {
      health.replaceChildren(h("div", { class: `note ${now.healthy ? "" : "bad"}` }, h("strong", {}, t(now.healthy ? "healthy" : "unhealthy")), [...now.reasons, ...now.notes].map((reason) => h("p", {}, reason)), now.updates?.waiting ? h("p", {}, t("waiting_updates", now.updates.waiting, now.updates.security)) : null, now.reboot ? h("p", {}, now.reboot) : null, now.last_trial ? h("p", {}, now.last_trial) : null));
      failed.replaceChildren(section(t("failed_units"), [], table([t("name"), ""], now.failed_units.map((unit) => h("tr", {}, h("td", { class: "mono" }, unit), h("td", {}, h("div", { class: "buttons" }, button(t("restart_unit"), async (it) => { if (await change("unit_restart", { unit }, it)) show(); }))))), t("none"))));
    };
    main.replaceChildren(...[live ? null : health, h("h1", { class: "only-heard" }, t("machine")), cards, failed,
      section(t("audit"), [h("button", { class: "small", onclick: (event) => audit(event.target) }, t("audit_run"))], h("div", { id: "audit" })),
      live ? null : h("div", { id: "golden" }),
      section(t("credentials"), [button(`${t("store")} …`, storeCredential)], h("p", { class: "quiet" }, t("credentials_why")), h("div", { id: "credentials" })),
      live ? null : section(t("tokens"), [button(`${t("token_make")} …`, makeToken)], h("p", { class: "quiet" }, t("tokens_why")), h("div", { id: "tokens" })),
      section(t("events"), [], h("div", { id: "events" })),
      drawState(),
      section(t("power"), [], h("div", { class: "buttons" }, button(`${t("restart")} …`, () => power("reboot"), ""), button(`${t("poweroff")} …`, () => power("poweroff"), "danger"), button(t("invite"), invite, "")))].filter(Boolean));
    draw(info);
    machine.ask("network_info").then((answer) => { network = answer; draw(info); }, () => {});
    machine.ask("zfs_list").then((answer) => { pools = answer; draw(info); }, () => {});
    if (!live) {
      health.append(h("p", { class: "note" }, t("looking")));
      machine.ask("status").then(drawHealth, (error) => health.replaceChildren(error.code === "lost" ? "" : h("p", { class: "note bad" }, error.msg)));
    }
    drawEvents(main).catch(() => {});
    drawCredentials(main).catch(() => {});
    drawTokens(main).catch(() => {});
    const golden = live ? null : drawGolden($("#golden", main)), heard = [machine.on("system_info", draw), machine.on("changed", () => drawEvents(main).catch(() => {}))];
    machine.subscribe("status", "jobs").catch(() => {});
    return () => { heard.forEach((stop) => stop()); golden?.then((stop) => stop?.(), () => {}); };
  },
};
// Images of this machine; where there is no kexport, nothing is drawn.
async function drawGolden(place) {
  const first = await machine.ask("golden_status").catch(() => null);
  if (!first) return null;
  const images = h("div"), lines = h("div", { class: "log", hidden: true, role: "log", tabindex: "0", "aria-label": t("golden"), style: "height:11rem;margin-top:1rem" });
  const draw = ({ status }) => images.replaceChildren(table([t("name"), `#${t("size")}`], Object.values(status).map((image) => h("tr", {}, h("td", { class: "mono" }, image.path), h("td", { class: "number" }, size(image.size)))), t("none")));
  const make = button(`${t("golden_make")} …`, async () => {
    const format = labelled(t("golden_format"), h("select", { id: "format" }, ["qcow2", "raw", "vhd", "vmdk", "ova", "gce"].map((name) => h("option", {}, name))));
    const given = await question({ title: t("golden_title"), text: [t("golden_note")], yes: t("golden_make"), fields: [format] });
    if (given) await change("golden", given);
  });
  place.replaceChildren(section(t("golden"), [make], h("p", { class: "quiet" }, t("golden_why")), images, lines));
  draw(first);
  return follow("golden", lines, { buttons: [make], ended: async () => draw(await machine.ask("golden_status")) });
}
async function drawEvents(main) {
  const { events } = await machine.ask("db_events", { limit: 25 });
  $("#events", main)?.replaceChildren(table([t("time"), t("who"), t("action"), t("outcome")], events.map((event) => h("tr", {}, h("td", {}, when(event.time)), h("td", {}, `${event.who} ${event.address}`), h("td", { class: "mono" }, event.action), h("td", {}, event.outcome))), t("none")));
}
async function drawCredentials(main = document) {
  const { creds } = await machine.ask("credentials_load");
  $("#credentials", main)?.replaceChildren(table([t("provider"), ""], Object.entries(creds).map(([provider, fields]) => h("tr", {}, h("td", {}, provider, " ", h("span", { class: "quiet mono" }, Object.entries(fields).map(([name, value]) => `${name}=${value}`).join(" "))), h("td", {}, h("div", { class: "buttons" }, button(t("remove"), async (it) => { if (await change("credentials_save", { creds: { [provider]: null } }, it)) drawCredentials(); }))))), t("none")));
}
async function storeCredential() {
  const given = await question({ title: t("credentials"), yes: t("store"), fields: [field("provider", t("provider")), field("user", t("user")), field("password", t("password"), { type: "password" })] });
  if (given?.provider && await change("credentials_save", { creds: { [given.provider]: { user: given.user, password: given.password } } })) { tell(t("stored")); drawCredentials(); }
}
async function drawTokens(main = document) {
  const { tokens } = await machine.ask("token_list"), now = Date.now() / 1000;
  $("#tokens", main)?.replaceChildren(table([t("name"), t("token_may"), t("token_until"), ""], tokens.map((item) => h("tr", {}, h("td", { class: "mono" }, item.name), h("td", {}, t(item.rights.includes("change") ? "token_changes" : "token_looks")), h("td", {}, when(item.expires), item.expires < now ? [" ", h("span", { class: "tag warn" }, t("token_over"))] : null),
    h("td", {}, h("div", { class: "buttons" }, button(t("token_revoke"), async (it) => { if (await question({ title: t("token_revoke_title", item.name), text: [t("token_revoke_lost")], yes: t("token_revoke"), danger: true }) && await change("token_revoke", { name: item.name }, it)) drawTokens(); }, "small danger"))))), t("none")));
}
async function makeToken() {
  const given = await question({ title: t("token_title"), text: [t("token_note")], yes: t("token_make"), fields: [field("name", t("name"), { spellcheck: "false" }), field("days", t("token_days"), { value: "90", inputmode: "numeric" }), tick("read_only", t("token_read_only"))] });
  const made = given && await change("token_make", given);
  if (!made) return;
  drawTokens();
  await question({ title: t("token_made", made.name), text: [t("token_once"), h("p", { class: "mono", id: "token", style: "overflow-wrap:anywhere;user-select:all" }, made.token),
    h("p", {}, h("button", { type: "button", class: "small", onclick: async ({ target }) => { if (await copy(made.token)) target.textContent = t("token_copied"); } }, t("copy")))] });
}
// What the page keeps. Its history is this machine's own: an export has it, and no import takes its place.
const drawState = () => h("section", { class: "section", id: "state" }, head(t("state"), h("button", { class: "small", onclick: exportState }, t("state_export")), takeFile("state-file", t("state_import"), 16 * 1024 ** 2, importState, { disabled: !may() })), h("p", { class: "quiet" }, t("state_why")));
async function exportState() {
  try { save(`${machine.session.hostname}-state.json`, JSON.stringify((await machine.ask("db_export")).data, null, 1)); } catch (error) { tell(error.msg, null, true); }
}
async function importState(text, name) {
  let given, here;
  try { given = JSON.parse(text); } catch { given = null; }
  if (Object.prototype.toString.call(given) !== "[object Object]" || !Object.values(given).every((rows) => Array.isArray(rows) && rows.every((row) => row instanceof Object))) { tell(t("state_no", name), null, true); return; }
  try { here = (await machine.ask("db_export")).data; } catch (error) { tell(error.msg, null, true); return; }
  for (const tables of [given, here]) delete tables.events;
  const bytes = new Blob([JSON.stringify(given)]).size, most = 1024 ** 2 - 1024; // of a message
  if (bytes > most) { tell(t("too_large", name, size(bytes), size(most)), null, true); return; }
  const count = (tables) => Object.values(tables).flat().length, overwrites = (other, row) => (other.id === row.id || (row.hostname && other.hostname === row.hostname)) && JSON.stringify(other) !== JSON.stringify(row);
  const lost = { merge: Object.entries(here).flatMap(([kind, rows]) => rows.filter((row) => given[kind]?.some((other) => overwrites(other, row)))).length, replace: count(here) };
  const says = h("p", { role: "status" }), draw = () => { says.textContent = lost[mode.value] ? t(`state_lost_${mode.value}`, lost[mode.value]) : t("state_lost_none"); };
  const mode = labelled(t("state_how"), h("select", { id: "mode", onchange: draw }, ["merge", "replace"].map((how) => h("option", { value: how }, t(`state_${how}`)))));
  draw();
  const has = Object.entries(given).filter(([, rows]) => rows.length).map(([kind, rows]) => h("li", {}, `${TEXTS[`state_${kind}`] ? t(`state_${kind}`) : kind}: ${rows.length}`));
  const wanted = await question({ title: t("state_title", name), yes: t("state_go"), danger: true, fields: [mode], text: [h("ul", {}, has), says, t("state_history")] });
  const none = wanted?.mode === "replace" ? Object.fromEntries(Object.keys(here).map((kind) => [kind, []])) : {}; // all that is here goes, also of what the file has nothing of
  const answer = wanted && await change("db_import", { data: { ...none, ...given }, ...wanted });
  if (answer) tell(t("state_taken", count(given)));
}
async function audit(it) {
  it.disabled = true;
  try {
    const { results } = await machine.ask("run_audit");
    $("#audit").replaceChildren(table(["", t("name"), t("outcome")], results.map((item) => h("tr", {}, h("td", {}, h("span", { class: `tag ${item.status === "ok" ? "good" : item.status === "warn" ? "bad" : ""}` }, item.status)), h("td", {}, item.name), h("td", {}, item.actual, item.advice ? h("div", { class: "quiet mono" }, item.advice) : null))), t("none")));
  } catch (error) { tell(error.msg, null, true); } finally { it.disabled = false; }
}
async function power(action) {
  if (await question({ title: t(action === "reboot" ? "restart" : "poweroff"), text: [t("restart_lost")], yes: t(action === "reboot" ? "restart" : "poweroff"), danger: true, type: machine.session.hostname })) await change(action, {});
}
async function invite() {
  const answer = await change("invite", {});
  if (answer) await question({ title: t("invite"), text: [t("invite_text"), h("p", { class: "big mono" }, answer.code), h("ul", {}, answer.addresses.map((address) => h("li", { class: "mono" }, address)))] });
}

// --- storage
VIEWS.storage = {
  where: () => true,
  async draw(main) {
    const live = machine.session.live, zfs = await machine.ask("zfs_list"), status = zfs.pools.length ? await machine.ask("zfs_status") : { pools: [] };
    if (!zfs.pools.length) { main.replaceChildren(h("h1", {}, t("storage")), h("p", { class: "empty card section" }, t("no_pool"))); return; }
    const [snapshots, environments] = await Promise.all([machine.ask("snapshot_list", { limit: 2000 }), live ? null : machine.ask("be_list").then((answer) => answer.environments, () => null)]);
    main.replaceChildren(h("h1", { class: "only-heard" }, t("storage")), ...status.pools.map((pool) => drawPool(pool, zfs.pools.find((item) => item.name === pool.name))),
      environments ? drawEnvironments(environments) : null, section(t("datasets"), [], drawDatasets(zfs.datasets)), drawSnapshots(snapshots, zfs.datasets, live));
  },
};
const vdev = (item) => {
  const group = item.children.length > 0, broken = item.read + item.write + item.checksum > 0;
  return h("div", { class: `vdev ${group ? "group" : item.state === "ONLINE" && !broken ? "ok" : "off"}` }, h("div", { class: "name" }, item.name.replace("/dev/", "")), item.state ? h("span", { class: `tag ${item.state === "ONLINE" ? "good" : "bad"}` }, item.state) : null,
    broken ? h("div", { class: "problem" }, t("errors", item.read, item.write, item.checksum)) : null, item.note ? h("div", { class: "quiet" }, item.note) : null, group ? h("div", { class: "vdevs" }, item.children.map(vdev)) : null);
};
function drawPool(pool, figures) {
  const scrubbing = /in progress/.test(pool.scan ?? ""), history = h("div");
  machine.ask("capacity_history", { pool: pool.name }).then(({ samples }) => {
    if (samples.length < 2) return;
    const first = samples[0].time, wide = samples.at(-1).time - first || 1, points = samples.map((sample) => `${(300 * (sample.time - first) / wide).toFixed(1)},${(40 - 40 * sample.allocated / sample.size).toFixed(1)}`).join(" ");
    history.replaceChildren(h("p", { class: "quiet" }, t("capacity")), svg(`<polyline points="${points}" vector-effect="non-scaling-stroke"/>`, { class: "spark", viewBox: "0 0 300 40", preserveAspectRatio: "none" }));
  }, () => {});
  return h("section", { class: "section" }, head(t("pool", pool.name), [h("span", { class: `tag ${pool.state === "ONLINE" ? "good" : "bad"}` }, pool.state), button(t(scrubbing ? "scrub_stop" : "scrub"), async (it) => { if (await change("scrub", { pool: pool.name, stop: scrubbing }, it)) show(); })]),
    h("div", { class: "card" }, figures ? [meter([figures.alloc], figures.size, t("of", size(figures.alloc), size(figures.size))), h("p", { class: "quiet" }, `${t("of", size(figures.alloc), size(figures.size))} · ${figures.cap} %`)] : null,
      h("div", { class: "vdevs part" }, pool.vdevs.map(vdev)), [pool.scan, pool.status, pool.action, pool.errors].filter(Boolean).map((text) => h("p", { class: "quiet", style: "margin-top:.5rem" }, text)), history));
}
function drawDatasets(datasets) {
  const roots = new Map(datasets.map((item) => [item.name, item.used]));
  return table([t("name"), `#${t("used")}`, `#${t("data")}`, `#${t("in_snapshots")}`, `#${t("available")}`, `#${t("ratio")}`, t("mounted")], datasets.map((item) => {
    const depth = item.name.split("/").length - 1, whole = roots.get(item.name.split("/")[0]);
    return h("tr", {}, h("td", { style: `padding-left:${0.9 + depth * 1.1}rem` }, h("span", { class: "mono", title: item.name }, depth ? item.name.split("/").at(-1) : item.name), item.encryption !== "off" && item.encryption !== "-" ? " 🔒" : "", meter([item.usedbydataset, item.usedbysnapshots], whole, t("of", size(item.used), size(whole)), 2)),
      h("td", { class: "number" }, size(item.used)), h("td", { class: "number" }, size(item.usedbydataset)), h("td", { class: "number" }, size(item.usedbysnapshots)), h("td", { class: "number" }, size(item.avail)), h("td", { class: "number" }, item.compressratio), h("td", { class: "mono" }, item.mounted === "yes" ? item.mountpoint : "–"));
  }), t("none"));
}
function drawEnvironments(environments) {
  const tried = environments.some((item) => item.trial && !item.running);
  return section(t("environments"), [button(`${t("create")} …`, async () => {
    const given = await question({ title: t("create_title"), yes: t("create"), fields: [field("name", t("name"))] });
    if (given?.name && await change("be_create", { name: given.name })) show();
  })], table([t("name"), `#${t("size")}`, t("created"), ""], environments.map((item) => h("tr", {}, h("td", {}, h("strong", { class: "mono" }, item.name), " ", item.running ? h("span", { class: "tag good" }, t("running")) : null, " ", item.active ? h("span", { class: "tag" }, t(tried ? "boots_after" : "boots_next")) : null, " ", item.trial ? h("span", { class: "tag warn" }, t(item.trial === "once" ? "boots_once" : "on_trial")) : null), h("td", { class: "number" }, size(item.space)), h("td", {}, when(Date.parse(item.created) / 1000)),
    h("td", {}, h("div", { class: "buttons" }, item.active ? null : [["activate", {}], ["once", { once: true }], ["trial", { trial: true }]].map(([word, how]) => button(t(word), async (it) => { if (await question({ title: t(`${word}_title`, item.name), text: [t(`${word}_note`)], yes: t(word) }) && await change("be_activate", { name: item.name, ...how }, it)) show(); })),
      item.running || item.active || item.trial ? null : button(t("rename"), async (it) => {
        const given = await question({ title: t("rename_title", item.name), text: [t("rename_note")], yes: t("rename"), fields: [field("new", t("rename_new"), { value: item.name, spellcheck: "false" })] });
        if (given && given.new !== item.name && await change("be_rename", { name: item.name, ...given }, it)) show();
      }), item.running || item.active ? null : button(t("destroy"), async (it) => { if (await question({ title: t("destroy_title", item.name), text: [t("destroy_lost")], yes: t("destroy"), danger: true, type: item.name }) && await change("be_destroy", { name: item.name }, it)) show(); }, "small danger"))))), t("none")));
}
function drawSnapshots({ snapshots, total }, datasets, live) {
  const body = h("div"), now = Date.now() / 1000;
  const wanted = h("input", { type: "search", "aria-label": t("filter"), placeholder: t("filter"), oninput: later(120, () => draw()) });
  const act = (action, item, more) => async (it) => { if (await change(action, { name: item.name, ...more }, it)) show(); };
  const draw = () => {
    const words = wanted.value.toLowerCase(), found = snapshots.filter((item) => `${item.name} ${item.reason ?? ""}`.toLowerCase().includes(words)), shown = found.slice(0, 200);
    body.replaceChildren(table([t("name"), `#${t("age")}`, `#${t("used")}`, t("by"), ""], shown.map((item) => h("tr", {}, h("td", {}, h("span", { class: "mono" }, item.name), item.holds ? [" ", h("span", { class: "tag warn" }, t("held"))] : null, item.reason ? h("div", { class: "quiet" }, item.reason) : null), h("td", { class: "number", title: when(item.creation) }, span(Math.max(0, now - item.creation))), h("td", { class: "number" }, size(item.used)), h("td", {}, item.taken_by ?? ""),
      h("td", {}, live ? null : h("div", { class: "buttons" }, h("button", { class: "small", onclick: () => showChanges(item) }, t("changes")), button(item.holds ? t("release") : t("hold"), act(item.holds ? "snapshot_release" : "snapshot_hold", item)), button(t("roll_back"), () => rollBack(item)), button(t("destroy"), async (it) => { if (await question({ title: t("destroy_title", item.name), text: [t("destroy_lost")], yes: t("destroy"), danger: true })) act("snapshot_destroy", item)(it); }, "small danger"))))), t("no_snapshots")),
      found.length > shown.length || total > snapshots.length ? h("p", { class: "quiet", style: "margin-top:.5rem" }, t("shown_of", shown.length, Math.max(found.length, total))) : "");
  };
  draw();
  return section(t("snapshots"), [wanted, live ? null : button(`${t("take")} …`, async () => {
    const of = labelled(t("take_of"), h("select", { id: "dataset" }, h("option", { value: "" }, t("take_all")), datasets.map((item) => h("option", {}, item.name))));
    const given = await question({ title: t("take_title"), yes: t("take"), fields: [of, field("reason", t("reason"))] });
    if (given && await change("snapshot_take", { ...(given.dataset ? { dataset: given.dataset } : {}), ...(given.reason ? { reason: given.reason } : {}) })) show();
  })], body);
}
async function rollBack(item) {
  try {
    const loss = await machine.ask("snapshot_loss", { name: item.name });
    const text = loss.running ? [t("rollback_running")] : [t("rollback_lost", size(loss.written)), loss.newer.length ? (loss.newer.length === 1 ? t("rollback_newer_one") : t("rollback_newer", loss.newer.length)) : null, loss.newer.length ? h("ul", {}, loss.newer.slice(0, 10).map((name) => h("li", { class: "mono" }, name))) : null].filter(Boolean);
    if (await question({ title: t("rollback_title", item.name), text, yes: t("roll_back"), danger: !loss.running, type: loss.running ? undefined : item.name.split("@")[0] }) && await change("snapshot_rollback", { name: item.name })) show();
  } catch (error) { tell(error.msg, null, true); show(); } // somebody else has taken it away
}
async function showChanges(item) {
  try {
    const { changes, total } = await machine.ask("snapshot_diff", { name: item.name });
    await question({ title: t("changed_files", item.name), wide: true, text: [changes.length ? h("div", { class: "log" }, changes.map((change_) => h("div", {}, `${{ added: "+", removed: "−", modified: "~", renamed: "→" }[change_.change] ?? "~"} ${change_.path}${change_.new_path ? ` → ${change_.new_path}` : ""}`))) : t("none"), t("shown_of", changes.length, total)] });
  } catch (error) { tell(error.msg, null, true); }
}

// --- updates
VIEWS.updates = {
  where: (live) => !live,
  async draw(main) {
    const found = h("div"), lines = h("div", { class: "log", hidden: true, role: "log", tabindex: "0" });
    const from = field("from", t("update_from"), { placeholder: t("update_network"), list: "media", spellcheck: "false" }), media = h("datalist", { id: "media" });
    const source = () => (from.value.trim() ? { from: from.value.trim() } : {});
    const run = button(t("update_run"), async () => {
      // A medium is taken as a whole.
      const fields = from.value.trim() ? [] : [tick("security", t("update_security")), tick("kernel", t("update_kernel"))];
      const given = await question({ title: t("update_title"), text: [t("update_note")], yes: t("update_run").replace(" …", ""), fields });
      if (given) await change("update_run", { ...given, ...source() });
    }, "main");
    const check = h("button", { onclick: async () => {
      check.disabled = true;
      try {
        const { updates } = await machine.ask("update_check", source());
        found.replaceChildren(updates.upgrades.length ? table([t("name"), t("before"), t("after"), ""], updates.upgrades.map((item) => h("tr", {}, h("td", { class: "mono" }, item.name), h("td", { class: "mono" }, item.before ?? ""), h("td", { class: "mono" }, item.after ?? "–"), h("td", {}, item.security ? h("span", { class: "tag warn" }, t("security")) : ""))), "") : h("p", { class: "empty card" }, t("update_none")), updates.held.length ? h("p", { class: "quiet", style: "margin-top:.6rem" }, t("held_back", updates.held.join(", "))) : "");
      } catch (error) { tell(error.msg, null, true); } finally { check.disabled = false; }
    } }, t("update_check"));
    const now = h("div", { role: "status" }), said = (text, bad = false) => h("p", { class: `note ${bad ? "bad" : ""}`, style: "margin-top:.8rem" }, text);
    // What waits for the next start, or how the last trial went: whoever began it, and also after a reload.
    const draw = async (ended, undone) => {
      const [last, item] = await Promise.all([machine.ask("status").then((answer) => answer.status.last_trial, () => null), machine.ask("be_list").then((answer) => answer.environments.find((one) => one.trial), () => null)]);
      now.replaceChildren(...[undone && said(undone), ended && said(ended.rc === 0 ? t("update_done") : t("update_failed", ended.rc), ended.rc !== 0), item && said(t(item.running ? "trial_runs" : item.trial === "once" ? "once_waits" : "trial_waits", item.name)), !item && !undone && last && said(last),
        item && !item.running && h("div", { class: "buttons", style: "margin-top:.8rem" }, button(`${t("restart")} …`, () => power("reboot"), ""))].filter(Boolean));
    };
    const undo = button(`${t("update_undo")} …`, async (it) => {
      if (!await question({ title: t("update_undo"), text: [t("update_undo_note")], yes: t("update_undo"), danger: true })) return;
      const answer = await change("update_undo", {}, it);
      if (answer) draw(null, answer.output.trim());
    }, "danger");
    main.replaceChildren(h("section", { class: "section" }, head(t("updates"), [check, run, undo]), h("p", { class: "quiet" }, t("updates_why")), h("div", { class: "fields" }, from.closest("div"), media), now, h("div", { class: "section" }, found), h("div", { class: "section" }, lines)));
    machine.ask("update_media").then((found) => media.replaceChildren(...found.media.map((item) => h("option", { value: item.path }, [item.label, item.model, item.size].filter(Boolean).join(" · ")))), () => {});
    await machine.subscribe("jobs");
    await draw();
    return follow("update", lines, { buttons: [check, run, undo], begun: () => now.replaceChildren(), ended: draw });
  },
};

// --- logs
VIEWS.logs = {
  where: () => true,
  async draw(main) {
    const { logs } = await machine.ask("log_list"), there = logs.filter((item) => item.there && item.key !== "syslog");
    const which = h("select", { id: "which" }, there.map((item) => h("option", { value: item.key }, TEXTS[`log_${item.key}`] ? t(`log_${item.key}`) : item.key)));
    const wanted = h("input", { type: "search", id: "wanted" }), unit = h("input", { type: "text", id: "unit", placeholder: "ssh.service" }), follows = h("input", { type: "checkbox", id: "follows", checked: true });
    const priority = h("select", { id: "priority" }, ["", "info", "notice", "warning", "err"].map((name) => h("option", { value: name }, t(`priority_${name || "debug"}`))));
    const lines = h("div", { class: "log", style: "height:clamp(20rem,62vh,60rem)", tabindex: "0", role: "log", "aria-live": "off", "aria-label": t("logs") });
    let text = [];
    const add = (line) => {
      const near = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
      text.push(line);
      lines.append(h("div", { class: /error|fail/i.test(line) ? "err" : "" }, line || " "));
      if (lines.childElementCount > 4000) { lines.firstElementChild.remove(); text.shift(); }
      if (near) lines.scrollTop = lines.scrollHeight;
    };
    let reading = 0;
    const read = async () => {
      const mine = ++reading, journal = which.value === "journal", more = { log: which.value, ...(wanted.value ? { filter: wanted.value } : {}), ...(journal && unit.value ? { unit: unit.value } : {}), ...(journal && priority.value ? { priority: priority.value } : {}) };
      unit.closest("div").hidden = priority.closest("div").hidden = !journal;
      try {
        await machine.ask("tail_stop"); // its answer comes behind the last line of what was followed until now
        if (mine !== reading) return;
        text = [];
        lines.replaceChildren();
        if (follows.checked) { await machine.ask("tail_log", more); return; }
        const answer = await machine.ask("read_log", more);
        answer.lines.forEach(add);
        if (!answer.lines.length) lines.replaceChildren(h("p", { class: "empty" }, t("nothing_there")));
        lines.scrollTop = lines.scrollHeight;
      } catch (error) { lines.replaceChildren(h("p", { class: "problem", role: "alert" }, error.msg)); }
    };
    which.onchange = priority.onchange = follows.onchange = read;
    wanted.oninput = unit.oninput = later(350, read);
    main.replaceChildren(h("h1", { class: "only-heard" }, t("logs")), h("div", { class: "fields", style: "margin-bottom:1rem;align-items:end" }, h("div", {}, h("label", { htmlFor: "which" }, t("which_log")), which), h("div", {}, h("label", { htmlFor: "wanted" }, t("filter")), wanted), h("div", {}, h("label", { htmlFor: "priority" }, t("priority")), priority), h("div", {}, h("label", { htmlFor: "unit" }, t("unit")), unit),
      h("div", { class: "buttons" }, h("label", { style: "font-weight:400;margin:0" }, follows, " ", t("follow_log")), h("button", { class: "small", onclick: () => save(`${which.value}.log`, `${text.join("\n")}\n`) }, t("download")))), lines);
    const stop = machine.on("log_line", (event) => { if (event.log === which.value) add(event.line); });
    await read();
    return () => { stop(); machine.ask("tail_stop").catch(() => {}); };
  },
};
