//! What a set of statements permits on the ARNs of a resource type.

use action_catalog::Service;

use super::width::{Parts, Template, Widths};
use crate::evaluate::symbolic::{self, Variables};
use crate::pattern::{Pattern, ResourcePattern};
use crate::policy::{Effect, Element, Statement, Version};

/// One entry of an Allow's resources; for `NotResource` all but a list.
#[derive(Debug)]
pub(super) struct Entry {
    parts: Parts,
    /// `NotResource`.
    but: Vec<Parts>,
    /// Whether the action on no particular resource is in it.
    star: bool,
    /// Whether it is the one resource that the policy stands on.
    own: bool,
    conditional: bool,
}

/// A Deny's resources.
#[derive(Debug)]
pub(super) struct Deny {
    list: Vec<Parts>,
    /// `NotResource`.
    except: bool,
    /// Whether some entry has a meaning that AWS does not document.
    opaque: bool,
    /// Whether the action on no particular resource is in it.
    star: bool,
    conditional: bool,
}

/// A statement, ready to be asked.
#[derive(Debug)]
pub(super) enum Ready {
    Allow(Vec<Entry>),
    Deny(Deny),
}

impl Ready {
    /// `conditional`: something else than action and resource decides as well.
    pub(super) fn new(
        own: &Statement,
        version: Version,
        conditional: bool,
        variables: &mut Variables,
    ) -> Self {
        let list = List::new(own.resource.as_ref(), version, variables);
        match own.effect {
            Effect::Deny => Self::Deny(Deny {
                star: if list.except {
                    !list.parts.iter().any(Parts::is_all)
                } else {
                    list.star
                },
                list: list.parts,
                except: list.except,
                opaque: list.opaque,
                conditional,
            }),
            Effect::Allow if list.except => Self::Allow(vec![Entry {
                parts: Parts::all(),
                but: list.parts,
                star: !list.star,
                own: false,
                conditional,
            }]),
            Effect::Allow => Self::Allow(list.allowed(own.resource.is_none(), conditional)),
        }
    }
}

/// The entries of a resource element.
struct List {
    parts: Vec<Parts>,
    except: bool,
    opaque: bool,
    /// Whether `*` is among them.
    star: bool,
}

impl List {
    fn new(element: Option<&Element>, version: Version, variables: &mut Variables) -> Self {
        let mut list = Self {
            parts: Vec::new(),
            except: element.is_some_and(Element::is_except),
            opaque: false,
            star: element.is_none(),
        };
        let texts = element.map_or(&[][..], Element::patterns);
        for text in texts {
            let one = symbolic::resource(text, version, variables);
            list.star |= one.symbolic == ResourcePattern::All;
            match (one.symbolic, one.widened) {
                (ResourcePattern::All, _) => list.parts.push(Parts::all()),
                (ResourcePattern::Parts(symbolic), ResourcePattern::Parts(widened)) => {
                    list.parts.extend(without_partition(*symbolic, *widened));
                }
                _ => list.opaque = true,
            }
        }
        if element.is_none() {
            list.parts.push(Parts::all());
        }
        list
    }

    fn allowed(self, own: bool, conditional: bool) -> Vec<Entry> {
        let entry = |parts: Parts| Entry {
            // Whether all ARNs stand for `*` as well is not documented: more rather than less.
            star: parts.is_all(),
            parts,
            but: Vec::new(),
            own,
            conditional,
        };
        self.parts.into_iter().map(entry).collect()
    }
}

/// `None` where no ARN matches, whatever the rest.
fn without_partition(symbolic: [Pattern; 6], widened: [Pattern; 6]) -> Option<Parts> {
    let [arn, _, service, region, account, last] = symbolic;
    let [.., wide] = widened;
    arn.matches("arn").then_some(Parts {
        heads: [service, region, account],
        last,
        wide,
    })
}

/// The statements that speak of an action.
#[derive(Debug, Default)]
pub(super) struct Set<'r> {
    /// By layer; the layer that grants comes first.
    pub(super) layers: Vec<Vec<&'r Entry>>,
    pub(super) denies: Vec<&'r Deny>,
}

/// What is permitted on a resource type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Permitted {
    pub(super) widths: Widths,
    /// Whether every way to it asks for more than action and resource.
    pub(super) conditional: bool,
}

impl Permitted {
    fn new(widths: Widths, conditional: bool) -> Self {
        Self { widths, conditional }
    }

    /// The widest of both; conditional where both are.
    fn or(self, other: Self) -> Self {
        let key = |one: &Self| (one.widths.total(), one.widths);
        let wider = if key(&self) >= key(&other) { self } else { other };
        Self::new(wider.widths, self.conditional && other.conditional)
    }
}

