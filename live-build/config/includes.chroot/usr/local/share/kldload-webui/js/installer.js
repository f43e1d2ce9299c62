"use strict";
// The installer: questions on one page, the answers file beside them as it grows, and every check the installer's own.
const EXPORT_IMAGE = ["KLDLOAD_EXPORT_SIZE", "KLDLOAD_EXPORT_TO"];
const EXPORT_SCP = ["HOST", "USER", "PATH", "PASSWORD", "KEY", "HOSTKEY", "TRUST"].map((name) => `KLDLOAD_EXPORT_SCP_${name}`);
const STEPS = [
  ["system", ["KLDLOAD_DISTRO", "KLDLOAD_PROFILE"]], ["disks", ["KLDLOAD_DISK", "KLDLOAD_FORCE_WIPE", "KLDLOAD_ZFS_TOPOLOGY"]], ["security", ["KLDLOAD_ZFS_ENCRYPT", "KLDLOAD_ZFS_PASSPHRASE"]],
  ["person", ["KLDLOAD_HOSTNAME", "KLDLOAD_USERNAME", "KLDLOAD_PASSWORD", "KLDLOAD_SSH_KEYS"]], ["language", ["KLDLOAD_TIMEZONE", "KLDLOAD_KEYBOARD", "KLDLOAD_LOCALE"]],
  ["network", ["KLDLOAD_NET_METHOD", "KLDLOAD_NET_IFACE", "KLDLOAD_NET_IP", "KLDLOAD_NET_PREFIX", "KLDLOAD_NET_GW", "KLDLOAD_NET_DNS"]],
  ["features", ["KLDLOAD_WIREGUARD", "KLDLOAD_ENABLE_EBPF", "KLDLOAD_NVIDIA_DRIVERS", "KLDLOAD_ENABLE_AI", "KLDLOAD_ZFS_DEDUP", "KLDLOAD_WEBUI"]], ["export", ["KLDLOAD_EXPORT_FORMAT", "KLDLOAD_AFTER", ...EXPORT_IMAGE, ...EXPORT_SCP]], ["review", []],
];
// Those that people look for: where they are not on the medium, why not is said.
const KNOWN = [["debian", "Debian"], ["ubuntu", "Ubuntu"], ["centos", "CentOS Stream"], ["rocky", "Rocky Linux"], ["fedora", "Fedora"], ["rhel", "Red Hat Enterprise Linux"], ["arch", "Arch Linux"]];
const SAID = new Set(["KLDLOAD_DISTRO", "KLDLOAD_PROFILE", "KLDLOAD_HOSTNAME", "KLDLOAD_USERNAME"]); // said in the file also where they are the defaults
const ONLINE = new Set(["rhel", "arch"]);

// What core has none of, and is not asked for there.
const NOT_IN_CORE = ["KLDLOAD_WIREGUARD", "KLDLOAD_ENABLE_EBPF", "KLDLOAD_WEBUI"];

