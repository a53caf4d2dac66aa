"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const form = document.getElementById("filter");
  const count = document.getElementById("count");

  // Filters: a table without a row left is hidden, and what stands over all tasks where a task or budget is chosen.
  function apply() {
    const { task, family, budget } = Object.fromEntries(new FormData(form));
    let tables = 0, methods = 0;
    for (const section of all("main > section")) {
      if ("any" in section.dataset) {
        section.hidden = Boolean(task || family || budget);
        continue;
      }
      const fits = (!task || section.dataset.task === task) && (!budget || section.dataset.budget === budget);
      let left = 0;
      for (const row of all("tbody tr", section)) {
        row.hidden = Boolean(family) && !row.dataset.families.split("|").includes(family);
        left += row.hidden ? 0 : 1;
      }
      section.hidden = !fits || !left;
      if (!section.hidden) { tables += 1; methods += left; }
    }
    count.textContent = `${methods} rows in ${tables} tables`;
  }
  form.addEventListener("change", () => { apply(); keep(); });
  form.addEventListener("reset", () => setTimeout(() => { apply(); keep(); }));
  form.addEventListener("submit", (event) => event.preventDefault());

  // The address keeps the choice, so that a filtered page can be passed on.
  function keep() {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    try { history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`); } catch { /* a page without an address */ }
  }
  for (const [name, value] of new URLSearchParams(location.search)) {
    const box = form.elements.namedItem(name);
    if (box && [...box.options].some((option) => (option.value || "") === value)) box.value = value;
  }
  form.hidden = false;
  apply();

  // Content wider than its container shows that it scrolls.
  const measure = (box) => box.toggleAttribute("data-more", box.scrollWidth > box.clientWidth + 1);
  const sizes = new ResizeObserver((changes) => { for (const change of changes) measure(change.target); });
  for (const box of all(".scroll")) { measure(box); sizes.observe(box); }

  const theme = document.getElementById("theme");
  const dark = () => (document.documentElement.dataset.theme ||
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = dark() ? "light" : "dark"; name(); });
  theme.hidden = false;
  name();
})();
