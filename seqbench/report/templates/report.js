"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const data = JSON.parse(document.getElementById("data").textContent);

  // One legend for every chart: a method is shown if its own button and those of all its levels are pressed.
  const buttons = all("[data-method]");
  const levels = all("[data-level]");
  const marks = new Map(buttons.map((button) => [button.dataset.method, all(`[data-m="${button.dataset.method}"]`)]));
  const pressed = (button) => button.getAttribute("aria-pressed") === "true";
  const press = (button, on) => button.setAttribute("aria-pressed", String(on));

  function show() {
    for (const button of buttons) {
      for (const mark of marks.get(button.dataset.method)) mark.classList.toggle("off", !pressed(button));
    }
  }
  function showLevels() {
    const off = new Set(levels.filter((level) => !pressed(level)).map((level) => level.dataset.level));
    for (const button of buttons) press(button, !(button.dataset.levels || "").split(" ").some((level) => off.has(level)));
    show();
  }
  for (const button of buttons) {
    button.addEventListener("click", () => { press(button, !pressed(button)); show(); });
    button.addEventListener("pointerenter", () => light(button.dataset.method));
    button.addEventListener("pointerleave", () => light(null));
    button.addEventListener("focus", () => { if (button.matches(":focus-visible")) light(button.dataset.method); });
    button.addEventListener("blur", () => light(null));
  }
  for (const level of levels) level.addEventListener("click", () => { press(level, !pressed(level)); showLevels(); });
  for (const button of all("[data-all]")) {
    button.addEventListener("click", () => {
      for (const other of [...buttons, ...levels]) press(other, button.dataset.all === "true");
      show();
    });
  }

  // Content wider than its container shows that it scrolls.
  const measure = (box) => box.toggleAttribute("data-more", box.scrollWidth > box.clientWidth + 1);
  const sizes = new ResizeObserver((changes) => {
    for (const box of new Set(changes.map((change) => change.target.closest(".scroll")))) measure(box);
  });
  for (const box of all(".scroll")) {
    measure(box);  // before the page is first painted, so that nothing moves afterwards
    for (const each of [box, ...box.children]) sizes.observe(each);
  }

  // The method under the pointer is highlighted in every chart.
  let lit = null;
  function light(method) {
    if (method === lit) return;
    for (const mark of marks.get(lit) || []) mark.classList.remove("lit");
    lit = method;
    for (const mark of marks.get(lit) || []) mark.classList.add("lit");
    document.body.classList.toggle("dimming", lit !== null);
  }

  const tip = document.getElementById("tip");
  document.addEventListener("pointermove", (event) => {
    const point = event.target.closest ? event.target.closest("[data-tip]") : null;
    const mark = event.target.closest ? event.target.closest(".drawing [data-m]") : null;
    if (mark || !event.target.closest("[data-method]")) light(mark ? mark.dataset.m : null);
    tip.hidden = !point;
    if (!point) return;
    tip.textContent = point.dataset.tip;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - width - 8))}px`;
    tip.style.top = `${event.clientY > height + 20 ? event.clientY - height - 12 : event.clientY + 16}px`;
  });
  addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });
  document.addEventListener("click", (event) => {
    const point = event.target.closest("[data-trial], [data-rows]");
    if (point) location.hash = point.dataset.rows || `trials?trial=${point.dataset.trial}`;
  });

  // The trials: chosen by the address, so that every number can link to those behind it.
  const table = document.getElementById("rows");
  const more = document.getElementById("more");
  const form = document.getElementById("filter");
  const names = { task: data.tasks, method: data.methods };
  const text = (column, value) => value === null ? "–" : names[column] ? names[column][value] : brief(value);
  const brief = (value) => typeof value === "number" ? String(Number(value.toPrecision(4))) : value;
  const place = Object.fromEntries(data.columns.map((column, index) => [column, index]));
  const filters = ["task", "method", "length", "outcome", "purpose"];
  const choices = new Map();
  const numeric = new Set(data.columns.filter((column, index) =>
    !names[column] && data.rows.some((row) => typeof row[index] === "number")));

  function node(tag, content, parent) {
    const made = document.createElement(tag);
    if (content !== null) made.textContent = content;
    if (parent) parent.append(made);
    return made;
  }
  for (const column of filters) {
    const label = node("label", column, form);
    const choice = node("select", null, label);
    choice.name = column;
    choices.set(column, choice);
    node("option", "any", choice).value = "";
    const values = [...new Set(data.rows.map((row) => row[place[column]]))].filter((value) => value !== null);
    if (column !== "outcome" && column !== "purpose") values.sort((a, b) => a - b);
    for (const value of values) node("option", text(column, value), choice).value = String(value);
    if (data.rows.some((row) => row[place[column]] === null)) node("option", "missing", choice).value = "null";
    choice.addEventListener("change", () => {
      const wanted = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
      history.replaceState(null, "", `#trials?${wanted}`);
      list();
    });
  }
  form.hidden = false;
  document.getElementById("static").hidden = true;

  function list(limit = 50) {
    const query = location.hash.startsWith("#trials?") ? location.hash.slice(8) : "";
    // A column that is named several times means any of its values.
    const wanted = new Map();
    for (const [column, value] of new URLSearchParams(query)) {
      if (column in place) wanted.set(column, [...(wanted.get(column) || []), value]);
    }
    for (const column of filters) {
      const values = wanted.get(column) || [];
      choices.get(column).value = values.length === 1 ? values[0] : "";
    }
    const is = (entry, value) => String(entry) === value || (typeof entry === "number" && entry === Number(value));
    const rows = data.rows.filter((row) =>
      [...wanted].every(([column, values]) => values.some((value) => is(row[place[column]], value))));
    table.replaceChildren();
    const head = node("tr", null, node("thead", null, table));
    for (const column of data.columns) {
      const words = column === "trial" ? "trial, and the command that trains it again" : column.replaceAll("_", " ");
      const name = node("th", words, head);
      name.scope = "col";
      if (numeric.has(column)) name.className = "number";
    }
    const body = node("tbody", null, table);
    for (const row of rows.slice(0, limit)) {
      const line = node("tr", null, body);
      row.forEach((value, index) => {
        const column = data.columns[index];
        if (column === "trial") node("code", `${data.command} ${value}`, node("td", null, line));
        else node("td", text(column, value), line).className = numeric.has(column) ? "number" : "";
      });
    }
    const conditions = [...wanted].map(([column, values]) => {
      const words = values.map((value) => value === "null" ? "missing" : names[column] ? names[column][value] : value);
      return `${column.replaceAll("_", " ")} ${words.join(" or ")}`;
    });
    const count = rows.length > limit ? `${limit} of ${rows.length}` : `${rows.length}`;
    more.replaceChildren(`${count} trial${rows.length === 1 ? "" : "s"}${conditions.length ? ` with ${conditions.join(", ")}` : ""}. `);
    if (conditions.length) {
      node("a", "All trials", more).href = "#trials?";
      more.append(" ");
    }
    if (rows.length > limit) {
      const button = node("button", "Show more", more);
      button.type = "button";
      button.addEventListener("click", () => list(limit * 4));
    }
    return location.hash.startsWith("#trials?");
  }

  // Addresses: every row of a table has a link to itself, and what is folded opens when an address leads into it.
  for (const row of all("tr[id]")) {
    const link = node("a", null, row.cells[0]);
    link.className = "anchor";
    link.href = `#${row.id}`;
    link.setAttribute("aria-label", `Link to this row: ${row.cells[0].textContent}`);
  }
  function follow() {
    const target = list() ? document.getElementById("trials") : document.getElementById(location.hash.slice(1));
    for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    if (target) target.scrollIntoView();
  }
  addEventListener("hashchange", follow);
  follow();

  // The rows of a table that are shown, as text: spelled and laid out as in the files beside the page.
  const spell = (signs, text) => [...text].map((sign) => signs[sign] ?? sign).join("");
  const layouts = {
    LaTeX: (sides, [head, ...rows], longest) => {
      const { begin, end, long, longer, share } = data.latex;
      const line = (row) => `${row.join(" & ")} \\\\`;
      const broken = (share / longest.filter((length) => length > longer).length).toFixed(2);
      const columns = sides.map((side, at) => longest[at] > longer ? long.replace("SHARE", broken) : side[0]).join("");
      return [begin.replace("COLUMNS", () => columns), line(head), "\\midrule", ...rows.map(line), end, ""];
    },
    Markdown: (sides, [head, ...rows]) => {
      const rule = sides.map((side) => side === "right" ? "---:" : "---");
      return [head, rule, ...rows].map((row) => `| ${row.join(" | ")} |`);
    },
  };
  function written(table, format) {
    const shown = [...table.rows].filter((row) => !row.classList.contains("off"));
    const lines = shown.map((row) => [...row.cells].map((cell) => cell.textContent.replaceAll("\u00a0%", " %")));
    const sides = [...table.rows[0].cells].map((cell) => cell.classList.contains("number") ? "right" : "left");
    const longest = sides.map((_, at) => Math.max(0, ...lines.slice(1).map((line) => [...line[at]].length)));
    return layouts[format](sides, lines.map((line) => line.map((text) => spell(data.spelling[format], text))), longest).join("\n");
  }
  async function copy(text) {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    const area = node("textarea", text, document.body);  // a page that a plain web server shows has no clipboard
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("this browser does not let the page copy");
  }
  const said = document.getElementById("said");
  for (const tools of all("[data-table]")) {
    tools.append(tools.childElementCount ? " · Copy as " : "Copy as ");
    for (const format of Object.keys(layouts)) {
      const button = node("button", format, tools);
      button.type = "button";
      button.setAttribute("aria-label", `${format} of ${tools.dataset.table}: copy`);
      button.addEventListener("click", () => {
        copy(written(tools.previousElementSibling.querySelector("table"), format)).then(
          () => { said.textContent = `Copied as ${format}: ${tools.dataset.table}`; },
          (problem) => { said.textContent = `Not copied: ${problem.message}`; });
      });
    }
    tools.hidden = false;
  }

  // Light and dark follow the system until someone chooses.
  const theme = document.getElementById("theme");
  const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const caption = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; caption(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", caption);
  theme.hidden = false;
  caption();
})();
