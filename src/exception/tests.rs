use super::*;

const GOOD: &str = r#"
# Decided in the change board.
[[exception]]
principals = ["role/break-glass", "user/admin-?"]
finding = "no-mfa"
reason = "hardware keys arrive in March"
until = 2027-03-31

[[exception]]
principals = ["arn:aws:iam::111122223333:role/restore"]
actions = ["rds:Restore*", "s3:GetObject"]
reason = "restores run once a year"
until = "2026-12-31"

[[exception]]
principals = ["role/old-*"]
proposal = true
reason = "goes with the old data centre"
until = 2026-06-30
"#;

fn good() -> Exceptions {
    let (read, said) = read(GOOD, "exceptions.toml");
    assert!(said.is_empty(), "{said:?}");
    read
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// The first error of a file: its line and what it says.
fn wrong(text: &str) -> (u64, String) {
    let (_, said) = read(text, "e.toml");
    let first = said
        .first()
        .unwrap_or_else(|| panic!("nothing is wrong with:\n{text}"));
    assert_eq!(first.code, Code::ExceptionShape);
    let place = first.place.as_ref().unwrap();
    assert_eq!(place.file, "e.toml");
    (place.line.unwrap(), first.message.clone())
}

#[test]
fn a_file_is_read_with_its_lines() {
    let list = good().list;
    assert_eq!(list.len(), 3);
    assert_eq!(list[0].excepts, Excepts::Finding("no-mfa".to_owned()));
    assert_eq!(list.iter().map(|own| own.line).collect::<Vec<_>>(), [3, 9, 15]);
    assert_eq!(list[1].until.to_string(), "2026-12-31");
    assert_eq!(list[2].excepts, Excepts::Proposal);
    assert!(list[0].names("arn:aws:iam::111122223333:user/team/admin-1"));
    assert!(list[0].names("arn:aws:iam::111122223333:role/break-glass"));
    assert!(!list[0].names("arn:aws:iam::111122223333:user/admin-10"));
    assert_eq!(
        read("", "e.toml"),
        (
            Exceptions {
                file: "e.toml".to_owned(),
                list: Vec::new()
            },
            Vec::new()
        )
    );
}

#[test]
fn a_slip_is_an_error_at_its_line() {
    let with = |line: &str| {
        format!(
            "[[exception]]\nprincipals = [\"role/a\"]\nproposal = true\nreason = \"r\"\nuntil = 2027-01-01\n{line}\n"
        )
    };
    assert_eq!(wrong(&with("owner = \"me\"")).0, 6);
    assert_eq!(wrong("[[exceptions]]\n").0, 1);
    let missing = |field: &str| {
        let text: String = with("")
            .lines()
            .filter(|line| !line.starts_with(field))
            .map(|line| format!("{line}\n"))
            .collect();
        wrong(&text)
    };
    assert!(missing("reason").1.contains("reason"));
    assert!(missing("until").1.contains("until"));
    assert!(missing("principals").1.contains("principals"));
    assert_eq!(
        missing("proposal"),
        (
            1,
            "it says not what it excepts: one of finding, proposal and actions".to_owned()
        )
    );
    assert!(wrong(&with("actions = [\"s3:*\"]")).1.contains("several"));
    for (from, to, line) in [
        ("2027-01-01", "2027-02-30", 5),
        ("2027-01-01", "\"2027-13-01\"", 5),
        ("2027-01-01", "\"soon\"", 5),
        ("2027-01-01", "2027-01-01T00:00:00Z", 5),
        ("2027-01-01", "20270101", 5),
        ("\"r\"", "\" \"", 4),
        ("true", "false", 3),
        ("[\"role/a\"]", "[]", 2),
        ("[\"role/a\"]", "[\"\"]", 2),
        ("[\"role/a\"]", "\"role/a\"", 2),
        ("proposal = true", "actions = [\"everything\"]", 3),
        ("proposal = true", "finding = \"\"", 3),
    ] {
        assert_eq!(wrong(&with("").replace(from, to)).0, line, "{to}");
    }
    assert_eq!(wrong("[[exception]\n").0, 1);
}

#[test]
fn an_exception_holds_to_the_end_of_its_day() {
    let on = |date: &str| good().list[1].holds(date.parse().unwrap());
    assert_eq!(on("2026-12-01"), Holds::InForce);
    assert_eq!(on("2026-12-16"), Holds::InForce);
    assert_eq!(on("2026-12-17"), Holds::EndsSoon);
    assert_eq!(on("2026-12-31"), Holds::EndsSoon);
    assert_eq!(on("2027-01-01"), Holds::Expired);
    let restore = "arn:aws:iam::111122223333:role/restore";
    assert_eq!(good().judged(at("2026-12-31T23:59:59Z")).of(restore).count(), 1);
    assert_eq!(good().judged(at("2027-01-01T00:00:00Z")).of(restore).count(), 0);
}

#[test]
fn findings_are_excepted_by_code_and_subject() {
    let judged = good().judged(at("2026-05-01T00:00:00Z"));
    let admin = "arn:aws:iam::111122223333:user/admin-1";
    assert_eq!(judged.is_excepted("no-mfa", admin).unwrap().line, 3);
    assert!(judged.is_excepted("old-key", admin).is_none());
    assert!(
        judged
            .is_excepted("no-mfa", "arn:aws:iam::111122223333:user/else")
            .is_none()
    );
    assert!(
        judged
            .of_proposal("arn:aws:iam::111122223333:role/old-1")
            .is_some()
    );
    let later = good().judged(at("2027-05-01T00:00:00Z"));
    assert!(later.is_excepted("no-mfa", admin).is_none());
    assert!(
        later
            .of_proposal("arn:aws:iam::111122223333:role/old-1")
            .is_none()
    );
}

#[test]
fn what_expired_ends_soon_or_matches_nothing_is_said() {
    let judged = good().judged(at("2026-12-20T00:00:00Z"));
    let (views, said) = judged.told(&[], &[]);
    let holds: Vec<Holds> = views.iter().map(|own| own.holds).collect();
    assert_eq!(holds, [Holds::InForce, Holds::EndsSoon, Holds::Expired]);
    let codes: Vec<(Code, u64)> = said
        .iter()
        .map(|own| (own.code, own.place.as_ref().unwrap().line.unwrap()))
        .collect();
    assert_eq!(
        codes,
        [
            (Code::ExceptionUnmatched, 3),
            (Code::ExceptionEnds, 9),
            (Code::ExceptionUnmatched, 9),
            (Code::ExceptionExpired, 15),
        ]
    );
    // What left something alone is not said to match nothing.
    let restore = "arn:aws:iam::111122223333:role/restore";
    let (views, said) = judged.told(&[], &[(restore, BTreeSet::from([9]))]);
    assert_eq!(views[1].matched, 1);
    assert_eq!(
        said.iter()
            .filter(|own| own.code == Code::ExceptionUnmatched)
            .count(),
        1
    );
}
