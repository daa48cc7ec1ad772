"use strict";
// Elements, numbers and pictures. Whatever comes from the review is only ever the text of a node.
const review = JSON.parse(document.getElementById("data").textContent);

const make = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
};
const draw = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
};
const word = (attributes, text) => {
  const node = draw("text", attributes);
  node.textContent = text;
  return node;
};
const titled = (node, text) => {
  const title = draw("title");
  title.textContent = text;
  node.append(title);
  return node;
};

const number = value => value.toLocaleString("en");
const percent = value => `${value < 10 ? value.toFixed(2) : value.toFixed(1)} %`;
const many = (count, one) => `${number(count)} ${one}${count === 1 ? "" : "s"}`;
const day = time => time ? time.slice(0, 10) : "never";
const short = arn => arn.split(":").slice(5).join(":") || arn;
const LEVELS = ["list", "read", "write", "tagging", "permissions"];
const total = levels => LEVELS.reduce((sum, level) => sum + (levels[level] || 0), 0);

const codes = list => make("span", { class: "mono" }, list.join(", "));
const table = (heads, rows) => make("div", { class: "wide", tabindex: "0" }, make("table", {},
  make("thead", {}, make("tr", {}, heads.map(head => make("th", { scope: "col" }, head)))),
  make("tbody", {}, rows.map(row => make("tr", {}, row.map(cell => make("td", {}, cell)))))));
const folded = (title, count, build) => {
  const box = make("details", {}, make("summary", {}, count === null ? title : `${title} (${number(count)})`));
  box.addEventListener("toggle", () => { if (box.open && box.childElementCount === 1) box.append(build()); });
  return box;
};

// Use by service and day: a row a service, a column a day, darker where more was done.
function heat(principal) {
  const rows = principal.services.filter(service => service.days && service.days.length);
  if (!rows.length) return null;
  const first = Math.floor(Date.parse(review.first) / 86400000), last = Math.floor(Date.parse(review.last) / 86400000);
  const days = last - first + 1, cell = Math.max(3, Math.min(10, Math.floor(900 / days))), left = 130, tall = 14;
  const svg = draw("svg", { width: left + days * cell, height: rows.length * tall + 16, role: "img",
    "aria-label": `Events by service and day: ${rows.map(row => row.service).join(", ")}` });
  const most = Math.max(...rows.flatMap(row => row.days.map(([, count]) => count)));
  rows.forEach((row, at) => {
    svg.append(word({ x: 0, y: at * tall + 10 }, row.service));
    svg.append(draw("rect", { x: left, y: at * tall, width: days * cell, height: tall - 2, class: "c0" }));
    for (const [date, count] of row.days) {
      const shade = 1 + Math.min(3, Math.floor(4 * Math.log1p(count) / Math.log1p(most + 0.001)));
      const rect = draw("rect", { x: left + (date - first) * cell, y: at * tall, width: cell - (cell > 4 ? 1 : 0.3), height: tall - 2, class: `c${shade}` });
      svg.append(titled(rect, `${row.service}, ${new Date(date * 86400000).toISOString().slice(0, 10)}: ${number(count)}`));
    }
  });
  for (const [date, anchor] of [[review.first, "start"], [review.last, "end"]])
    svg.append(word({ x: anchor === "start" ? left : left + days * cell, y: rows.length * tall + 11, "text-anchor": anchor }, day(date)));
  return make("div", { class: "wide", tabindex: "0" }, svg);
}

