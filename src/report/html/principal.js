// One principal, unfolded.
const SIGN = { unchanged: " ", narrowed: "~", widened: "~", removed: "−", added: "+" };
const DONE = { attach: "attach", edit: "narrow", detach: "detach", delete: "delete", create: "make", unchanged: "leave" };

// A statement as lines; what is after a change has + before it, what was before it −.
function lines(statement, sign) {
  const box = make("div", { class: sign === "+" ? "line plus" : "line minus" });
  const entry = (name, value) => {
    const list = Array.isArray(value) ? value : [value];
    const text = list.map(own => typeof own === "string" ? own : JSON.stringify(own)).join(", ");
    return make("div", {}, make("span", { class: "sign" }, sign), make("span", { class: "key" }, `${name} `), make("code", {}, text));
  };
  for (const [name, value] of Object.entries(statement)) box.append(entry(name, value));
  return box;
}

// Why the actions of a statement stay: calls, resources, events.
function evidence(principal, actions) {
  const uses = new Map(principal.uses.map(own => [own.action, own]));
  return table(["action", "calls", "resources", "first", "last", "events"], actions.map(action => {
    const own = uses.get(action);
    return own
      ? [codes([action]), number(own.calls), number(own.resources), day(own.first), day(own.last), codes(own.event_ids)]
      : [codes([action]), "by others who hold the policy", "", "", "", ""];
  }));
}

function statements(principal, policy) {
  const box = make("div", { class: "policy" });
  box.append(make("p", {}, make("b", {}, `${DONE[policy.change]} `), make("code", {}, policy.policy),
    policy.shared_with ? ` (${many(policy.shared_with, "other")} hold it as well: it is narrowed to what any of them used)` : null));
  for (const own of policy.statements) {
    const said = [];
    if (own.used && own.used.length) said.push(`${many(own.used.length, "action")} used`);
    for (const [count, what] of [[own.unseen, "not to be seen, kept"], [own.otherwise, "kept for another reason"], [own.unused, "unused: go"], [own.ineffective, "never allowed by the boundary: go"], [own.left_out, "left out on request"]])
      if (count) said.push(`${number(count)} ${what}`);
    const one = make("div", { class: "statement" }, make("p", { class: "faint" }, `${SIGN[own.change]} ${own.change}: ${said.join(" · ") || "no action"}`));
    if (own.before) one.append(lines(own.before, "−"));
    for (const after of own.after || []) one.append(lines(after, "+"));
    if (own.used && own.used.length) one.append(folded("Evidence", own.used.length, () => evidence(principal, own.used)));
    box.append(one);
  }
  if (policy.unchanged) box.append(make("p", { class: "faint" }, `${many(policy.unchanged, "statement")} unchanged`));
  return box;
}

function proposal(principal) {
  const box = make("section", {}, make("h3", {}, "Proposal"));
  if (principal.file) box.append(make("p", { class: "faint" }, "the whole of it, as leastgrant apply takes it: ", make("code", {}, principal.file)));
  if (principal.diff && principal.diff.length)
    for (const policy of principal.diff) box.append(folded(`${DONE[policy.change]} ${policy.policy}`, policy.statements.length, () => statements(principal, policy)));
  else box.append(make("ul", {}, principal.edits.map(edit => make("li", {}, edit))));
  if (principal.kept.length) box.append(folded("What stays because it was used, and by which rule", principal.kept.length, () =>
    table(["actions", "resources", "rule"], principal.kept.map(kept => [codes(kept.actions), codes(kept.resources.map(own => own.pattern)),
      kept.resources.filter(own => own.rule).map(own => `${own.rule}: ${own.members} seen${own.examples ? `, ${own.examples.join(", ")}` : ""}`).join("; ") || "exactly what was seen"]))));
  if (principal.backtest) {
    const test = principal.backtest;
    box.append(make("p", {}, `Had this been applied before the last part of the trail: ${number(test.refused_calls)} of ${many(test.calls, "call")} refused, in ${many(test.tickets, "ticket")}.`));
    if (test.refused && test.refused.length) box.append(folded("Calls it would have refused", test.refused_pairs, () =>
      table(["action", "resource", "calls", "first", "events"], test.refused.map(own => [codes([own.action]), codes([own.resource]), number(own.calls), day(own.first), codes(own.event_ids)]))));
  }
  return box;
}

