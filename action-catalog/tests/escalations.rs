//! `escalations.json` as it was packed.

use std::collections::BTreeSet;

use action_catalog::{EscalationKind, EscalationOn, action, escalations};

#[test]
fn it_is_all_there_and_sorted() {
    let names: Vec<&str> = escalations().iter().map(|own| own.name.as_str()).collect();
    assert!(names.len() >= 60, "{}", names.len());
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(unique.into_iter().collect::<Vec<_>>(), names);
    for name in names {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(name.chars().all(kebab), "{name}");
    }
}

#[test]
fn every_action_exists_and_every_source_is_an_address() {
    for own in escalations() {
        assert!(own.source.starts_with("https://"), "{}", own.name);
        assert!(own.title.starts_with("Can "), "{}", own.name);
        assert!(!own.title.ends_with('.'), "{}", own.name);
        assert!(!own.all.is_empty(), "{}", own.name);
        for named in &own.all {
            assert!(!named.is_empty(), "{}", own.name);
            for name in named {
                let (service, found) = action(name).unwrap_or_else(|| panic!("{}: {name}", own.name));
                assert_eq!(format!("{}:{}", service.prefix, found.name), *name);
            }
        }
    }
}

#[test]
fn no_two_paths_are_the_same() {
    let mut seen = BTreeSet::new();
    for own in escalations() {
        let actions: Vec<&[String]> = own.all.iter().map(Vec::as_slice).collect();
        assert!(seen.insert(actions), "{}", own.name);
    }
}

#[test]
fn a_role_is_passed_where_the_danger_is_the_role() {
    for own in escalations().iter().filter(|own| own.on == EscalationOn::Role) {
        assert!(
            own.all.iter().flatten().any(|action| action == "iam:PassRole"),
            "{}",
            own.name
        );
    }
}

#[test]
fn every_kind_is_written_as_in_the_data() {
    let data = include_str!("../escalations.json");
    for kind in [
        EscalationKind::PrivilegeEscalation,
        EscalationKind::CredentialExposure,
        EscalationKind::PublicAccess,
        EscalationKind::PermissionsManagement,
        EscalationKind::DataExposure,
    ] {
        assert!(data.contains(&format!("\"{}\"", kind.as_str())), "{kind:?}");
        assert!(escalations().iter().any(|own| own.kind == kind), "{kind:?}");
    }
}
