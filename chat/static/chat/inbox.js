// The inbox comes alive: the socket says that something happened, the server draws what. Without a socket the page
// asks by itself now and then; without this script it is links, forms and a reload.
"use strict";

(() => {
  const inbox = document.getElementById("inbox");
  if (!inbox) return;
  const thread = inbox.dataset.thread;
  const past = "past" in inbox.dataset;
  const part = (name) => document.getElementById(`inbox-${name}`);
  const log = part("log"), compose = part("compose"), box = part("body"), list = part("canned"), hint = part("hint");
  const LIVE = ["tabs", "rows", "head", "people", "log"];
  const POLL = 15000, CALM = 60000, SOON = 150, OTHERS = 800, HIDDEN = 5000, SAID = 6000;  // milliseconds

  // -- Drawing: what has not changed stays where it is, so that focus, choice and screen readers are left alone

  const sources = new WeakMap();
  function remember(root) {
    for (const node of root.children) sources.set(node, node.outerHTML);
  }
  function localise(root) {
    const styles = {
      short: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
      long: { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
    };
    for (const time of root.querySelectorAll("time[data-local]")) {
      const at = new Date(time.dateTime);
      const today = at.toDateString() === new Date().toDateString();
      const style = today ? { hour: "2-digit", minute: "2-digit" } : styles[time.dataset.local];
      time.textContent = new Intl.DateTimeFormat(undefined, style).format(at);
    }
  }
  function plain(html) {  // the token of a form is another one each time
    return html.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
  }
  function merge(old, fresh) {
    const known = new Map([...old.children].filter((node) => node.id).map((node) => [node.id, node]));
    const focused = document.activeElement;
    const back = old.contains(focused) ? focused.closest("[id]") : null;
    let place = 0;
    for (const node of [...fresh.children]) {
      const html = node.outerHTML, same = known.get(node.id);
      const busy = same && same.matches("form") && same.contains(focused);
      const kept = same && (busy || plain(sources.get(same) || "") === plain(html)) ? same : node;
      if (old.children[place] !== kept) {
        if (same && kept !== same) same.replaceWith(kept);
        if (old.children[place] !== kept) old.insertBefore(kept, old.children[place] || null);
      }
      if (kept === node) { sources.set(node, html); localise(node); }
      place += 1;
    }
    while (old.children.length > place) old.lastElementChild.remove();
    if (back && !document.contains(focused) && back.id) {
      const again = document.getElementById(back.id);
      (again?.querySelector("a, button") || again)?.focus();
    }
  }

  // -- Refreshing: one request at a time, and one more when something happened meanwhile

  let asking = false, again = false, soon = 0, due = Infinity;
  function refresh(wait = SOON) {
    const at = Date.now() + wait;
    if (at >= due) return;
    clearTimeout(soon);
    due = at;
    soon = setTimeout(ask, wait);
  }
  async function ask() {
    due = Infinity;
    if (asking) { again = true; return; }
    asking = true;
    try {
      const answer = await fetch(inbox.dataset.here, { headers: { "X-Part": "live" } });
      if (answer.redirected || answer.status === 403) { location.reload(); return; }
      if (!answer.ok) throw new Error(`${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const low = log && log.scrollHeight - log.scrollTop - log.clientHeight < 80;
      for (const name of LIVE) {
        const fresh = page.getElementById(`inbox-${name}`), old = part(name);
        if (fresh && old) merge(old, fresh);
      }
      if (low) log.scrollTop = log.scrollHeight;
      look();
      count();
    } catch {
      say("The server does not answer; trying again.");
      refresh(5000);
    } finally {
      asking = false;
      if (again) { again = false; refresh(); }
    }
  }
  const title = document.title;
  function count() {
    const unread = [...part("rows").querySelectorAll(".inbox-unread")].reduce((sum, one) => sum + parseInt(one.textContent, 10), 0);
    document.title = unread ? `(${unread}) ${title}` : title;
  }
  function say(words) {
    const state = part("state");
    if (state.textContent !== words) state.textContent = words;
  }

  // -- Deeds

  async function post(data) {
    const answer = await fetch(inbox.dataset.here, { method: "POST", body: data, headers: { Accept: "application/json" } });
    if (answer.redirected) location.reload();
    const said = await answer.json().catch(() => ({ error: "That did not work. Please try again." }));
    if (!answer.ok) throw new Error(said.error || "That did not work. Please try again.");
    return said.said;
  }
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  function fields(values) {
    const data = new FormData();
    for (const [name, value] of Object.entries({ csrfmiddlewaretoken: token(), ...values })) data.append(name, value);
    return data;
  }
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-deed]");
    if (!form) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    if (event.submitter && "only" in event.submitter.dataset) data.set(event.submitter.name, event.submitter.value);
    event.submitter?.blur();
    try {
      tell(await post(data));
    } catch (problem) {
      tell(problem.message, true);
    }
    refresh(0);
  });
  const help = hint ? hint.innerHTML : "";
  let told = 0;
  function tell(words, failed = false) {
    if (!hint) return;
    clearTimeout(told);
    hint.textContent = words;
    hint.classList.toggle("inbox-failed", failed);
    if (!failed) told = setTimeout(() => { hint.innerHTML = help; }, SAID);
  }

  let seen = 0;
  function look() {
    if (!thread || past || document.hidden || !log) return;
    const last = Math.max(0, ...[...log.querySelectorAll("[data-seq]")].map((node) => Number(node.dataset.seq)));
    if (last <= seen) return;
    const first = seen === 0;  // the page itself counted these
    seen = last;
    if (!first) post(fields({ deed: "seen", seq: last })).catch(() => { seen = last - 1; });
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(0); });

  // -- The socket

  let socket = null, tries = 0;
  async function connect() {
    try {
      const answer = await fetch(inbox.dataset.ticket, { method: "POST", body: fields({}) });
      if (!answer.ok || answer.redirected) throw new Error("no ticket");
      const { ticket } = await answer.json();
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      socket = new WebSocket(`${scheme}://${location.host}/chat/ws?ticket=${encodeURIComponent(ticket)}`);
    } catch {
      lost();
      return;
    }
    socket.onmessage = (event) => heard(JSON.parse(event.data));
    socket.onclose = lost;
  }
  function lost() {
    socket = null;
    inbox.dataset.live = "false";
    say(`Not live: asking every ${POLL / 1000} seconds.`);
    tries += 1;
    setTimeout(connect, Math.min(30000, 500 * 2 ** tries) * (0.5 + Math.random() / 2));
  }
  function heard(frame) {
    if (frame.type === "READY") {
      tries = 0;
      inbox.dataset.live = "true";
      say("Live.");
      refresh(0);  // what happened before the socket was there
    } else if (frame.type === "TYPING") {
      if (frame.threadId === thread && frame.user !== inbox.dataset.me) typing(frame.typing, frame.user);
    } else if (["MESSAGE", "EDITED", "DELETED", "THREAD", "READ", "NOTE", "SEEN"].includes(frame.type)) {
      if (frame.type === "MESSAGE" && frame.threadId === thread && frame.senderId !== inbox.dataset.me) typing(false);
      refresh(document.hidden ? HIDDEN : frame.threadId === thread ? SOON : OTHERS);
    }
  }
  let silence = 0;
  function typing(on, user) {
    const line = part("typing"), who = document.querySelector(`#person-${CSS.escape(user || "nobody")} span`);
    clearTimeout(silence);
    if (line) line.textContent = on ? `${who ? who.textContent : "Somebody"} is writing…` : "";
    if (on) silence = setTimeout(typing, 6000, false);
  }
  let typed = 0;
  function sayTyping() {
    const answering = compose.elements.deed.value === "reply" && compose.dataset.joined === "true";
    if (!answering || socket?.readyState !== WebSocket.OPEN || Date.now() - typed < 4000) return;
    typed = Date.now();
    socket.send(JSON.stringify({ type: "TYPING", threadId: thread, typing: true }));
  }

  // -- Writing

  function setUpWriting() {
    const draft = `inbox-draft-${thread}`;
    const options = [...list.children];
    let chosen = -1;

    box.value = sessionStorage.getItem(draft) || box.value;
    box.addEventListener("input", () => {
      sessionStorage.setItem(draft, box.value);
      if (box.value) sayTyping();
      offer();
    });
    const word = () => /(^|\s)\/([\w-]*)$/.exec(box.value.slice(0, box.selectionStart));
    function offer() {
      const found = word();
      const wanted = found ? found[2].toLowerCase() : null;
      for (const option of options) {
        const text = `${option.dataset.shortcut} ${option.textContent}`.toLowerCase();
        option.hidden = wanted === null || !text.includes(wanted);
      }
      const shown = options.filter((option) => !option.hidden);
      list.hidden = shown.length === 0;
      box.setAttribute("aria-expanded", String(!list.hidden));
      choose(shown.findIndex((option) => option.dataset.shortcut === wanted) >= 0
        ? shown.findIndex((option) => option.dataset.shortcut === wanted) : 0);
    }
    function choose(number) {
      const shown = options.filter((option) => !option.hidden);
      for (const option of options) option.setAttribute("aria-selected", "false");
      chosen = list.hidden ? -1 : (number + shown.length) % shown.length;
      const now = shown[chosen];
      if (now) { now.setAttribute("aria-selected", "true"); now.scrollIntoView({ block: "nearest" }); }
      box.setAttribute("aria-activedescendant", now ? now.id : "");
    }
    function insert(option) {
      const found = word();
      const end = box.selectionStart, start = found ? found.index + found[1].length : end;
      box.setRangeText(option.dataset.body, start, end, "end");
      hide();
      box.focus();
      sessionStorage.setItem(draft, box.value);
    }
    function hide() {
      list.hidden = true;
      chosen = -1;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    }
    list.addEventListener("mousedown", (event) => {
      const option = event.target.closest("li");
      if (option) { event.preventDefault(); insert(option); }
    });
    box.addEventListener("blur", hide);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        compose.requestSubmit();
      } else if (!list.hidden) {
        const shown = options.filter((option) => !option.hidden);
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
          event.preventDefault();
          choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
        } else if (event.key === "Enter" || event.key === "Tab") {
          event.preventDefault();
          insert(shown[chosen]);
        } else if (event.key === "Escape") {
          event.preventDefault();
          hide();
        }
      } else if (event.key === "Escape") {
        box.blur();
      }
    });

    let sending = false;
    compose.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (sending) return;
      sending = true;
      const send = part("send");
      send.disabled = true;
      try {
        tell(await post(new FormData(compose)));
        if (compose.elements.deed.value === "reply") compose.dataset.joined = "true";
        compose.elements.client_id.value = crypto.randomUUID?.() || `${Date.now()}-${Math.random()}`;
        box.value = compose.elements.files.value = "";
        sessionStorage.removeItem(draft);
        log.scrollTop = log.scrollHeight;
        if (past) location.assign(inbox.dataset.here.replace(/&?before=\d+/, ""));
      } catch (problem) {
        tell(problem.message, true);
      } finally {
        sending = false;
        send.disabled = false;
      }
      refresh(0);
    });
    function mode() {
      const note = compose.elements.deed.value === "note";
      part("send").textContent = note ? "Add note" : "Send";
      part("attach").hidden = compose.elements.files.disabled = note;
    }
    compose.addEventListener("change", mode);
    mode();
  }

  // -- Keys: j k Enter in the list, r answers, n notes, / searches, Escape leaves a field

  function step(by) {
    const links = [...part("rows").querySelectorAll("li[id] > a")];
    const here = links.indexOf(document.activeElement);
    const start = here >= 0 ? here + by : Math.max(0, links.findIndex((link) => link.hasAttribute("aria-current")));
    links[Math.min(links.length - 1, Math.max(0, start))]?.focus();
  }
  function write(deed) {
    if (!compose) return;
    compose.querySelector(`[name=deed][value=${deed}]`).click();
    box.focus();
  }
  const KEYS = { j: () => step(1), k: () => step(-1), r: () => write("reply"), n: () => write("note"), "/": () => part("q").focus() };
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (field) {
      if (event.key === "Escape" && field !== box) field.blur();
    } else if (KEYS[event.key]) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  // -- Begin

  for (const name of LIVE) if (part(name)) remember(part(name));
  localise(inbox);
  if (compose) setUpWriting();
  if (log && !past) log.scrollTop = log.scrollHeight;
  part("rows").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  look();
  count();
  let calm = Date.now();
  setInterval(() => {  // the clocks run even when nobody writes
    if (document.hidden) return;
    if (inbox.dataset.live === "true" && Date.now() - calm < CALM) return;
    calm = Date.now();
    refresh(0);
  }, POLL);
  connect();
})();
