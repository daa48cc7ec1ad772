// The page: the account, then the list with search, order, keys and links.
document.getElementById("about").textContent =
  `${number(review.events)} events, ${day(review.first)} to ${day(review.last)}` +
  ` (${review.days || 0} days) in ${many(review.regions.length, "region")}. Ranked by the dangerous paths that a change closes, then by the actions it takes, the most powerful first.`;
const totals = review.totals;
for (const [label, value] of [["principals", totals.principals], ["active", totals.active], ["dormant", totals.dormant], ["never used", totals.never_used], ["with a change", totals.with_change], ["actions granted", totals.granted], ["used", totals.used], ["unused", totals.unused], ["not to be seen", totals.unseen], ["refused calls", totals.refused_calls]])
  document.getElementById("totals").append(make("div", {}, make("b", {}, number(value)), label));

const account = document.getElementById("account");
const findings = review.findings || [];
const findingsOf = arn => findings.filter(own => own.subject === arn);
function finding(own) {
  const box = make("details", { class: "finding" }, make("summary", {}, make("span", { class: `tag ${own.severity}` }, own.severity), ` ${own.message} `, make("span", { class: "faint mono" }, own.code)));
  box.append(make("p", {}, "About ", make("code", {}, own.subject)));
  if (own.evidence.length) box.append(make("ul", {}, own.evidence.map(one =>
    make("li", {}, `${one.source}: ${one.detail} `, one.event_ids ? codes(one.event_ids) : null))));
  box.append(make("p", {}, "To do: ", own.fix));
  for (const command of own.commands || []) box.append(make("p", {}, make("code", {}, command)));
  return box;
}
if (findings.length) account.append(folded("Findings", findings.length, () => make("div", {}, findings.map(finding))));
const excepted = review.excepted_findings || [];
if (excepted.length) account.append(folded("Findings left alone by exceptions", excepted.length, () =>
  table(["code", "about", "what", "reason", "until"], excepted.map(own => [own.code, codes([own.subject]), own.message, own.reason, own.until]))));
const groups = review.groups || [];
if (groups.length) account.append(folded("Principals that use the same things", groups.length, () => make("div", {}, groups.map(own => folded(
  `${own.name}: ${many(own.members.length, "principal")}, ${own.proposed ? "one policy for them" : `no policy proposed: ${own.why_not || ""}`}`, null, () => make("div", {},
    make("p", { class: "faint" }, `in place of ${number(own.policies_now) + " policies"}; each gains ${percent(own.gained_actions_percent)} of actions and ${percent(own.gained_pairs_percent)} of pairs beyond its own use`),
    lines(own.policy, "+"), table(["member", "actions gained", "paths opened"], own.members.map(one => [short(one.arn), codes(one.actions || []), codes(one.dangers || [])]))))))));

const rows = (review.strategies || []).filter(own => own.group === "all");
if (rows.length) account.append(folded("Ways to run IAM here, and their price", null, () => make("div", {},
  make("p", { class: "faint" }, `Learnt from ${rows[0].learnt_days} days, judged by the ${rows[0].judged_days} after them, over ${many(rows[0].principals, "principal")}.`),
  curve(rows.map(own => ({ name: own.strategy, excess: own.excess_percent, refused: own.refused_percent }))),
  table(["", "strategy", "what it is", "later calls refused", "tickets", "excess", "beyond grants", "paths", "log2", "over the quota"], rows.map((own, at) => [String(at + 1), own.strategy, STRATEGY[own.strategy] || "",
    percent(own.refused_percent), number(own.outcome.tickets), percent(own.excess_percent), number(own.beyond_grants), number(own.dangers), own.bits.toFixed(1), number(own.overflow)])))));

const list = document.getElementById("list");
const nodes = review.principals.map(principal => {
  const granted = Math.max(1, principal.granted), goes = total(principal.goes);
  const part = (kind, count) => { const own = make("i", { class: kind }); own.style.width = `${100 * count / granted}%`; return own; };
  const bar = make("span", { class: "bar", role: "img", "aria-label": `${principal.used} used, ${principal.unseen} unseen, ${goes} go, of ${principal.granted}` },
    part("u", principal.used), part("n", principal.unseen), part("g", goes));
  const node = make("details", { class: "one", id: principal.arn }, make("summary", {},
    make("span", { class: "number faint" }, String(principal.rank)), make("span", { class: "name" }, short(principal.arn)),
    make("span", { class: principal.standing === "active" ? "" : "warn" }, principal.standing.replace("-", " ")),
    make("span", { class: "number hide" }, `${number(principal.used)} of ${number(principal.granted)}`), make("span", { class: "hide" }, bar)));
  node.addEventListener("toggle", () => { if (node.open && node.childElementCount === 1) node.append(inside(principal)); });
  const words = [principal.arn, ...principal.holds, ...principal.uses.map(own => own.action), ...principal.refusals.map(own => `${own.action} ${own.resource}`),
    ...principal.kept.flatMap(own => own.resources.map(one => one.pattern)), ...findingsOf(principal.arn).map(own => `${own.code} ${own.message}`)];
  return { principal, node, text: words.join("\n").toLowerCase() };
});
list.append(...nodes.map(own => own.node));

const search = document.getElementById("search"), standing = document.getElementById("standing"), order = document.getElementById("order");
function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const own of nodes) {
    const fits = (!standing.value || own.principal.standing === standing.value) && words.every(word => own.text.includes(word));
    own.node.hidden = !fits; left += fits ? 1 : 0;
  }
  document.getElementById("shown").textContent = `${number(left)} of ${number(nodes.length)}`;
}
const ORDERS = {
  rank: (a, b) => a.rank - b.rank,
  name: (a, b) => a.arn < b.arn ? -1 : 1,
  last: (a, b) => (a.last || "").localeCompare(b.last || "") || a.rank - b.rank,
  refused: (a, b) => b.refused_calls - a.refused_calls || a.rank - b.rank,
};
order.addEventListener("change", () => { nodes.sort((a, b) => ORDERS[order.value](a.principal, b.principal)); list.append(...nodes.map(own => own.node)); });
search.addEventListener("input", filter);
standing.addEventListener("change", filter);
document.addEventListener("keydown", event => {
  const at = document.activeElement;
  if (event.key === "/" && at !== search) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && at === search) { search.value = ""; filter(); }
  const one = at && at.closest && at.closest("details.one");
  if (one && at.parentElement === one && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    let next = one;
    do { next = event.key === "ArrowDown" ? next.nextElementSibling : next.previousElementSibling; } while (next && next.hidden);
    if (next) { event.preventDefault(); next.firstElementChild.focus(); }
  }
});
for (const note of review.diagnostics) document.getElementById("notes").append(make("p", { class: note.severity === "error" ? "danger" : "faint" }, `${note.severity}: ${note.message}`));

// A link names a principal; unfolding one makes it the link.
function linked() {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (node && node.matches("details.one")) { node.open = true; node.scrollIntoView(); }
}
document.addEventListener("toggle", event => { if (event.target.matches("details.one") && event.target.open) history.replaceState(null, "", "#" + encodeURIComponent(event.target.id)); }, true);
addEventListener("hashchange", linked);
filter();
linked();
