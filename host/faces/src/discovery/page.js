// Search over what the page shows, and links to single functions. Without scripts the page is whole all the same.
"use strict";

const functions = Array.from(document.querySelectorAll("details"));
const sections = Array.from(document.querySelectorAll("section"));
const search = document.getElementById("search");
const found = document.getElementById("found");
const all = document.getElementById("all");
const texts = new Map(functions.map((item) => [item, item.textContent.toLowerCase()]));

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const item of functions) {
    const fits = words.every((word) => texts.get(item).includes(word));
    item.hidden = !fits;
    count += fits ? 1 : 0;
  }
  for (const section of sections) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
  found.textContent = words.length ? `${count} of ${functions.length}` : "";
  document.getElementById("none").hidden = count > 0;
}

function openLinked() {
  const linked = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (linked instanceof HTMLDetailsElement) {
    linked.open = true;
    linked.scrollIntoView();
  }
}

all.addEventListener("click", () => {
  const open = all.textContent === "Open all";
  functions.forEach((item) => { item.open = open; });
  all.textContent = open ? "Close all" : "Open all";
});
functions.forEach((item) => item.querySelector("summary").addEventListener("click", () => {
  if (!item.open) history.replaceState(null, "", `#${item.id}`);
}));
search.addEventListener("input", filter);
addEventListener("hashchange", openLinked);
addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});

document.querySelector(".tools").hidden = false;
filter();
openLinked();
