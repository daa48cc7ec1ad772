//! With which credentials, from where and with which programs a user calls: enough to say whether a key is used
//! by a program, on AWS's own compute, or by several people. Kept only where it is asked for
//! ([`super::Interest::callers`]), and only of users: a role's sessions have keys of their own by design.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Days, day_of};
use crate::trail::{Event, PrincipalKind};

/// Distinct things that are kept of a kind; of more the first by name stay, and it says so.
const MOST: usize = 64;

/// Things by name, each with its days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    own: BTreeMap<String, Days>,
    more: bool,
}

impl Named {
    pub(super) fn add(&mut self, name: &str, day: i32, calls: u64) {
        match self.own.get_mut(name) {
            Some(days) => days.add(day, calls),
            None => {
                let mut days = Days::default();
                days.add(day, calls);
                self.own.insert(name.to_owned(), days);
                self.bound();
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.more |= other.more;
        for (name, days) in other.own {
            self.own.entry(name).or_default().merge(days);
        }
        self.bound();
    }

    /// What sorts first of all stays in every part as well, so its count is whole in every order of merging.
    fn bound(&mut self) {
        while self.own.len() > MOST {
            self.own.pop_last();
            self.more = true;
        }
    }

    /// Each with its days, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Days)> {
        self.own.iter().map(|(name, days)| (name.as_str(), days))
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.own.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// Whether there were more than are kept.
    pub fn is_more(&self) -> bool {
        self.more
    }
}

/// What calls with long-term access keys, and all calls, have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callers {
    /// Long-term access keys (`AKIA…`), masked but for the kind and the last four letters.
    pub keys: Named,
    /// Programs of calls with long-term keys: [`agent_of`].
    pub key_agents: Named,
    /// AWS's own compute that calls with long-term keys come from: `exec-env/…` of the user agent.
    pub key_compute: Named,
    /// VPC endpoints that calls with long-term keys came through.
    pub key_endpoints: Named,
    /// Networks (/24, of IPv6 /48) of all calls.
    pub networks: Named,
    /// Installations of tools that people use, of all calls: [`installation_of`].
    pub installations: Named,
}

impl Callers {
    /// Adds a call. What a service does on the user's behalf has the service's address and agent.
    pub(super) fn add(&mut self, event: &Event<'_>) {
        let caller = &event.caller;
        if caller.principal.kind != PrincipalKind::User || caller.invoked_by.is_some() {
            return;
        }
        let (day, calls) = (day_of(event.time), event.times);
        let agent = event.user_agent.as_deref().unwrap_or_default();
        if let Some(network) = event.source_ip.as_deref().and_then(network_of) {
            self.networks.add(&network, day, calls);
        }
        if let Some(installation) = installation_of(agent) {
            self.installations.add(&installation, day, calls);
        }
        // Long-term keys of users begin so
        // (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes>).
        let Some(key) = caller.access_key.as_deref().filter(|key| key.starts_with("AKIA")) else {
            return;
        };
        self.keys.add(&masked(key), day, calls);
        self.key_agents.add(&agent_of(agent), day, calls);
        if let Some(compute) = compute_of(agent) {
            self.key_compute.add(compute, day, calls);
        }
        if let Some(endpoint) = event.vpc_endpoint.as_deref() {
            self.key_endpoints.add(endpoint, day, calls);
        }
    }

    /// Adds what another part of the trail shows.
    pub(super) fn merge(&mut self, other: Self) {
        self.keys.merge(other.keys);
        self.key_agents.merge(other.key_agents);
        self.key_compute.merge(other.key_compute);
        self.key_endpoints.merge(other.key_endpoints);
        self.networks.merge(other.networks);
        self.installations.merge(other.installations);
    }
}

/// The kind and the last four letters of an access key's id, as AWS's console shows it; of one that is masked
/// already, what is there.
fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    if letters.len() < 16 || !key.chars().all(|c| c.is_ascii_alphanumeric()) {
        return letters.iter().take(4).chain(&['*'; 3]).collect();
    }
    letters
        .iter()
        .take(4)
        .chain(&['*'; 3])
        .chain(letters.iter().skip(letters.len() - 4))
        .collect()
}

/// The /24, of IPv6 the /48, of an address; `None` for what is no address (a service's name).
fn network_of(text: &str) -> Option<String> {
    match text.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(_) => super::network_of(text),
        std::net::IpAddr::V6(own) => {
            let [a, b, c, ..] = own.segments();
            Some(format!("{}/48", std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
        }
    }
}

/// The first product of a user agent, without its version: `aws-sdk-go-v2`.
pub fn agent_of(agent: &str) -> String {
    // Some are written in brackets: `[aws-cli/2.15]`.
    let first = agent.trim_start_matches('[').split([' ', ']']).next();
    let name = first
        .and_then(|first| first.split('/').next())
        .unwrap_or_default();
    if name.is_empty() { "(none)" } else { name }.to_owned()
}

/// Where the SDK says it runs: the value of `AWS_EXECUTION_ENV`, which Lambda, ECS, EC2 and others set
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/user-agent.html>).
fn compute_of(agent: &str) -> Option<&str> {
    let rest = agent.split("exec-env/").nth(1)?;
    let name = rest.split([' ', ']', ')', ';']).next()?;
    // CloudShell is a person at a console.
    let compute = name.starts_with("AWS_") || name == "EC2";
    (compute && !name.eq_ignore_ascii_case("CloudShell")).then_some(name)
}