const form = {
  facts: null, stale: false, values: {}, again: {}, touched: new Set(), problems: [], version: 0, judged: null, dismissed: false,
  variable(name) { return this.facts.variables.find((item) => item.name === name); },
  get(name) { return this.values[name] ?? this.variable(name)?.default ?? ""; },
  set(name, value) {
    const usual = this.variable(name)?.default ?? "";
    if (value === usual || value === "") delete this.values[name]; else this.values[name] = value;
    this.touched.add(name);
    this.changed();
  },
  // The answers in the order of the table, without what has no say: that of a static network while DHCP is chosen.
  answers() {
    const given = {};
    for (const { name } of this.facts.variables) {
      if (this.values[name] !== undefined) given[name] = this.values[name];
      else if (SAID.has(name)) given[name] = this.get(name);
    }
    for (const name of Object.keys(this.values)) if (!this.variable(name)) given[name] = this.values[name]; // of a file: the installer says that there is none
    if (this.get("KLDLOAD_NET_METHOD") === "dhcp") for (const name of ["KLDLOAD_NET_IP", "KLDLOAD_NET_PREFIX", "KLDLOAD_NET_GW"]) delete given[name];
    if (this.get("KLDLOAD_PROFILE") === "core") for (const name of NOT_IN_CORE) delete given[name];
    if (this.get("KLDLOAD_ZFS_ENCRYPT") === "0") delete given.KLDLOAD_ZFS_PASSPHRASE;
    return given;
  },
  isSecret(name) { return this.variable(name)?.kind.startsWith("secret"); },
  text(secrets) {
    return Object.entries(this.answers()).map(([name, value]) => `${name}=${!secrets && this.isSecret(name) ? t("secret") : `'${value.replaceAll("'", "'\\''")}'`}\n`).join("");
  },
  // Problems of the page's own (a secret that was not the same twice) and those of the installer.
  all() {
    const own = Object.keys(this.again).filter((name) => this.values[name] !== undefined && this.answers()[name] !== undefined && this.again[name] !== this.values[name]).map((name) => ({ name, what: t("not_same") }));
    return [...own, ...this.problems];
  },
  // What was said of answers before says nothing of these.
  get checked() { return this.judged === this.version; },
  changed() { this.version += 1; this.remember(); drawAnswers(); drawProblems(); this.check(); },
  // Over a reload, in this tab alone, until somebody logs out; secrets are given again.
  remember() { try { sessionStorage.setItem("answers", JSON.stringify(Object.entries(this.values).filter(([name]) => !this.isSecret(name)))); } catch { /* a browser that keeps nothing */ } },
  recall() {
    if (Object.keys(this.values).length) return;
    try { this.values = Object.fromEntries(JSON.parse(sessionStorage.getItem("answers") ?? "[]").filter(([name, value]) => this.variable(name) && !this.isSecret(name) && typeof value === "string")); } catch { /* nothing that anybody could use */ }
    this.touched = new Set(Object.keys(this.values));
  },
  check: later(300, async () => {
    const { version } = form;
    let problems;
    try {
      ({ problems } = await machine.ask("check", { answers: form.answers() }));
    } catch (error) {
      if (error.code === "lost") return;
      problems = error.problems ?? [{ name: error.name ?? null, what: error.msg }];
    }
    if (version !== form.version) return; // they will be judged, too
    form.problems = problems;
    form.judged = version;
    drawAnswers();
    drawProblems();
  }),
};

VIEWS.install = {
  where: (live) => live, atOnce: true,
  async draw(main) {
    const state = await machine.ask("install_state");
    await machine.subscribe("install", "jobs");
    const hears = machine.on("install_state", (now) => { if (now.running && !$(".progress")) { $("dialog")?.dispatchEvent(new Event("cancel")); show(); } });
    if ((state.running || (state.known && state.rc !== null)) && !(form.dismissed && !state.running)) {
      const stop = await drawProgress(main, state);
      return () => { hears(); stop(); };
    }
    if (!main.firstElementChild) main.replaceChildren(h("p", { class: "quiet", role: "status" }, "…"));
    // What was so a moment ago is there at once; what is not so any more comes as an event.
    form.facts = (await machine.ask("describe", { kept: !form.stale })).installer;
    form.stale = false;
    form.recall();
    const changes = machine.on("installer", ({ installer }) => { form.facts = installer; choose(); inPlace(() => { for (const [name, draw] of Object.entries(PARTS)) if (name !== "person") redraw(name, draw); }); form.changed(); });
    choose();
    drawQuestions(main);
    form.changed();
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting) for (const link of document.querySelectorAll(".installer > nav a")) link.toggleAttribute("aria-current", link.hash === `#install/${entry.target.id}`);
    }, { rootMargin: "-15% 0px -75% 0px" });
    for (const step of document.querySelectorAll(".step")) seen.observe(step);
    return () => { hears(); changes(); seen.disconnect(); };
  },
};

// What there is one of alone is chosen; of disks the first that holds nothing.
function choose() {
  const { offers, disks } = form.facts, names = [...new Set(offers.map((offer) => offer.distribution))];
  if (names.length && !names.includes(form.get("KLDLOAD_DISTRO"))) form.values.KLDLOAD_DISTRO = names[0];
  const profiles = offers.filter((offer) => offer.distribution === form.get("KLDLOAD_DISTRO")).map((offer) => offer.profile);
  if (profiles.length && !profiles.includes(form.get("KLDLOAD_PROFILE"))) form.values.KLDLOAD_PROFILE = profiles.includes("server") ? "server" : profiles[0];
  if (form.values.KLDLOAD_DISK === undefined) {
    const best = disks.find((disk) => !disk.medium && !disk.problems.length && !disk.data.length);
    if (best) form.values.KLDLOAD_DISK = best.path;
  }
}

