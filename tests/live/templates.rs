//! CloudFormation templates as `recommend` prints them, by cfn-lint.

use std::process::Command;

use serde_json::Value;

use crate::servers::cfn_lint;

const EXAMPLES: [(&str, &str); 4] = [
    ("ci-deploy", "role/ci-deploy"),
    ("data-job", "role/nightly-export"),
    ("analyst", "user/dana"),
    ("boundary", "role/team-app-builder"),
];

#[test]
fn cfn_lint_has_nothing_to_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for (name, principal) in EXAMPLES {
        let output = Command::new(env!("CARGO_BIN_EXE_leastgrant"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["recommend", principal, "--format", "cloudformation"])
            .args(["--trail", &format!("examples/{name}/trail")])
            .args(["--grants", &format!("examples/{name}/grants.json")])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let template: Value = serde_json::from_slice(&output.stdout).unwrap();
        let resources = template["Resources"].as_object().unwrap();
        assert!(!resources.is_empty(), "{name}");
        kinds.extend(
            resources
                .values()
                .map(|own| own["Type"].as_str().unwrap().to_owned()),
        );
        let path = folder.path().join(format!("{name}.json"));
        std::fs::write(&path, &output.stdout).unwrap();
        assert_eq!(cfn_lint(&path), "", "{name}");
    }
    assert!(kinds.contains("AWS::IAM::ManagedPolicy"), "{kinds:?}");
    // And it does speak where there is something to say.
    let path = folder.path().join("broken.json");
    std::fs::write(
        &path,
        r#"{"Resources": {"A": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {}}}}"#,
    )
    .unwrap();
    assert!(cfn_lint(&path).contains("E3003"));
}
