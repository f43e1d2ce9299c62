"use strict";
// Before anything is drawn: what was chosen here, else what the person prefers everywhere, else dark; and the language.
const kept = (name) => { try { return localStorage.getItem("kldload-" + name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem("kldload-" + name, value); } catch { /* a browser that keeps nothing */ } };
document.documentElement.dataset.theme = kept("theme") ?? (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark");
document.documentElement.lang = kept("language") ?? (navigator.language.startsWith("de") ? "de" : "en");
