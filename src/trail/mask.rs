//! Takes out of a record what nobody but its caller should hold: CloudTrail hides most secrets itself, not all.

use serde_json::Value;

/// What stands in place of what was taken out.
pub const MASK: &str = "***";

/// Parts of names, in lower case without separators, whose values are secrets.
const SECRET: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secretstring",
    "secretbinary",
    "secretaccesskey",
    "sessiontoken",
    "securitytoken",
    "privatekey",
    "authtoken",
    "accesstoken",
    "refreshtoken",
    "clientsecret",
];

/// Masks, however deep, every value whose name says that it is a secret, and the ids of access keys but for
/// their first letters, which say of what kind they are.
///
/// Names of things stay: a `secretId` is the name of a secret, a `nextToken` opens nothing.
pub fn mask(record: &mut Value) {
    match record {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let plain: String = name
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .map(|c| c.to_ascii_lowercase())
                    .collect();
                match value {
                    Value::String(id) if plain == "accesskeyid" => {
                        let kind: String = id.chars().take(4).collect();
                        *id = format!("{kind}{MASK}");
                    }
                    // What an object of such a name holds is looked at by its own names.
                    Value::String(_) | Value::Array(_) | Value::Number(_)
                        if SECRET.iter().any(|secret| plain.contains(secret)) =>
                    {
                        *value = Value::String(MASK.to_owned());
                    }
                    _ => mask(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mask),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_go_and_names_stay() {
        let mut record = json!({
            "userIdentity": {"accessKeyId": "ASIAEXAMPLE000000000", "arn": "arn:aws:sts::111122223333:assumed-role/app/run"},
            "requestParameters": {"masterUserPassword": "hunter2", "secretId": "db", "nextToken": "n", "Environment": {
                "AUTH_TOKEN": "t"}, "list": [{"clientSecret": "c"}], "passwordPolicy": {"minimumLength": 8}},
            "responseElements": {"credentials": {"sessionToken": "s", "accessKeyId": "AKIAEXAMPLE", "expiration": "x"}},
        });
        mask(&mut record);
        assert_eq!(
            record,
            json!({
                "userIdentity": {"accessKeyId": "ASIA***", "arn": "arn:aws:sts::111122223333:assumed-role/app/run"},
                "requestParameters": {"masterUserPassword": "***", "secretId": "db", "nextToken": "n", "Environment": {
                    "AUTH_TOKEN": "***"}, "list": [{"clientSecret": "***"}], "passwordPolicy": {"minimumLength": 8}},
                "responseElements": {"credentials": {"sessionToken": "***", "accessKeyId": "AKIA***", "expiration": "x"}},
            })
        );
    }
}
