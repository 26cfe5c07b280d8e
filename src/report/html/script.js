"use strict";
// All of the page can be read without this: it adds a filter by name, switches for verdicts, and sorting by columns.
(() => {
  const tables = ["rows", "unchanged"].map((id) => document.getElementById(id)).filter(Boolean);
  // A row that needs a reader is a body of its own, with what stands under it.
  const parent = (table) => (table.id === "unchanged" ? table.tBodies[0] : table);
  const items = (table) => [...(table.id === "unchanged" ? parent(table).rows : table.tBodies)];
  const cells = (item) => (item.rows ? item.rows[0] : item).cells;
  const rows = tables.flatMap((table, group) =>
    items(table).map((item, place) => ({
      item,
      group,
      place,
      cells: cells(item),
      name: cells(item)[0].textContent.toLowerCase(),
      verdict: cells(item)[6].textContent,
    })),
  );
  if (rows.length === 0) return;

  const tools = document.createElement("div");
  tools.className = "tools";
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = "filter by name";
  input.setAttribute("aria-label", "filter benchmarks by name");
  const shown = document.createElement("output");
  tools.append(input, shown);
  document.querySelector("header").append(tools);

  const off = new Set();
  const details = document.querySelector("details");
  const apply = () => {
    const wanted = input.value.trim().toLowerCase();
    let count = 0;
    let folded = 0;
    for (const row of rows) {
      const visible = !off.has(row.verdict) && row.name.includes(wanted);
      if (row.item.hidden === visible) row.item.hidden = !visible;
      if (visible) count += 1;
      if (visible && row.group === tables.length - 1) folded += 1;
    }
    if (details && wanted !== "") details.open = folded > 0;
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length} rows`;
  };
  input.addEventListener("input", apply);

  for (const item of document.querySelectorAll("[data-verdict]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = item.textContent;
    button.className = item.className;
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const verdict = item.dataset.verdict;
      if (!off.delete(verdict)) off.add(verdict);
      button.setAttribute("aria-pressed", String(!off.has(verdict)));
      apply();
    });
    item.className = "switch";
    item.replaceChildren(button);
  }

  const key = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    const number = parseFloat(cell.textContent);
    return [1, 2, 3, 4].includes(column) ? number : cell.textContent;
  };
  const compare = (a, b) => {
    if (typeof a === "string") return a < b ? -1 : a > b ? 1 : 0;
    // What has no number stands last.
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a - b;
  };
  tables.forEach((table, group) => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        // Ascending, descending, as reported.
        const next = { ascending: "descending", descending: null }[head.getAttribute("aria-sort")];
        const order = next === undefined ? "ascending" : next;
        for (const other of heads) other.removeAttribute("aria-sort");
        if (order) head.setAttribute("aria-sort", order);
        const own = rows.filter((row) => row.group === group).map((row) => ({ row, key: key(row, column) }));
        const sign = order === "descending" ? -1 : 1;
        const none = (x) => typeof x.key === "number" && Number.isNaN(x.key);
        own.sort((a, b) =>
          order === null
            ? a.row.place - b.row.place
            : (none(a) || none(b) ? compare(a.key, b.key) : sign * compare(a.key, b.key)) || a.row.place - b.row.place,
        );
        parent(table).append(...own.map(({ row }) => row.item));
      });
    });
  });
})();