const PARTS = { system: () => drawSystem(), disks: () => drawDisks(), security: () => drawSecurity(), person: () => drawPerson(), language: () => drawLanguage(), network: () => drawNetwork(), features: () => drawFeatures(), export: () => drawExport(), review: () => drawReview() };
// Draws anew while somebody is about it: the keyboard stays in its field, and what is open is open.
function inPlace(draw) {
  const { id, name, value } = document.activeElement, open = [...document.querySelectorAll(".step details")].some((part) => part.open);
  draw();
  for (const part of document.querySelectorAll(".step details")) part.open = open;
  if (document.activeElement === document.body) (id ? document.getElementById(id) : name ? [...document.getElementsByName(name)].find((input) => input.value === value) : null)?.focus();
}
function drawQuestions(main) {
  main.replaceChildren(h("h1", { class: "only-heard" }, t("install")), h("div", { class: "installer" },
    h("nav", { "aria-label": t("steps") }, h("ol", { tabindex: "-1" }, STEPS.map(([name], index) => h("li", { "data-step": name }, h("a", { href: `#install/${name}`, onclick: (event) => { event.preventDefault(); const step = document.getElementById(name); step.scrollIntoView(); step.focus({ preventScroll: true }); } }, h("span", { class: "mark", "aria-hidden": "true" }, String(index + 1)), t(`step_${name}`)))))),
    h("div", {}, STEPS.map(([name]) => h("section", { class: "step", id: name, tabindex: "-1", "aria-labelledby": `${name}-title` }, h("header", {}, h("h2", { id: `${name}-title` }, t(`step_${name}`)), h("p", {}, t(`step_${name}_why`))), h("div", { class: "body" })))),
    h("aside", { class: "answers", "aria-label": t("answers") }, h("header", {}, h("h3", {}, t("answers")), h("span", { class: "tag", id: "state", role: "status" })), h("pre", { tabindex: "0", "aria-label": t("answers") }),
      h("footer", { class: "buttons" },
        h("button", { class: "small", onclick: async () => { if (await copy(form.text(true))) tell(t("copied")); } }, t("copy")),
        h("button", { class: "small", onclick: () => save("answers.env", form.text(true)) }, t("download")),
        takeFile("load", t("load"), 256 * 1024, loadAnswers)))));
  for (const [name] of STEPS) redraw(name, PARTS[name]);
}
const redraw = (name, draw) => { const body = $(`#${name} > .body`); body.replaceChildren(...[draw()].flat(9).filter(Boolean)); };

// --- fields
// choice(NAME, VALUE, title, why…): a radio button for a variable.
function choice(name, value, title, why, more = {}) {
  const input = h("input", { type: "radio", name, value, checked: form.get(name) === value, disabled: more.disabled, onchange: () => { form.set(name, value); more.then?.(); } });
  return h("label", { class: "choice" }, input, h("span", {}, h("strong", {}, title), more.tags, h("span", { class: "why" }, why)));
}
const choices = (label, ...items) => h("fieldset", {}, h("legend", { class: "label" }, label), h("div", { class: "choices", role: "radiogroup", "aria-label": label }, items));
const problemAt = (name) => h("p", { class: "problem", id: `${name}-problem`, hidden: true, role: "alert" });
function flag(name) {
  const variable = form.variable(name);
  if (!variable) return null;
  const refused = form.facts.refused.find((item) => item.name === name);
  const core = form.get("KLDLOAD_PROFILE") === "core" && NOT_IN_CORE.includes(name);
  const input = h("input", { type: "checkbox", id: name, checked: !core && form.get(name) === "1", disabled: Boolean(refused) || core, onchange: () => form.set(name, input.checked ? "1" : "0") });
  return h("label", { class: "choice" }, input, h("span", {}, h("strong", {}, answerName(name)), h("span", { class: "why" }, refused ? refused.why : variable.text.replace(/^1: /, ""))));
}
// entry(NAME): a line for a variable; with a list of what can be said where there is one.
function entry(name, more = {}) {
  const variable = form.variable(name), secret = form.isSecret(name);
  const list = more.list ? h("datalist", { id: `${name}-list` }, more.list.map((value) => h("option", { value }))) : null;
  const tag = more.lines ? "textarea" : "input";
  const input = h(tag, { type: secret ? "password" : "text", id: name, value: form.get(name).replaceAll(more.lines ? "; " : "\0", "\n"), list: list ? list.id : null, autocomplete: secret ? "new-password" : "off", spellcheck: "false", placeholder: more.placeholder, "aria-describedby": `${name}-hint ${name}-problem`,
    oninput: () => { form.set(name, more.lines ? input.value.split("\n").map((line) => line.trim()).filter(Boolean).join("; ") : input.value); more.then?.(input.value); } });
  return h("div", { class: more.wide ? "wide" : "" }, h("label", { htmlFor: name }, answerName(name)), input, list, h("p", { class: "hint", id: `${name}-hint` }, more.hint ?? variable.text), problemAt(name), more.below);
}
function twice(name, more = {}) {
  const strength = h("p", { class: "hint", role: "status" });
  const input = h("input", { type: "password", id: `${name}-again`, value: form.again[name] ?? form.values[name] ?? "", autocomplete: "new-password", oninput: () => { form.again[name] = input.value; form.changed(); } });
  const judge = (value) => {
    form.again[name] ??= "";
    const kinds = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length, bits = value.length * (2 + kinds);
    strength.textContent = value ? t(bits < 40 ? "weak" : bits < 64 ? "fair" : "strong") : "";
  };
  return h("div", { class: "wide fields" }, entry(name, { ...more, then: judge, below: strength }), h("div", {}, h("label", { htmlFor: `${name}-again` }, `${answerName(name)}: ${t("again").toLowerCase()}`), input));
}

