use super::*;

fn principal(arn: &str, standing: Standing) -> PrincipalReview {
    PrincipalReview {
        arn: arn.to_owned(),
        standing,
        ..PrincipalReview::default()
    }
}

fn ranked(principals: Vec<PrincipalReview>) -> Vec<String> {
    let review = assemble(principals, Vec::new(), &Visibility::default(), Vec::new());
    review.principals.into_iter().map(|own| own.arn).collect()
}

#[test]
fn dangerous_paths_come_before_many_actions() {
    let mut reads = principal("a", Standing::Active);
    reads.goes.read = 5_000;
    let mut writes = principal("b", Standing::Active);
    writes.goes.write = 1;
    let mut closes = principal("c", Standing::Active);
    closes.dangers_closed = vec!["attach-user-policy"];
    let quiet = principal("d", Standing::Active);
    assert_eq!(ranked(vec![quiet, reads, writes, closes]), ["c", "b", "a", "d"]);
}

#[test]
fn who_was_never_used_ranks_by_all_that_it_holds() {
    let mut idle = principal("a", Standing::NeverUsed);
    idle.dangers = vec!["attach-user-policy", "pass-any-role"];
    let mut fresh = principal("b", Standing::New);
    fresh.dangers.clone_from(&idle.dangers);
    let mut active = principal("c", Standing::Active);
    active.dangers_closed = vec!["pass-any-role"];
    assert_eq!(ranked(vec![fresh, active, idle]), ["a", "c", "b"]);
}