impl Set<'_> {
    /// What is permitted of the template's ARNs.
    pub(super) fn on(&self, template: &Template, service: &Service) -> Option<Permitted> {
        let (granting, limits) = self.layers.split_first()?;
        if limits.iter().any(Vec::is_empty) {
            return None;
        }
        let limits: Vec<Vec<(&Entry, Widths)>> = limits
            .iter()
            .map(|layer| taking(layer, template, service))
            .collect();
        let ways = taking(granting, template, service)
            .into_iter()
            .filter_map(|(entry, widths)| self.through(entry, widths, &limits, template));
        ways.reduce(Permitted::or)
    }

    /// What of one entry passes the limits. Each limit is asked by itself, which is never too little.
    fn through(
        &self,
        entry: &Entry,
        widths: Widths,
        limits: &[Vec<(&Entry, Widths)>],
        template: &Template,
    ) -> Option<Permitted> {
        let alone = [&entry.parts, &template.parts];
        let conditional = self.stays(&alone, &entry.but)? || entry.conditional;
        let mut ways = vec![Permitted::new(widths, conditional)];
        for limit in limits {
            let mut passing = Vec::new();
            for (other, widths) in limit.iter().filter(|(other, _)| other.parts.meets(&entry.parts)) {
                let both = [&entry.parts, &other.parts, &template.parts];
                if within(&both, &entry.but.iter().collect::<Vec<_>>()) {
                    continue;
                }
                let Some(conditional) = self.stays(&both, &other.but) else {
                    continue;
                };
                let conditional = conditional || other.conditional;
                passing.extend(
                    ways.iter()
                        .map(|way| Permitted::new(way.widths.min(*widths), way.conditional || conditional)),
                );
            }
            passing.sort_unstable_by_key(|way| (way.widths, way.conditional));
            passing.dedup();
            ways = passing;
        }
        ways.into_iter().reduce(Permitted::or)
    }

    /// `None` where an exception or an unconditional Deny covers what the patterns have in common;
    /// else whether a conditional Deny does.
    fn stays(&self, patterns: &[&Parts], but: &[Parts]) -> Option<bool> {
        if within(patterns, &but.iter().collect::<Vec<_>>()) || self.denied(patterns, false) {
            return None;
        }
        Some(self.denied(patterns, true))
    }

    /// Whether Denies cover what the patterns have in common.
    fn denied(&self, patterns: &[&Parts], conditional: bool) -> bool {
        let mut denies = self.denies.iter().filter(|deny| deny.conditional == conditional);
        let listed: Vec<&Parts> = denies
            .clone()
            .filter(|deny| !deny.except)
            .flat_map(|deny| &deny.list)
            .collect();
        let apart = |spared: &Parts| patterns.iter().any(|pattern| !pattern.meets(spared));
        within(patterns, &listed)
            || denies.any(|deny| deny.except && !deny.opaque && deny.list.iter().all(apart))
    }

    /// Whether the action is permitted on no particular resource.
    pub(super) fn on_star(&self) -> Option<Permitted> {
        let denied = |conditional| {
            let mut denies = self.denies.iter();
            denies.any(|deny| deny.star && !(deny.except && deny.opaque) && deny.conditional == conditional)
        };
        if denied(false) {
            return None;
        }
        let mut conditional = denied(true);
        for layer in &self.layers {
            let mut stars = layer.iter().filter(|entry| entry.star || entry.own).peekable();
            stars.peek()?;
            conditional |= stars.all(|entry| entry.conditional);
        }
        (!self.layers.is_empty()).then_some(Permitted::new(Widths::default(), conditional))
    }
}

/// The entries that take some of the template's ARNs, with how much.
fn taking<'r>(layer: &[&'r Entry], template: &Template, service: &Service) -> Vec<(&'r Entry, Widths)> {
    let taken = layer.iter().filter_map(|entry| {
        let widths = if entry.own {
            Widths::default()
        } else {
            template.taken(&entry.parts, service)?
        };
        Some((*entry, widths))
    });
    taken.collect()
}

/// Whether what the patterns have in common is in one or the other of `outers`: for each part it is
/// enough that one of them is.
fn within(patterns: &[&Parts], outers: &[&Parts]) -> bool {
    let heads_within = |outer: &&&Parts| {
        (0..outer.heads.len()).all(|at| {
            let outer = outer.heads.get(at);
            patterns.iter().any(|own| {
                own.heads
                    .get(at)
                    .zip(outer)
                    .is_some_and(|(own, outer)| own.is_subset(outer))
            })
        })
    };
    let lasts: Vec<&Pattern> = outers
        .iter()
        .filter(heads_within)
        .map(|outer| &outer.last)
        .collect();
    !lasts.is_empty() && patterns.iter().any(|own| own.last.is_subset_of_union(&lasts))
}