// --- the steps
function drawSystem() {
  const { offers } = form.facts, there = [...new Set(offers.map((offer) => offer.distribution))];
  const titles = new Map([...KNOWN, ...there.filter((name) => !KNOWN.some(([known]) => known === name)).map((name) => [name, name])]);
  const again = () => { choose(); redraw("system", drawSystem); redraw("features", drawFeatures); form.changed(); };
  const distributions = there.map((name) => choice("KLDLOAD_DISTRO", name, `${titles.get(name)} ${offers.find((item) => item.distribution === name).release}`, t("on_medium"), { then: again }));
  const missing = [...titles].filter(([name]) => !there.includes(name));
  const why = (names, text) => (names.length ? h("p", { class: "quiet" }, names.map(([, title]) => [h("span", { class: "tag" }, title), " "]), text) : null);
  const profiles = offers.filter((offer) => offer.distribution === form.get("KLDLOAD_DISTRO")).map((offer) =>
    choice("KLDLOAD_PROFILE", offer.profile, offer.profile, TEXTS[`profile_${offer.profile}`] ? t(`profile_${offer.profile}`) : "", { then: again, tags: [" ", h("span", { class: "tag" }, t("packages", offer.packages)), offer.system ? [" ", h("span", { class: "tag good" }, t("unpacked"))] : null] }));
  return [choices(t("distribution"), distributions), problemAt("KLDLOAD_DISTRO"),
    h("div", { class: "missing" }, why(missing.filter(([name]) => !ONLINE.has(name)), t("not_on_medium")), why(missing.filter(([name]) => ONLINE.has(name)), t("needs_network"))), h("div", { class: "part" }, choices(t("profile"), profiles)), problemAt("KLDLOAD_PROFILE")];
}

