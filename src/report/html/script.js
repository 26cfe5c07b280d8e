"use strict";
// All of the page can be read without this: it adds a filter by name, switches for verdicts, sorting by columns, and shows
// long tables piece by piece, as a browser takes seconds to lay out ten thousand rows. Run before the tables are there, so
// that `.scripted` keeps the rest of them from being laid out at all.
document.documentElement.className = "scripted";
document.addEventListener("DOMContentLoaded", () => {
  // Whatever follows, nothing stays hidden by that; nothing is laid out before it ends.
  document.documentElement.className = "";
  const tables = ["rows", "unchanged"].map((id) => document.getElementById(id)).filter(Boolean);
  // A row that needs a reader is a body of its own, with what stands under it.
  const parent = (table) => (table.id === "unchanged" ? table.tBodies[0] : table);
  const items = (table) => [...(table.id === "unchanged" ? parent(table).rows : table.tBodies)];
  const cells = (item) => (item.rows ? item.rows[0] : item).cells;
  // In the order in which they are shown.
  const groups = tables.map((table) =>
    items(table).map((item, place) => ({
      item,
      place,
      cells: cells(item),
      name: cells(item)[0].textContent.toLowerCase(),
      verdict: cells(item)[6].textContent,
    })),
  );
  const total = groups.flat().length;
  if (total === 0) return;

  const tools = document.createElement("div");
  tools.className = "tools";
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = "filter by name";
  input.setAttribute("aria-label", "filter benchmarks by name");
  const shown = document.createElement("output");
  const written = (count) => count.toLocaleString("en");
  tools.append(input, shown);
  document.querySelector("header").append(tools);

  // Rows of a table that are shown; ten times as many with each press of the button beneath. On paper all are.
  const room = tables.map(() => 300);
  let printing = false;
  const more = tables.map((table, group) => {
    const foot = document.createElement("p");
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () => {
      const next = room[group];
      room[group] *= 10;
      apply();
      // Who came here by keyboard goes on at the first row that was not shown before.
      const row = groups[group].filter((row) => !row.item.hidden)[next].item;
      row.tabIndex = -1;
      row.focus();
    });
    foot.className = "more-rows";
    foot.append(button, " the browser finds what is shown, the filter above all of them");
    table.after(foot);
    return { foot, button };
  });
  for (const [event, is] of [["beforeprint", true], ["afterprint", false]]) {
    addEventListener(event, () => {
      printing = is;
      apply();
    });
  }

  const off = new Set();
  const details = document.querySelector("details");
  const apply = () => {
    const wanted = input.value.trim().toLowerCase();
    const counts = groups.map((rows, group) => {
      let count = 0;
      for (const row of rows) {
        const found = !off.has(row.verdict) && row.name.includes(wanted);
        if (found) count += 1;
        const visible = found && (printing || count <= room[group]);
        if (row.item.hidden === visible) row.item.hidden = !visible;
      }
      const next = 10 * room[group];
      more[group].foot.hidden = printing || count <= room[group];
      more[group].button.textContent =
        next < count ? `show ${written(next)} of ${written(count)} rows` : `show all ${written(count)} rows`;
      return count;
    });
    if (details && wanted !== "") details.open = counts[counts.length - 1] > 0;
    const count = counts.reduce((sum, own) => sum + own, 0);
    shown.textContent = count === total ? "" : `${written(count)} of ${written(total)} rows found`;
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
        const own = groups[group].map((row) => ({ row, key: key(row, column) }));
        const sign = order === "descending" ? -1 : 1;
        const none = (x) => typeof x.key === "number" && Number.isNaN(x.key);
        own.sort((a, b) =>
          order === null
            ? a.row.place - b.row.place
            : (none(a) || none(b) ? compare(a.key, b.key) : sign * compare(a.key, b.key)) || a.row.place - b.row.place,
        );
        groups[group] = own.map(({ row }) => row);
        parent(table).append(...groups[group].map((row) => row.item));
        apply();
      });
    });
  });
  apply();
});
