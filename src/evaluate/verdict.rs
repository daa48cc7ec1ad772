//! From what each layer says to the answer
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>).

use smallvec::SmallVec;

use super::decide::{Allowing, Compiled, Match, Statement};
use super::layer::{Layer, StatementRef};
use super::named::{FORMS, Fit, Form};
use super::organization;
use super::principal::PrincipalKind;
use super::{Request, Truth};
use crate::policy::Effect;

/// The outcome, no certain Deny among the statements.
pub(super) enum Verdict {
    Allowed,
    Refused(Layer),
    Unknown(Vec<String>),
}

/// What the Allow statements of one layer say.
#[derive(Debug, Default)]
struct Answer {
    /// Whether one allows, by the form in which it names the principal.
    forms: Fit,
    /// Whether one allows in any form.
    allows: Truth,
    missing: Vec<String>,
}

/// What the statements that speak of a request say.
pub(super) struct Answers<'c> {
    compiled: &'c Compiled,
    request: Request<'c>,
    layers: SmallVec<[Answer; 4]>,
    /// A bit a layer.
    binds: u64,
    boundary: Truth,
    allowing: Allowing,
    denied: Truth,
    denied_missing: Vec<String>,
}

impl<'c> Answers<'c> {
    pub(super) fn new(compiled: &'c Compiled, request: &Request<'c>) -> Self {
        let mut binds = 0;
        let mut boundary = Truth::False;
        let mut layers = SmallVec::new();
        for (number, layer) in compiled.layers.iter().enumerate() {
            if organization::why_not_bound(*layer, request, &compiled.setting).is_none() {
                binds |= 1_u64.checked_shl(number as u32).unwrap_or(0);
            }
            if *layer == Layer::Boundary {
                boundary = Truth::True;
            }
            layers.push(Answer::default());
        }
        Self {
            compiled,
            request: *request,
            layers,
            binds,
            boundary,
            allowing: SmallVec::new(),
            denied: Truth::False,
            denied_missing: Vec::new(),
        }
    }

    /// Whether the layer at this place binds the request.
    pub(super) fn binds(&self, layer: usize) -> bool {
        self.binds.checked_shr(layer as u32).unwrap_or(0) & 1 == 1
    }

    /// Whether the principal has a permissions boundary.
    pub(super) fn boundary(&self) -> Truth {
        self.boundary
    }

    pub(super) fn layer(&self, place: usize) -> Layer {
        self.compiled
            .layers
            .get(place)
            .copied()
            .unwrap_or(Layer::Identity)
    }

    /// The same, unknown where it is not clear that the statement's layer binds.
    pub(super) fn as_far_as_bound(&self, statement: &Statement, mut matched: Match) -> Match {
        if matched.truth != Truth::True {
            return matched;
        }
        if let Some(missing) = organization::unclear(self.layer(statement.layer), &self.request) {
            matched.truth = Truth::Unknown;
            matched.missing.push(missing.to_owned());
        }
        matched
    }

    /// Takes up how a statement stands; its layer must bind.
    pub(super) fn add(&mut self, statement: &Statement, matched: Match) {
        if matched.truth == Truth::False {
            return;
        }
        if statement.effect == Effect::Deny {
            self.denied = self.denied.or(matched.truth);
            self.denied_missing.extend(matched.missing);
            return;
        }
        let layer = self.layer(statement.layer);
        if matched.truth == Truth::True && (layer == Layer::Identity || layer.is_of_resource()) {
            self.allowing.push(statement.reference);
        }
        if let Some(answer) = self.layers.get_mut(statement.layer) {
            answer.allows = answer.allows.or(matched.truth);
            for (own, form) in answer.forms.iter_mut().zip(matched.forms) {
                *own = own.or(form);
            }
            answer.missing.extend(matched.missing);
        }
    }

    pub(super) fn into_allowing(self) -> Vec<StatementRef> {
        self.allowing.into_vec()
    }

