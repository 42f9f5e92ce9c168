// Headings that sort, and forms that filter by the rows' data attributes.
(() => {
  const value = (row, column, kind) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (kind === "text") return text;
    const number = Number.parseFloat(text.replace("−", "-").replace(/^[[<]/, ""));
    return Number.isNaN(number) ? null : number;
  };
  const sort = (table, heading) => {
    const kind = heading.dataset.kind;
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [value(row, heading.cellIndex, kind), row]);
    const order = (a, b) => (kind === "text" ? a.localeCompare(b, undefined, { numeric: true }) : a - b);
    rows.sort(([a], [b]) => (a === null ? (b === null ? 0 : 1) : b === null ? -1 : down ? order(b, a) : order(a, b)));
    body.append(...rows.map(([, row]) => row));
    table.dispatchEvent(new Event("arranged"));
  };
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    for (const heading of table.tHead.rows[0].cells) {
      if (heading.dataset.kind === "none") continue;
      if (heading.dataset.kind !== "text") heading.classList.add("n");
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, heading));
    }
  }

  for (const form of document.querySelectorAll("form[data-table]")) {
    const table = document.getElementById(form.dataset.table);
    const all = document.querySelector(`button[data-all="${table.id}"]`);
    let most = Number(form.dataset.first || Infinity);
    // A row has a property as its own, or in the column of that name.
    const columns = new Map([...table.tHead.rows[0].cells].filter((cell) => cell.dataset.name).map((cell) => [cell.dataset.name, cell.cellIndex]));
    const property = (row, name) => {
      if (!columns.has(name)) return row.dataset[name];
      const cell = row.cells[columns.get(name)];
      return cell.dataset.value ?? cell.textContent;
    };
    const apply = () => {
      const wanted = [...new FormData(form)].filter(([name, text]) => text && name !== "text");
      const text = (form.elements.namedItem("text")?.value || "").trim().toLowerCase();
      const rows = [...table.tBodies[0].rows];
      let found = 0;
      for (const row of rows) {
        const fits = wanted.every(([name, sought]) => property(row, name) === sought) && (!text || row.textContent.toLowerCase().includes(text));
        if (fits) found += 1;
        row.hidden = !fits || found > most;
      }
      const shown = Math.min(found, most);
      form.querySelector("output").textContent = shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows`;
      if (all) { all.hidden = found <= most; all.textContent = `Show all ${found} runs`; }
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", apply);
    form.elements.namedItem("text")?.addEventListener("input", apply);
    form.addEventListener("reset", () => setTimeout(() => { showMore(form); apply(); }));
    table.addEventListener("arranged", apply);
    table.addEventListener("reveal", () => { form.reset(); most = Infinity; apply(); });
    all?.addEventListener("click", () => { most = Infinity; apply(); });
    apply();
  }
  const showMore = (form) => {
    for (const box of form.querySelectorAll("[data-show=more]")) document.getElementById(form.dataset.table).classList.toggle("wide", box.checked);
  };
  for (const form of document.querySelectorAll("form[data-table]")) form.addEventListener("change", () => showMore(form));
})();
// Brings a run's row into view, whatever the filter and the number of rows shown.
const goToRun = (run) => {
  const row = document.getElementById(run);
  if (!row) return;
  row.closest("table").dispatchEvent(new Event("reveal"));
  history.replaceState(null, "", `#${run}`);
  location.hash = `#${run}`;
  row.tabIndex = -1;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
};