/// Tools that people use by hand, as their user agents begin.
const BY_HAND: [&str; 4] = ["aws-cli", "Mozilla", "aws-toolkit-vscode", "AWSPowerShell.Common"];

/// One installation of a tool that people use by hand: product, version without the patch level and operating
/// system. `None` for programs, for a tool on AWS's own compute, and in CI.
pub fn installation_of(agent: &str) -> Option<String> {
    let product = agent_of(agent);
    if !BY_HAND.contains(&product.as_str()) || compute_of(agent).is_some() || agent.contains("amzn") {
        return None;
    }
    let text = agent.trim_matches(['[', ']']);
    if product == "Mozilla" {
        // A browser names its system in the first brackets; its version changes every few weeks.
        let system = text.split(['(', ')']).nth(1).unwrap_or_default();
        return Some(format!(
            "browser ({})",
            system.split(';').next().unwrap_or_default()
        ));
    }
    let first = text.split(' ').next().unwrap_or_default();
    let version: Vec<&str> = first
        .split('/')
        .nth(1)
        .unwrap_or_default()
        .split('.')
        .take(2)
        .collect();
    let known = |part: &&str| {
        part.starts_with("os/")
            || ["Darwin/", "Linux/", "Windows/"]
                .iter()
                .any(|own| part.starts_with(own))
    };
    let system = text.split(' ').find(known).unwrap_or_default();
    let system = system
        .split(['#', '/'])
        .find(|part| *part != "os")
        .unwrap_or_default();
    let name = format!("{product}/{} {}", version.join("."), system);
    Some(name.trim_end().to_owned())
}

/// Whether a program is one that people use by hand.
pub fn is_by_hand(agent: &str) -> bool {
    BY_HAND.contains(&agent)
        || [
            "console.amazonaws.com",
            "signin.amazonaws.com",
            "AWS Internal",
            "(none)",
        ]
        .contains(&agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_kept_whole() {
        assert_eq!(masked("AKIAIOSFODNN7EXAMPLE"), "AKIA***MPLE");
        assert_eq!(masked("AKIA***"), "AKIA***");
        assert_eq!(masked("AKIA"), "AKIA***");
    }

    #[test]
    fn agents_are_told_apart() {
        let cli = "aws-cli/2.31.4 md/awscrt#0.27 ua/2.1 os/macos#25.0.0 md/arch#arm64 lang/python#3.13";
        assert_eq!(installation_of(cli).as_deref(), Some("aws-cli/2.31 macos"));
        let old = "aws-cli/1.22.34 Python/3.10.12 Linux/6.8.0-1015-aws botocore/1.23.34";
        assert_eq!(installation_of(old).as_deref(), Some("aws-cli/1.22 Linux"));
        let browser = "[Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36]";
        assert_eq!(
            installation_of(browser).as_deref(),
            Some("browser (Windows NT 10.0)")
        );
        let lambda = "aws-sdk-go-v2/1.30 os/linux exec-env/AWS_Lambda_go1.x lang/go#1.22";
        assert_eq!(installation_of(lambda), None);
        assert_eq!(compute_of(lambda), Some("AWS_Lambda_go1.x"));
        assert_eq!(compute_of("aws-cli/2.31 exec-env/CloudShell"), None);
        assert_eq!(agent_of("Boto3/1.34 md/Botocore#1.34"), "Boto3");
        assert_eq!(agent_of(""), "(none)");
    }

    #[test]
    fn many_names_are_bounded_in_every_order() {
        let part = |from: usize| {
            let mut own = Named::default();
            (from..from + 50).for_each(|at| own.add(&format!("{at:03}"), 1, 1));
            own
        };
        let (one, two, three) = (part(0), part(30), part(60));
        let merged = |order: [&Named; 3]| {
            let mut all = Named::default();
            order.iter().for_each(|own| all.merge((*own).clone()));
            all
        };
        let all = merged([&one, &two, &three]);
        assert_eq!(all, merged([&three, &one, &two]));
        assert_eq!(all, merged([&two, &three, &one]));
        assert!(all.is_more() && all.len() == MOST);
    }

    #[test]
    fn an_ipv6_network_is_a_48() {
        assert_eq!(network_of("2001:db8:1:2::7").as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(network_of("203.0.113.9").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network_of("s3.amazonaws.com"), None);
    }
}