    /// What a layer says: [`Truth::True`] where it is not in force or does not bind.
    fn says(&self, layer: Layer) -> Truth {
        // RCPFullAWSAccess is attached everywhere and cannot be detached.
        if matches!(layer, Layer::Rcp(_)) {
            return Truth::True;
        }
        if layer == Layer::Session && self.is_federated_user() && self.in_force(layer).is_none() {
            // Without a session policy its session has no permissions of its user's
            // (<https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>).
            return Truth::False;
        }
        self.in_force(layer).map_or(Truth::True, |answer| {
            if answer.allows == Truth::False && self.compiled.setting.unknown.contains(&layer) {
                Truth::Unknown
            } else {
                answer.allows
            }
        })
    }

    fn in_force(&self, layer: Layer) -> Option<&Answer> {
        let place = self.compiled.layers.iter().position(|own| *own == layer)?;
        self.layers.get(place).filter(|_| self.binds(place))
    }

    /// The layers that must each allow, whatever the others say.
    fn gates(&self) -> impl Iterator<Item = (Layer, Truth)> {
        let layers = self.compiled.layers.iter().copied();
        layers
            .filter(|layer| matches!(layer, Layer::Scp(_) | Layer::Rcp(_) | Layer::Endpoint))
            .map(|layer| (layer, self.says(layer)))
    }

    /// The policy of the resource itself: its layer and what it says by form.
    fn resource(&self) -> Option<(Layer, Fit)> {
        [Layer::Trust, Layer::Key, Layer::Resource]
            .into_iter()
            .find_map(|layer| {
                let answer = self.in_force(layer)?;
                let unknown = self.compiled.setting.unknown.contains(&layer);
                let forms = answer
                    .forms
                    .map(|form| if unknown { form.or(Truth::Unknown) } else { form });
                Some((layer, forms))
            })
    }