// Granted against used: a bar a service, as long as the root of what is granted, so that small ones are seen.
const BARS = 14;
function bars(principal) {
  const services = principal.services.map(own => ({ own, granted: total(own.granted) })).filter(one => one.granted)
    .sort((a, b) => total(b.own.used) - total(a.own.used) || b.granted - a.granted || (a.own.service < b.own.service ? -1 : 1));
  const shown = services.slice(0, BARS);
  if (!shown.length) return null;
  const left = 130, wide = 420, tall = 16, most = Math.sqrt(Math.max(...shown.map(one => one.granted)));
  const svg = draw("svg", { width: left + wide + 130, height: shown.length * tall, role: "img",
    "aria-label": `Actions granted and used: ${shown.map(one => `${one.own.service} ${total(one.own.used)} of ${one.granted}`).join(", ")}` });
  shown.forEach((one, at) => {
    const length = wide * Math.sqrt(one.granted) / most, used = total(one.own.used), goes = total(one.own.goes);
    svg.append(word({ x: 0, y: at * tall + 11 }, one.own.service));
    let x = left;
    for (const [count, kind] of [[used, "b-used"], [one.granted - used - goes, "b-stays"], [goes, "b-goes"]]) {
      const width = length * Math.max(0, count) / one.granted;
      svg.append(draw("rect", { x, y: at * tall + 2, width, height: tall - 5, class: kind }));
      x += width;
    }
    svg.append(word({ x: x + 6, y: at * tall + 11 }, `${number(used)} of ${number(one.granted)} used`));
  });
  const rest = services.length - shown.length;
  return make("div", { class: "wide", tabindex: "0" }, svg, rest ? make("p", { class: "faint" }, `and ${many(rest, "more service")} in the table below`) : null);
}

// The ways to run IAM as points: excess to the right, later calls refused upwards. The line joins those that no
// other beats in both.
const STRATEGY = {
  "present": "the grants as they are",
  "exact-actions": "to compare: the very actions and resources seen",
  "minimal": "what was used, and what this trail could not have shown",
  "minimal-used-services": "what was used, and what could not be seen of the services used",
  "service": "all that is granted of the services and access levels used",
  "managed": "the fewest AWS managed policies that cover the use",
  "job-function": "the nearest AWS job-function policy, and what it lacks",
  "power-user": "PowerUserAccess less the services never used, and what it lacks",
  "whole-services": "to compare: everything of each service used",
};
const EXCESS = [0.1, 1, 10, 100], REFUSED = [0, 0.1, 1, 10, 50];
function curve(points) {
  const wide = 560, tall = 240, left = 56, top = 14, right = 16, bottom = 40;
  const across = value => left + (wide - left - right) * Math.min(1, Math.max(0, (Math.log10(Math.max(value, 0.05)) + 1.3) / 4.1));
  const up = value => top + (tall - top - bottom) * (1 - Math.min(1, Math.pow(value / 50, 0.35)));
  const svg = draw("svg", { viewBox: `0 0 ${wide} ${tall}`, class: "curve", role: "img",
    "aria-label": points.map(own => `${own.name}: ${percent(own.refused)} of later calls refused, ${percent(own.excess)} of the present excess`).join("; ") });
  for (const value of EXCESS) {
    svg.append(draw("line", { x1: across(value), x2: across(value), y1: top, y2: tall - bottom, class: "grid" }));
    svg.append(word({ x: across(value), y: tall - bottom + 13, "text-anchor": "middle" }, `${value} %`));
  }
  for (const value of REFUSED) {
    svg.append(draw("line", { x1: left, x2: wide - right, y1: up(value), y2: up(value), class: "grid" }));
    svg.append(word({ x: left - 6, y: up(value) + 3, "text-anchor": "end" }, `${value} %`));
  }
  svg.append(word({ x: left, y: tall - 6 }, "actions permitted and never used, against the present grants →"));
  svg.append(word({ x: 10, y: tall - bottom, transform: `rotate(-90 10 ${tall - bottom})` }, "later calls refused →"));
  const best = points.filter(own => !points.some(other => other !== own && other.excess <= own.excess && other.refused <= own.refused && (other.excess < own.excess || other.refused < own.refused)));
  best.sort((a, b) => a.excess - b.excess || b.refused - a.refused);
  svg.append(draw("polyline", { points: best.map(own => `${across(own.excess)},${up(own.refused)}`).join(" "), class: "front" }));
  const taken = [];
  points.forEach((own, at) => {
    const x = across(own.excess), y = up(own.refused);
    // Points that lie on each other stand side by side.
    let lift = 0;
    while (taken.some(([tx, ty]) => Math.abs(tx - x) < 15 && Math.abs(ty - (y - lift)) < 15)) lift += 16;
    taken.push([x, y - lift]);
    const point = draw("g", {}, draw("circle", { cx: x, cy: y - lift, r: 8, class: best.includes(own) ? "point best" : "point" }),
      word({ x, y: y - lift + 3.5, "text-anchor": "middle", class: "mark" }, String(at + 1)));
    svg.append(titled(point, own.name));
  });
  return svg;
}
