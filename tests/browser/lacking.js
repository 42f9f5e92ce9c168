// What of a page's markup would leave someone who does not see it, or uses no mouse, without something.
const lacks = [];
const every = (selector, fine, what) => {
  for (const element of document.querySelectorAll(selector)) {
    if (!fine(element)) lacks.push(`${what}: ${element.outerHTML.slice(0, 100)}`);
  }
};
every("[role=img]", (e) => e.getAttribute("aria-label"), "a picture without words");
every("main svg", (e) => e.getAttribute("role") === "img" || e.getAttribute("aria-hidden") === "true", "neither said nor hidden");
every("table", (e) => e.caption?.textContent.trim(), "a table without a caption");
every("thead th", (e) => e.scope === "col" && e.textContent.trim(), "a column without a heading");
every("tbody tr", (e) => e.querySelector("th[scope=row]"), "a row without a heading");
every("select, input", (e) => e.labels.length, "a control without a label");
every("[tabindex='0']", (e) => e.getAttribute("role"), "focusable, but nothing");
every("[aria-labelledby]", (e) => document.getElementById(e.getAttribute("aria-labelledby")), "a label that is nowhere");
let level = 1;
every("h1, h2, h3, h4", (e) => {
  const here = Number(e.tagName[1]), fine = here <= level + 1;
  level = here;
  return fine;
}, "a heading that skips a level");
const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) lacks.push(`an id twice: ${id}`);
return lacks;
