"use strict";
(() => {
  const table = document.getElementById("class-table");
  const controls = document.getElementById("controls");
  const shown = document.getElementById("shown");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);
  const search = controls.elements.namedItem("search");
  const status = controls.elements.namedItem("status");
  const human = controls.elements.namedItem("human");
  const alike = controls.elements.namedItem("alike");
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  let sorted = "", downwards = false;

  const value = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (first, second) => {
    const numbers = [Number(first), Number(second)];
    return numbers.some(Number.isNaN) ? first.localeCompare(second, undefined, {numeric: true}) : numbers[0] - numbers[1];
  };
  const sort = () => {
    const column = heads.findIndex((head) => head.dataset.key === sorted);
    if (column < 0) { return; }
    const keyed = rows.map((row) => [value(row, column), row]);
    keyed.sort(([first], [second]) => {
      if (first === "" || second === "") { return (first === "") - (second === ""); }
      return downwards ? compare(second, first) : compare(first, second);
    });
    body.append(...keyed.map(([, row]) => row));
    heads.forEach((head, index) => {
      if (index === column) { head.setAttribute("aria-sort", downwards ? "descending" : "ascending"); }
      else { head.removeAttribute("aria-sort"); }
    });
  };
  const filter = () => {
    const wanted = search.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = words.get(row).includes(wanted)
        && (status.value === "" || row.dataset.status === status.value)
        && (!human.checked || row.dataset.human === "yes")
        && (!alike?.checked || row.dataset.alike === "yes");
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  };
  const remember = () => {
    const state = new URLSearchParams();
    if (sorted) { state.set("sort", sorted + (downwards ? ",down" : "")); }
    if (search.value) { state.set("search", search.value); }
    if (status.value) { state.set("status", status.value); }
    if (human.checked) { state.set("human", "yes"); }
    if (alike?.checked) { state.set("alike", "yes"); }
    location.replace(`#${state || "class"}`);
  };
  const restore = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    if (!["sort", "search", "status", "human", "alike"].some((key) => state.has(key))) { return; }
    [sorted] = (state.get("sort") ?? "").split(",");
    downwards = (state.get("sort") ?? "").endsWith(",down");
    search.value = state.get("search") ?? "";
    status.value = state.get("status") ?? "";
    human.checked = state.has("human");
    if (alike) { alike.checked = state.has("alike"); }
    sort();
    filter();
  };

  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      downwards = sorted === head.dataset.key ? !downwards : head.dataset.first === "down";
      sorted = head.dataset.key;
      sort();
      remember();
    });
  }
  for (const control of [search, status, human, alike].filter(Boolean)) {
    control.addEventListener("input", () => { filter(); remember(); });
  }
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.hidden = false;
  restore();
  filter();
  window.addEventListener("hashchange", restore);
})();
