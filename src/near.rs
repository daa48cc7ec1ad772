//! The nearest of several names, for "did you mean".

/// The candidate most like `wanted`, if any is like enough to be worth saying. Case is folded; ties
/// go to the one that sorts first.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    several(wanted, candidates, 1).into_iter().next()
}

/// The `most` candidates most like `wanted`, best first.
pub fn several<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let folded = wanted.to_ascii_lowercase();
    let mut scored: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (likeness(&folded, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(score, _)| *score >= LIKE_ENOUGH)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored
        .into_iter()
        .take(most)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// Below this a suggestion misleads more than it helps; found by trying misspelt IAM actions.
const LIKE_ENOUGH: f64 = 0.75;

fn likeness(a: &str, b: &str) -> f64 {
    let contained = !a.is_empty() && a.len() >= 4 && b.contains(a);
    strsim::normalized_damerau_levenshtein(a, b).max(if contained { 0.8 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_mended_and_a_stranger_is_not() {
        let names = ["PutObject", "GetObject", "DeleteObject"];
        assert_eq!(nearest("GetObjct", names), Some("GetObject"));
        assert_eq!(nearest("CreateCluster", names), None);
    }

    #[test]
    fn part_of_a_name_finds_the_whole() {
        assert_eq!(
            nearest("deploy", ["ci-deploy-prod", "analyst"]),
            Some("ci-deploy-prod")
        );
    }
}