const chosenDisks = () => form.get("KLDLOAD_DISK").split(/[ ,]+/).filter(Boolean);
function drawDisks() {
  const chosen = chosenDisks(), { disks } = form.facts;
  const best = disks.find((disk) => !disk.medium && !disk.problems.length && !disk.data.length);
  const pick = (path, is) => {
    const now = disks.map((disk) => disk.path).filter((other) => (other === path ? is : chosenDisks().includes(other)));
    form.set("KLDLOAD_DISK", now.join(" "));
    if (now.length < 2) form.set("KLDLOAD_ZFS_TOPOLOGY", "single");
    else if (form.get("KLDLOAD_ZFS_TOPOLOGY") === "single" || (now.length < 3 && form.get("KLDLOAD_ZFS_TOPOLOGY") === "raidz")) form.set("KLDLOAD_ZFS_TOPOLOGY", "mirror");
    redraw("disks", drawDisks);
    document.getElementById(`disk-${path}`)?.focus();
  };
  const rows = disks.map((disk) => {
    const bad = disk.medium || disk.problems.length;
    const kind = disk.transport === "nvme" ? "NVMe" : disk.transport === "usb" ? "USB" : disk.path.startsWith("/dev/vd") ? "virtual" : disk.rotational ? "HDD" : "SSD";
    const plain = (text) => text.replace(`${disk.path}: `, "").replace(/; KLDLOAD_FORCE_WIPE=1.*/, "");
    const words = [disk.size, kind, disk.model, disk.serial].filter(Boolean).join(" · ");
    return h("div", {}, h("label", { class: "choice" },
      h("input", { type: "checkbox", id: `disk-${disk.path}`, checked: chosen.includes(disk.path), disabled: Boolean(bad), onchange: (event) => pick(disk.path, event.target.checked) }),
      h("span", {}, h("strong", { class: "mono" }, disk.path.replace("/dev/", "")), " ",
        disk.medium ? h("span", { class: "tag warn" }, t("the_medium")) : disk.problems.length ? h("span", { class: "tag bad" }, t("unfit")) : disk.data.length ? h("span", { class: "tag warn" }, t("holds_data")) : h("span", { class: "tag good" }, disk === best ? t("recommended") : t("empty_disk")),
        h("span", { class: "why" }, words), [...disk.problems, ...disk.data].map((text) => h("span", { class: "why" }, plain(text))))),
    !disk.medium && disk.data.length ? h("button", { class: "plain small", onclick: () => wipe(disk) }, `${t("wipe")} ${disk.path.replace("/dev/", "")} …`) : null);
  });
  return [rows.length ? h("div", { class: "choices", role: "group", "aria-label": t("step_disks") }, rows) : h("p", { class: "note warn" }, t("no_disks")), problemAt("KLDLOAD_DISK"), h("div", { class: "buttons", style: "margin-top:.6rem" }, h("button", { class: "small", onclick: () => { form.stale = true; show(); } }, t("look_again"))),
    chosen.length > 1 ? h("div", { class: "part" }, drawTopology(chosen)) : null, problemAt("KLDLOAD_ZFS_TOPOLOGY")];
}
function drawTopology(chosen) {
  const bytes = chosen.map((path) => form.facts.disks.find((disk) => disk.path === path)?.bytes ?? 0), least = Math.min(...bytes), sum = bytes.reduce((one, other) => one + other, 0);
  const few = chosen.length < 3;
  return choices(t("topology", chosen.length), choice("KLDLOAD_ZFS_TOPOLOGY", "mirror", t("topology_mirror"), t("topology_mirror_why", size(least))),
    choice("KLDLOAD_ZFS_TOPOLOGY", "raidz", t("topology_raidz"), few ? t("needs_three") : t("topology_raidz_why", size(least * (chosen.length - 1))), { disabled: few }),
    choice("KLDLOAD_ZFS_TOPOLOGY", "stripe", t("topology_stripe"), t("topology_stripe_why", size(sum))));
}
async function wipe(disk) {
  const name = disk.path.replace("/dev/", "");
  if (!await question({ title: t("wipe_title", name), text: [`${disk.size} ${disk.model}`, t("wipe_lost")], yes: t("wipe"), danger: true, type: name })) return;
  if (await change("wipe_disk", { disk: disk.path })) await show();
}

const drawSecurity = () => [choices(t("step_security"), choice("KLDLOAD_ZFS_ENCRYPT", "0", t("off"), t("encrypt_off_why"), { then: () => redraw("security", drawSecurity) }),
  choice("KLDLOAD_ZFS_ENCRYPT", "1", t("encrypt_on"), t("encrypt_on_why"), { then: () => { redraw("security", drawSecurity); $("#KLDLOAD_ZFS_PASSPHRASE").focus(); } })),
  form.get("KLDLOAD_ZFS_ENCRYPT") === "1" ? h("div", { class: "fields part" }, twice("KLDLOAD_ZFS_PASSPHRASE")) : null];