    /// Whether principal and resource are of one account.
    fn same_account(&self, resource: Option<Layer>) -> Truth {
        let Some(principal) = self.request.principal else {
            return Truth::True;
        };
        match (&principal.account, self.request.account_of_resource()) {
            (Some(own), Some(other)) => (own == other).into(),
            // Without a resource policy the question is about identity policies.
            _ if resource.is_none() => Truth::True,
            _ => Truth::Unknown,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        let mut gates = Truth::True;
        for (layer, truth) in self.gates() {
            if truth == Truth::False {
                return Verdict::Refused(layer);
            }
            gates = gates.and(truth);
        }
        let resource = self.resource();
        // (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>)
        if self.kind() == Some(PrincipalKind::Root)
            && self.request.action.eq_ignore_ascii_case("sts:AssumeRole")
        {
            return Verdict::Refused(Layer::Trust);
        }
        let same = self.same_account(resource.map(|(layer, _)| layer));
        let (within, across) = (self.within_account(resource), self.across_accounts(resource));
        let access = match same {
            Truth::True => within,
            Truth::False => across,
            Truth::Unknown if within == across => within,
            Truth::Unknown => Truth::Unknown,
        };
        if access == Truth::False {
            return Verdict::Refused(self.refusing(resource, same));
        }
        match access.and(gates).and(self.denied.not()).and(self.all_known()) {
            Truth::True => Verdict::Allowed,
            _ => Verdict::Unknown(self.missing(same, within != across)),
        }
    }

    /// A layer whose text is not known may deny.
    fn all_known(&self) -> Truth {
        let unknown = |(place, layer): (usize, &Layer)| {
            self.binds(place) && self.compiled.setting.unknown.contains(layer)
        };
        Truth::from(!self.compiled.layers.iter().enumerate().any(unknown)).or(Truth::Unknown)
    }

    fn is_federated_user(&self) -> bool {
        self.kind() == Some(PrincipalKind::FederatedUser)
    }

    fn kind(&self) -> Option<PrincipalKind> {
        self.request.principal.map(|principal| principal.kind)
    }

    fn identity(&self) -> Truth {
        // The root user needs no identity policy.
        match self.kind() {
            Some(PrincipalKind::Root) => Truth::True,
            _ => self.says(Layer::Identity),
        }
    }

    fn limits(&self) -> Truth {
        self.says(Layer::Boundary).and(self.says(Layer::Session))
    }

    fn within_account(&self, resource: Option<(Layer, Fit)>) -> Truth {
        let limits = self.limits();
        let identity = self.identity().and(limits);
        let Some((layer, forms)) = resource else {
            return if self.has_identity() {
                identity
            } else {
                Truth::False
            };
        };
        let [account, everyone, behind, itself] = forms;
        // What boundary and session policies do to a grant to everybody is not documented.
        let to_everyone = everyone.and(if limits == Truth::True || !self.has_identity() {
            Truth::True
        } else {
            Truth::Unknown
        });
        let behind = match self.kind() {
            // Whether the grant to its user passes the user's identity policy over is not documented.
            Some(PrincipalKind::FederatedUser) => behind.and(Truth::Unknown),
            _ => behind,
        };
        // A user whom a trust policy names needs a boundary that allows; of a session AWS does not say
        // (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html>).
        let itself = match (layer, self.kind()) {
            (Layer::Trust, Some(PrincipalKind::User)) => itself.and(limits),
            (Layer::Trust, Some(PrincipalKind::Session)) => itself.and(limits.or(Truth::Unknown)),
            _ => itself,
        };
        let direct = itself.or(behind.and(limits)).or(to_everyone);
        match layer {
            _ if !self.has_identity() => direct,
            // These must allow by themselves; a grant to the account hands the question on.
            Layer::Trust | Layer::Key => direct.or(account.and(identity)),
            _ => direct.or(identity),
        }
    }

    fn across_accounts(&self, resource: Option<(Layer, Fit)>) -> Truth {
        let Some((_, forms)) = resource else {
            return Truth::False;
        };
        let granted = super::named::any(&forms);
        if self.has_identity() {
            granted.and(self.identity()).and(self.limits())
        } else {
            granted
        }
    }

    /// Whether the principal is one that identity policies can be attached to.
    fn has_identity(&self) -> bool {
        self.request.principal.is_none_or(super::Principal::is_iam)
    }

    /// The outermost layer whose missing Allow refuses the request.
    fn refusing(&self, resource: Option<(Layer, Fit)>, same: Truth) -> Layer {
        let policy = resource.map_or(Layer::Resource, |(layer, _)| layer);
        if !self.has_identity() {
            return policy;
        }
        let limit = [Layer::Boundary, Layer::Session]
            .into_iter()
            .find(|layer| self.says(*layer) == Truth::False);
        if let Some(layer) = limit {
            return layer;
        }
        let granted = resource.is_some_and(|(_, forms)| super::named::any(&forms) != Truth::False);
        let needed = same == Truth::False || matches!(policy, Layer::Trust | Layer::Key);
        if needed && !granted {
            policy
        } else {
            Layer::Identity
        }
    }

    fn missing(&self, same: Truth, matters: bool) -> Vec<String> {
        let mut missing = self.denied_missing.clone();
        for (place, layer) in self.compiled.layers.iter().enumerate() {
            if !self.binds(place) {
                continue;
            }
            let Some(answer) = self.layers.get(place) else {
                continue;
            };
            let open = answer.allows == Truth::Unknown || answer.forms.contains(&Truth::Unknown);
            if open {
                missing.extend(answer.missing.iter().cloned());
            }
            if self.compiled.setting.unknown.contains(layer) {
                missing.push(layer.to_string());
            }
        }
        if same == Truth::Unknown && matters {
            missing.push("resource account".to_owned());
        }
        if missing.is_empty() {
            // Only a grant to everybody behind a boundary or session policy gets here.
            missing.push("principal".to_owned());
        }
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Whether the layer at this place allows, as the explanation shows it.
    pub(super) fn shown(&self, place: usize) -> Truth {
        self.says(self.layer(place))
    }

    /// Whether a statement of the layer names the principal only by its account.
    pub(super) fn only_delegates(&self, place: usize) -> bool {
        let Some(answer) = self.layers.get(place) else {
            return false;
        };
        let by = |form: Form| answer.forms.get(form as usize).copied().unwrap_or_default();
        by(Form::Account) == Truth::True
            && [Form::Everyone, Form::Behind, Form::Itself]
                .into_iter()
                .all(|form| by(form) == Truth::False)
    }
}

const _: () = assert!(FORMS == 4, "the forms are taken apart by place above");