// The ways to run IAM for one principal.
function prices(list) {
  const present = Math.max(1, (list.find(own => own.strategy === "present") || { excess: 1 }).excess);
  const points = list.map(own => ({ name: own.strategy, excess: own.excess * 100 / present, refused: own.calls ? own.refused_calls * 100 / own.calls : 0 }));
  return make("div", {}, curve(points), table(["", "strategy", "later calls refused", "tickets", "excess", "beyond grants", "paths", "policies", "characters"],
    list.map((own, at) => [String(at + 1), named(own.strategy), `${number(own.refused_calls)} of ${number(own.calls)}`, number(own.tickets), number(own.excess),
      number(own.beyond_grants), number(own.dangers), own.overflow ? `${own.policies}, over the quota` : number(own.policies), number(own.size)])));
}
const named = strategy => make("span", { title: STRATEGY[strategy] || "" }, strategy);

function facts(principal) {
  const box = make("div", {}, make("p", {}, make("code", {}, principal.arn)),
    make("p", { class: "faint" }, `made ${day(principal.created)}; ${many(principal.events, "event")} on ${many(principal.active_days, "day")}, ${day(principal.first)} to ${day(principal.last)}`),
    make("p", {}, "holds ", principal.holds.join("; ") || "nothing"));
  if (principal.standing === "never-used") box.append(make("p", { class: "warn" }, "Never used in this trail: can it go altogether?"));
  const open = principal.dangers.filter(name => !principal.dangers_closed.includes(name));
  if (principal.dangers_closed.length) box.append(make("p", { class: "good" }, "closes ", codes(principal.dangers_closed)));
  if (open.length) box.append(make("p", { class: "danger" }, "stays open ", codes(open)));
  if (principal.bits_before !== undefined && principal.changes)
    box.append(make("p", { class: "faint" }, `permits 2^${principal.bits_before.toFixed(0)} → 2^${(principal.bits_after || 0).toFixed(0)} requests`));
  return box;
}

function services(principal) {
  const cells = levels => LEVELS.filter(level => levels[level]).map(level => `${level} ${number(levels[level])}`).join(", ") || "–";
  return table(["service", "granted", "used", "goes", "unseen", "calls", "last"], principal.services.map(own => {
    const goes = make("span", {}, cells(own.goes));
    if (own.unused && own.unused.length) goes.append(folded("names", own.unused.length, () => codes(own.unused)));
    return [own.service, cells(own.granted), cells(own.used), goes, number(own.unseen), number(own.calls), day(own.last)];
  }).concat(others(principal, cells)));
}
const others = (principal, cells) => {
  const own = principal.other_services;
  return own ? [[folded("other services", own.services.length, () => codes(own.services)), cells(own.granted), "–", cells(own.goes), number(own.unseen), "0", "never"]] : [];
};

function inside(principal) {
  const box = make("div", { class: "inside" }, facts(principal));
  const own = findingsOf(principal.arn);
  if (own.length) box.append(make("h3", {}, "Findings"), ...own.map(finding));
  const days = heat(principal), granted = bars(principal);
  if (days) box.append(make("h3", {}, "Use by service and day"), days);
  if (granted) box.append(make("h3", {}, "Granted against used"), granted);
  if (principal.changes) box.append(proposal(principal));
  if (principal.prices && principal.prices.length) box.append(make("h3", {}, "Ways to run IAM, and their price"), prices(principal.prices));
  if (principal.services.length) box.append(folded("Services by access level", principal.services.length, () => services(principal)));
  if (principal.uses.length) box.append(folded("What was used, with events", principal.uses.length, () =>
    table(["action", "calls", "resources", "first", "last", "granted", "events"], principal.uses.map(own => [codes([own.action]), number(own.calls), number(own.resources), day(own.first), day(own.last), own.granted ? "yes" : "not by these policies", codes(own.event_ids)]))));
  if (principal.refusals.length) box.append(folded("What was refused", principal.refusals.length, () =>
    table(["action", "resource", "calls", "last", "what settles it", "events"], principal.refusals.map(own => [codes([own.action]), codes([own.resource]), number(own.calls), day(own.last), own.settled, codes(own.event_ids)]))));
  return box;
}
