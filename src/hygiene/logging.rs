//! Whether what happens is recorded: trails and AWS Config.

use super::rule::{
    CONFIG_OFF, CONFIG_STOPPED, Rule, TRAIL_CHANGED, TRAIL_DELETED, TRAIL_MISSING, TRAIL_ONE_REGION,
    TRAIL_STOPPED, TRAIL_WITHOUT_DATA_EVENTS, TRAIL_WITHOUT_VALIDATION,
};
use super::{Case, Finding, Proof, Trail};
use crate::diagnostic::Severity;
use crate::evidence::Matter;

pub(super) fn find(case: &Case<'_>, found: &mut Vec<Finding>) {
    let arn = case.account_arn();
    trails(case, &arn, found);
    happened(case, &arn, found);
    let Some(config) = &case.given.config else { return };
    let off = |detail: &str| {
        Finding::new(&CONFIG_OFF, &arn, "AWS Config records nothing")
            .proof([Proof::of("AWS Config", detail)])
            .command("aws configservice start-configuration-recorder --configuration-recorder-name NAME")
    };
    let names: Vec<&str> = config
        .recording
        .iter()
        .flatten()
        .filter(|(_, on)| !on)
        .map(|(name, _)| name.as_str())
        .collect();
    if config.recorders.as_ref().is_some_and(Vec::is_empty) {
        found.push(off("there is no configuration recorder"));
    } else if !names.is_empty() {
        found.push(off(&format!("recording is false: {}", names.join(", "))));
    } else if config.recording.as_ref().is_some_and(Vec::is_empty) && config.recorders.is_none() {
        found.push(off("there is no recorder of which a status is known"));
    }
}

fn trails(case: &Case<'_>, arn: &str, found: &mut Vec<Finding>) {
    let Some(settings) = &case.given.trails else {
        return;
    };
    if settings.unnamed.contains(&false) {
        let proof = Proof::of(
            "trail settings",
            "IsLogging is false in a status that names no trail",
        );
        found.push(Finding::new(&TRAIL_STOPPED, arn, "a trail is switched off").proof([proof]));
    }
    let Some(trails) = &settings.trails else { return };
    if trails.is_empty() {
        let proof = Proof::of("trail settings", "describe-trails lists none");
        let command = "aws cloudtrail create-trail --name NAME --s3-bucket-name BUCKET --is-multi-region-trail --enable-log-file-validation";
        found.push(
            Finding::new(&TRAIL_MISSING, arn, "the account has no trail")
                .proof([proof])
                .command(command),
        );
        return;
    }
    let list = |what: &str| {
        trails
            .iter()
            .map(move |own| Proof::of("trail settings", format!("{}: {what}", own.name)))
            .collect::<Vec<_>>()
    };
    if trails.iter().all(|own| !own.all_regions) {
        let command = format!(
            "aws cloudtrail update-trail --name {} --is-multi-region-trail",
            first(trails)
        );
        let finding = Finding::new(&TRAIL_ONE_REGION, arn, "no trail records all regions");
        found.push(
            finding
                .proof(list("IsMultiRegionTrail is false"))
                .command(command),
        );
    }
    if trails.iter().all(|own| own.data_events == Some(false)) {
        let command = format!(
            "aws cloudtrail put-event-selectors --trail-name {} --advanced-event-selectors file://selectors.json",
            first(trails)
        );
        let finding = Finding::new(&TRAIL_WITHOUT_DATA_EVENTS, arn, "no trail records data events");
        found.push(
            finding
                .proof(list("its selectors have no data events"))
                .command(command),
        );
    }
    for trail in trails {
        of_trail(trail, found);
    }
}

fn first(trails: &[Trail]) -> &str {
    trails.first().map_or("NAME", |own| own.name.as_str())
}

fn of_trail(trail: &Trail, found: &mut Vec<Finding>) {
    let name = &trail.name;
    if trail.logging == Some(false) {
        let proof = Proof::of("trail settings", "IsLogging is false");
        let finding = Finding::new(&TRAIL_STOPPED, name, "the trail is switched off").proof([proof]);
        found.push(finding.command(format!("aws cloudtrail start-logging --name {name}")));
    }
    if !trail.validation {
        let proof = Proof::of("trail settings", "LogFileValidationEnabled is false");
        let finding =
            Finding::new(&TRAIL_WITHOUT_VALIDATION, name, "the trail writes no digests").proof([proof]);
        found.push(finding.command(format!(
            "aws cloudtrail update-trail --name {name} --enable-log-file-validation"
        )));
    }
}

/// What the trail itself shows of its being switched off.
fn happened(case: &Case<'_>, arn: &str, found: &mut Vec<Finding>) {
    let kinds: [(Matter, &'static Rule, &str); 5] = [
        (Matter::TrailSwitched, &TRAIL_STOPPED, "StopLogging"),
        (Matter::TrailDeleted, &TRAIL_DELETED, "DeleteTrail"),
        (Matter::TrailChanged, &TRAIL_CHANGED, ""),
        (
            Matter::RecorderSwitched,
            &CONFIG_STOPPED,
            "StopConfigurationRecorder",
        ),
        (
            Matter::RecorderDeleted,
            &CONFIG_STOPPED,
            "DeleteConfigurationRecorder",
        ),
    ];
    for (matter, rule, wanted) in kinds {
        let Some(happened) = case.ledger.happenings.of(matter) else {
            continue;
        };
        // A switch that is only ever put on is no finding.
        if !happened.latest.iter().any(|own| own.name.starts_with(wanted)) {
            continue;
        }
        let proof: Vec<Proof> = happened.latest.iter().map(Proof::event).collect();
        // A recorder both stopped and deleted is one finding.
        if let Some(known) = found
            .iter_mut()
            .find(|own| own.code == rule.code && own.subject == arn)
        {
            known.evidence.extend(proof);
            continue;
        }
        let last = happened
            .latest
            .iter()
            .rev()
            .find(|own| own.name.starts_with(wanted));
        let message = match last {
            Some(own) => format!("{} by {} at {}", own.name, own.by, own.time),
            None => rule.title.to_owned(),
        };
        let mut finding = Finding::new(rule, arn, message).proof(proof);
        // Switched on again since: a gap, not a trail that is off.
        if happened
            .latest
            .last()
            .is_some_and(|own| own.name.starts_with("Start"))
        {
            finding.severity = finding.severity.max(Severity::Warning);
        }
        found.push(finding);
    }
}
