"use strict";
(() => {
  // Tables: a button in each heading sorts by its column, numbers by their value.
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const isNumber = heading.classList.contains("number");
        const was = heading.getAttribute("aria-sort");
        const first = isNumber ? "descending" : "ascending";
        const order = was === first ? (isNumber ? "ascending" : "descending") : first;
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const value = (row) => {
          const cell = row.cells[column];
          return isNumber ? Number(cell.dataset.number ?? -Infinity) : cell.textContent;
        };
        const compare = isNumber
          ? (one, other) => value(one) - value(other)
          : (one, other) => value(one).localeCompare(value(other), "en", { numeric: true });
        body.append(...[...body.rows].sort((one, other) => sign * compare(one, other)));
      });
    });
  }

  // Charts: what stands under the pointer, or under the arrow keys.
  const all = JSON.parse(document.getElementById("values").textContent);
  const tip = document.getElementById("tip");
  for (const figure of document.querySelectorAll("figure[data-chart]")) {
    const chart = all[figure.dataset.chart];
    const drawing = figure.querySelector("svg");
    const [left, top, right, bottom] = chart.area;
    const hair = document.createElement("div");
    hair.className = "hair";
    hair.hidden = true;
    figure.append(hair);
    figure.tabIndex = 0;
    const last = chart.columns.length - 1;
    const lastRow = chart.rows ? chart.rows.length - 1 : 0;
    let column = 0;
    let row = 0;
    const show = () => {
      const box = drawing.getBoundingClientRect();
      const scale = box.width / drawing.viewBox.baseVal.width;
      const x = left + ((right - left) * (column + 0.5)) / (last + 1);
      const y = top + ((bottom - top) * (row + 0.5)) / (lastRow + 1);
      let words = chart.columns[column];
      if (chart.notes) {
        words = chart.notes[row * (last + 1) + column];
      } else if (chart.rows) {
        const value = chart.cells[row].split(" ")[column];
        const meaning = value === "-" ? "not open" : `${value} % ${chart.meaning}`;
        words = `${words}, ${chart.rows[row]}: ${meaning}`;
      }
      tip.textContent = words;
      tip.hidden = false;
      hair.hidden = false;
      hair.style.left = `${x * scale}px`;
      hair.style.top = `${top * scale}px`;
      hair.style.height = `${(bottom - top) * scale}px`;
      const at = box.left + x * scale;
      const isRight = at > innerWidth / 2;
      tip.style.left = isRight ? "auto" : `${at + 14}px`;
      tip.style.right = isRight ? `${innerWidth - at + 14}px` : "auto";
      tip.style.top = `${Math.max(4, box.top + (chart.rows ? y : top) * scale + 8)}px`;
    };
    const hide = () => {
      tip.hidden = true;
      hair.hidden = true;
    };
    const clamp = (value, most) => Math.min(Math.max(Math.floor(value), 0), most);
    drawing.addEventListener("pointermove", (event) => {
      const box = drawing.getBoundingClientRect();
      const scale = box.width / drawing.viewBox.baseVal.width;
      const x = (event.clientX - box.left) / scale;
      const y = (event.clientY - box.top) / scale;
      if (x < left || x > right || y < top || y > bottom) return hide();
      column = clamp(((x - left) / (right - left)) * (last + 1), last);
      row = clamp(((y - top) / (bottom - top)) * (lastRow + 1), lastRow);
      show();
    });
    drawing.addEventListener("pointerleave", hide);
    figure.addEventListener("blur", hide);
    figure.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const [right, down] = step[event.key] ?? [];
      if (right === undefined || (down !== 0 && !chart.rows)) return;
      event.preventDefault();
      column = clamp(column + right, last);
      row = clamp(row + down, lastRow);
      show();
    });
  }
})();