const drawPerson = () => h("div", { class: "fields" }, h("div", { class: "wide fields" }, entry("KLDLOAD_HOSTNAME"), entry("KLDLOAD_USERNAME")), twice("KLDLOAD_PASSWORD"), entry("KLDLOAD_SSH_KEYS", { lines: true, wide: true, placeholder: "ssh-ed25519 AAAA…" }));
const drawLanguage = () => h("div", { class: "fields" }, entry("KLDLOAD_TIMEZONE", { list: form.facts.zones }), entry("KLDLOAD_KEYBOARD", { list: form.facts.keymaps }), entry("KLDLOAD_LOCALE", { list: form.facts.locales }));
const drawNetwork = () => [choices(t("step_network"), ["dhcp", "static"].map((way) => choice("KLDLOAD_NET_METHOD", way, t(`net_${way}`), t(`net_${way}_why`), { then: () => { if (way === "static" && !form.get("KLDLOAD_NET_IFACE") && form.facts.interfaces.length) form.set("KLDLOAD_NET_IFACE", form.facts.interfaces[0]); redraw("network", drawNetwork); } }))),
  form.get("KLDLOAD_NET_METHOD") === "static" ? h("div", { class: "fields part" }, entry("KLDLOAD_NET_IFACE", { list: form.facts.interfaces }), entry("KLDLOAD_NET_IP", { placeholder: "192.0.2.7" }), entry("KLDLOAD_NET_PREFIX", { placeholder: "24" }), entry("KLDLOAD_NET_GW", { placeholder: "192.0.2.1" }), entry("KLDLOAD_NET_DNS", { placeholder: "1.1.1.1,8.8.8.8" })) : null];
function drawFeatures() {
  const flags = ["KLDLOAD_WIREGUARD", "KLDLOAD_ENABLE_EBPF", "KLDLOAD_ZFS_DEDUP", "KLDLOAD_NVIDIA_DRIVERS", "KLDLOAD_ENABLE_AI"].map(flag);
  return [h("div", { class: "choices", role: "group", "aria-label": t("step_features") }, flags), form.variable("KLDLOAD_WEBUI") && form.get("KLDLOAD_PROFILE") !== "core" ? h("div", { class: "fields part" }, select("KLDLOAD_WEBUI")) : null];
}
function select(name, then) {
  const variable = form.variable(name), refused = form.facts.refused.find((item) => item.name === name);
  if (!variable) return null;
  const input = h("select", { id: name, disabled: Boolean(refused), "aria-describedby": `${name}-hint ${name}-problem`, onchange: () => { form.set(name, input.value); then?.(); } }, variable.kind.replace("word:", "").split(",").map((value) => h("option", { value, selected: form.get(name) === value }, value)));
  return h("div", {}, h("label", { htmlFor: name }, answerName(name)), input, h("p", { class: "hint", id: `${name}-hint` }, refused ? refused.why : variable.text), problemAt(name));
}
// A field for each of these variables that this installer has, by its kind.
const fieldsOf = (names) => names.map((name) => form.variable(name)).filter(Boolean).map(({ name, kind }) => (kind.startsWith("word:") ? select(name) : kind === "flag" ? flag(name) : entry(name)));
function drawExport() {
  const ofImage = [...EXPORT_IMAGE, ...EXPORT_SCP], wanted = () => form.get("KLDLOAD_EXPORT_FORMAT") !== "none";
  // Of an image that is not made a file may say something all the same, and the installer judges that, too.
  const image = wanted() || ofImage.some((name) => form.values[name] !== undefined) ? [...EXPORT_IMAGE, "KLDLOAD_SEAL_PASSWORDS"] : [];
  const shown = new Set([...STEPS.flatMap(([, names]) => names), ...image]);
  const rest = form.facts.variables.map(({ name }) => name).filter((name) => !shown.has(name) && !name.startsWith("KLDLOAD_RHEL"));
  const part = (title, names) => h("section", { class: "part" }, h("h3", {}, title), h("div", { class: "fields" }, fieldsOf(names)));
  const chosen = () => {
    if (!wanted()) for (const name of ofImage) delete form.values[name];
    redraw("export", drawExport);
    $("#KLDLOAD_EXPORT_FORMAT").focus();
    form.changed();
  };
  return [h("div", { class: "fields" }, select("KLDLOAD_EXPORT_FORMAT", chosen), select("KLDLOAD_AFTER")),
    image.length ? [part(t("export_image"), image), part(t("export_scp"), EXPORT_SCP)] : null,
    h("details", { class: "part" }, h("summary", {}, t("further")), h("div", { class: "fields part" }, fieldsOf(rest)))];
}
const drawReview = () => [form.facts.uefi ? null : h("p", { class: "note bad" }, t("bios")), form.facts.lacks_memory ? h("p", { class: "note bad" }, form.facts.lacks_memory) : null,
  h("ul", { id: "problems", "aria-live": "polite" }), h("div", { class: "buttons part" }, h("button", { class: "main", id: "go", disabled: true, onclick: confirmInstall }, t("install_now", form.get("KLDLOAD_DISTRO"), form.get("KLDLOAD_PROFILE"))))];

