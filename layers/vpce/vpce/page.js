// The report page: shows the rows that match, some at a time; the address keeps what was asked for, to be shared.
"use strict";

const AT_ONCE = 200; // rows; more are a button away, and on paper there are all that match
const form = document.getElementById("filters");
const fields = form ? [...form.elements].filter((field) => field.name) : [];
const valueOf = (field) => (field.type === "checkbox" && !field.checked ? "" : field.value);

/** A table whose rows stand in the page, most of them in a template: browsers lay out only what is shown. */
class LongTable {
  constructor(table) {
    this.body = table.tBodies[0];
    this.noun = table.dataset.noun;
    this.more = table.closest("section").querySelector("button.more");
    this.fields = fields.filter((field) => field.dataset.for.split(" ").includes(table.id));
    const rows = [...this.body.rows, ...table.querySelector("template").content.children];
    this.rows = rows.map((row) => ({ row, is: row.dataset.is.split(" "), text: null }));
    this.more.addEventListener("click", () => {
      const first = this.found[this.shown].row;
      this.show(this.shown * 2);
      first.tabIndex = -1;
      first.focus(); // the button is elsewhere now, or gone
    });
  }

  filter() {
    const asked = this.fields.map((field) => [field.type, valueOf(field)]).filter(([, value]) => value);
    const words = asked.filter(([type]) => type !== "search").map(([, value]) => value);
    const texts = asked.filter(([type]) => type === "search").flatMap(([, value]) => inLowerCase(value).split(/\s+/));
    this.found = this.rows.filter(
      (one) => words.every((word) => one.is.includes(word)) && texts.every((text) => textOf(one).includes(text)),
    );
    this.show(AT_ONCE);
  }

  show(number) {
    this.shown = Math.min(number, this.found.length);
    this.body.replaceChildren(...this.found.slice(0, number).map((one) => one.row));
    this.more.hidden = this.shown === this.found.length;
    const next = Math.min(this.shown, this.found.length - this.shown);
    this.more.textContent = `Show ${inFigures(next)} more of ${inFigures(this.found.length)} ${this.noun}`;
  }

  get count() {
    return `${inFigures(this.found.length)} of ${inFigures(this.rows.length)} ${this.noun}`;
  }
}

const inFigures = (number) => number.toLocaleString("en");
const inLowerCase = (text) => text.trim().toLowerCase();
const textOf = (one) => (one.text ??= inLowerCase(one.row.textContent)); // read only where somebody searches

const tables = [...document.querySelectorAll("table[data-noun]")].map((table) => new LongTable(table));

function filter() {
  for (const table of tables) table.filter();
  form.querySelector("output").textContent = tables.map((table) => table.count).join(", ");
}

// ---- the address -------------------------------------------------------------------------------------------------

form.reset(); // some browsers fill in what was chosen before
const usual = new Map(fields.map((field) => [field, valueOf(field)]));

function remember() {
  const asked = fields.map((field) => [field.name, valueOf(field)]);
  const unusual = new URLSearchParams(asked.filter(([, value], number) => value !== usual.get(fields[number])));
  history.replaceState(null, "", unusual.size ? `#${unusual}` : location.pathname + location.search);
}

/** What the address asks for. An address without "=" points at a part of the page, and asks for nothing. */
function recall() {
  if (location.hash && !location.hash.includes("=")) return;
  const asked = new URLSearchParams(location.hash.slice(1));
  form.reset();
  for (const field of fields) if (asked.has(field.name)) choose(field, asked.get(field.name));
}

function choose(field, value) {
  if (field.type === "checkbox") field.checked = value === field.value;
  else if (field.type === "search" || [...field.options].some((option) => option.value === value)) field.value = value;
}

for (const field of fields)
  field.addEventListener("input", () => {
    filter();
    remember();
  });
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => {
  recall();
  filter();
});
recall();
filter();

// ---- copying -----------------------------------------------------------------------------------------------------

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  const command = button.parentElement.querySelector("pre");
  getSelection().selectAllChildren(command); // where we may not copy, people can
  const said = await navigator.clipboard?.writeText(command.textContent).then(
    () => "Copied",
    () => null,
  );
  button.textContent = said ?? "Selected; copy it";
});

// ---- paper -------------------------------------------------------------------------------------------------------

let folded = [];
let shown = [];

addEventListener("beforeprint", () => {
  shown = tables.map((table) => table.shown);
  for (const table of tables) table.show(Infinity);
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const details of folded) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of folded) details.open = false;
  tables.forEach((table, number) => table.show(shown[number] || AT_ONCE));
});