// --- what changes with every answer
let shownNames = new Set();
function drawAnswers() {
  const pre = $(".answers pre");
  if (!pre) return;
  const given = form.answers(), wrong = new Set(form.all().map((problem) => problem.name));
  pre.replaceChildren(h("span", { class: "key" }, t("only_changed")), ...Object.entries(given).flatMap(([name, value]) => ["\n", h("span", { class: wrong.has(name) && form.touched.has(name) ? "wrong" : !shownNames.has(name) ? "new" : "" }, h("span", { class: "key" }, `${name}=`), form.isSecret(name) ? t("secret") : `'${value.replaceAll("'", "'\\''")}'`)]));
  shownNames = new Set(Object.keys(given));
  const count = form.all().length, state = $("#state");
  state.className = `tag ${form.checked ? (count ? "warn" : "good") : ""}`;
  state.textContent = !form.checked ? "…" : count === 0 ? t("complete") : count === 1 ? t("open_one") : t("open_many", count);
}
function drawProblems() {
  const list = $("#problems");
  if (!list) return;
  const problems = form.all(), stepOf = (name) => STEPS.find(([, names]) => names.includes(name))?.[0];
  for (const place of document.querySelectorAll(".step .problem[id]")) {
    const name = place.id.replace("-problem", ""), found = problems.find((problem) => problem.name === name);
    // What nobody has answered yet is no mistake of his: it stands in the last step alone.
    const visible = Boolean(found) && form.touched.has(name);
    place.hidden = !visible;
    if (place.textContent !== (visible ? found.what : "")) place.textContent = visible ? found.what : "";
    const input = document.getElementById(name);
    if (input) input.setAttribute("aria-invalid", visible);
  }
  for (const item of document.querySelectorAll("[data-step]")) {
    const names = STEPS.find(([name]) => name === item.dataset.step)[1], wrong = problems.some((problem) => names.includes(problem.name)), touched = names.some((name) => form.touched.has(name) || form.values[name] !== undefined);
    item.className = wrong && touched ? "wrong" : !wrong && touched && form.judged !== null ? "done" : "";
    $(".mark", item).textContent = item.className === "done" ? "✓" : item.className === "wrong" ? "!" : String(STEPS.findIndex(([name]) => name === item.dataset.step) + 1);
  }
  list.replaceChildren(...(form.checked && !problems.length ? [h("li", { class: "note" }, t("all_good"))] : problems.map((problem) => h("li", { class: "problem" }, h("span", {}, stepOf(problem.name) ? [h("a", { href: `#install/${stepOf(problem.name)}`, onclick: (event) => { event.preventDefault(); (document.getElementById(problem.name) ?? document.getElementById(stepOf(problem.name))).focus(); } }, t(`step_${stepOf(problem.name)}`)), ": "] : null, problem.what)))));
  const go = $("#go");
  go.disabled = !form.checked || problems.length > 0 || !form.facts.uefi || Boolean(form.facts.lacks_memory) || !machine.session.rights.includes("change");
  go.textContent = t("install_now", form.get("KLDLOAD_DISTRO"), form.get("KLDLOAD_PROFILE"));
}
function loadAnswers(text, name) {
  const lines = text.split(/\r?\n/), read = {};
  for (const [index, line] of lines.entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const parts = line.match(/^\s*(?:export\s+)?([A-Za-z_]\w*)=((?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])*)\s*(?:#.*)?$/);
    if (!parts) { tell(t("not_answers", name, index + 1), null, true); return; }
    read[parts[1]] = parts[2].replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^'"\\]+)/g, (_, single, double, escaped, plain) => single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain);
  }
  const count = Object.keys(read).length;
  form.values = read;
  form.again = {};
  form.touched = new Set(Object.keys(read));
  choose();
  drawQuestions($("main > div"));
  form.changed();
  tell(count === 1 ? t("loaded_one", name) : t("loaded", count, name));
}
async function confirmInstall() {
  const disks = chosenDisks().map((path) => form.facts.disks.find((disk) => disk.path === path) ?? { path, size: "", model: "", data: [] });
  const names = disks.map((disk) => disk.path.replace("/dev/", "")).join(" ");
  const yes = await question({ title: t("confirm_title"), danger: true, yes: t("confirm_yes"), type: names || "install", text: [t("confirm_lost"), h("ul", {}, disks.map((disk) => h("li", {}, h("strong", { class: "mono" }, disk.path), ` ${disk.size} ${disk.model}`, disk.data.map((text) => h("div", { class: "quiet" }, text.replace(`${disk.path}: `, "").replace(/; KLDLOAD_FORCE_WIPE=1.*/, ""))))))] });
  if (!yes) return;
  // Who typed the names has said so of what is on them.
  const answers = form.answers();
  if (disks.length) answers.KLDLOAD_FORCE_WIPE = "1";
  form.dismissed = false;
  if (await change("install", { answers })) await show();
}

// --- the installation
async function drawProgress(main, first) {
  const whole = h("div", { class: "progress" });
  const title = h("h1"), note = h("p", { class: "quiet" }), percent = h("div", { class: "big" }), left = h("p", { class: "quiet", role: "status" });
  const fill = h("div"), bar = h("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": t("installing") }, fill);
  const steps = h("ol", { class: "steps-list" }), end = h("div"), lines = h("div", { class: "log", tabindex: "0", role: "log", "aria-live": "off", "aria-label": t("log") });
  const text = [];
  let last = 0;
  const add = (line, number) => {
    if (number <= last) return;
    last = number;
    text.push(line);
    const near = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
    lines.append(h("div", { class: /^\[ *\d+ s\] (step|INSTALLED)/.test(line) ? "step-line" : /INSTALL FAILED/.test(line) ? "err" : "" }, line || " "));
    if (lines.childElementCount > 5000) lines.firstElementChild.remove();
    if (near) lines.scrollTop = lines.scrollHeight;
  };
  const draw = (state) => {
    const done = state.rc === 0, broken = state.rc !== null && !done;
    whole.classList.toggle("failed", broken);
    title.textContent = t(done ? "installed" : broken ? "failed" : "installing");
    note.textContent = done ? state.summary : broken ? state.reason : t("do_not");
    note.className = broken ? "note bad" : "quiet";
    percent.textContent = broken ? "✕" : `${state.percent} %`;
    bar.setAttribute("aria-valuenow", state.percent);
    fill.style.width = `${Math.max(2, state.percent)}%`;
    fill.classList.toggle("moving", state.running);
    const current = state.steps.at(-1);
    left.textContent = state.rc !== null ? "" : current ? `${t("step_of", current.number, state.total)}: ${current.description}${state.seconds_left ? ` · ${t("left", span(state.seconds_left))}` : ""}` : t("starting");
    steps.replaceChildren(...state.steps.map((step) => h("li", { class: step.state }, h("span", {}, step.description), h("span", { class: "quiet" }, step.seconds !== undefined ? span(step.seconds) : ""))));
    end.replaceChildren();
    if (done) end.append(h("p", {}, t("installed_next")), h("div", { class: "buttons part" }, h("button", { class: "main", onclick: (event) => change("reboot", {}, event.target) }, t("restart")), h("button", { onclick: (event) => change("poweroff", {}, event.target) }, t("poweroff"))));
    if (broken) end.append(h("p", {}, t("failed_disks")));
    if (state.rc !== null) end.append(h("div", { class: "buttons part" }, h("button", { onclick: () => { form.dismissed = true; show(); } }, t("back")), h("button", { onclick: () => save("kldload-installer.log", `${text.join("\n")}\n`) }, `${t("log")}: ${t("download").toLowerCase()}`)));
  };
  whole.append(title, note, h("div", { style: "display:flex;gap:1.4rem;align-items:end;flex-wrap:wrap" }, percent, left), bar, end, steps, h("h2", {}, t("log")), lines);
  main.replaceChildren(whole);
  const waiting = [];
  let caughtUp = false;
  const stops = [machine.on("install_state", (state) => { if (state.rc !== null || state.steps.length || state.running) draw(state); }), machine.on("install_log", (event) => (caughtUp ? add(event.line.replace(/\n$/, ""), event.number) : waiting.push(event)))];
  draw(first);
  // What the log had before anybody looked, then what came meanwhile.
  for (let from = 0; ;) {
    const part = await machine.ask("install_log", { from });
    part.lines.forEach((line, index) => add(line, part.from + index + 1));
    from = part.from + part.lines.length;
    if (from >= part.total || !part.lines.length) break;
  }
  caughtUp = true;
  for (const event of waiting) add(event.line.replace(/\n$/, ""), event.number);
  draw(await machine.ask("install_state"));
  return () => stops.forEach((stop) => stop());
}
