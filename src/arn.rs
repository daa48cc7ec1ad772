//! Amazon Resource Names, split the way IAM splits them: on the first five colons.

/// The six parts of an ARN, borrowed from its text.
///
/// The last part keeps every further `:` and `/` it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, `aws-iso`, …
    pub partition: &'a str,
    /// The service namespace: `s3`, `lambda`, …
    pub service: &'a str,
    /// Empty for global resources.
    pub region: &'a str,
    /// Empty where the resource's name is unique by itself (S3 buckets).
    pub account: &'a str,
    /// All after the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits `text`; `None` where it does not start with `arn:` or has fewer than six parts.
    pub fn parse(text: &'a str) -> Option<Self> {
        if !text.starts_with("arn:") {
            return None;
        }
        let [_, partition, service, region, account, resource] = split_pattern(text)?;
        Some(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }
}

/// The six parts of an ARN *pattern* (the text `arn` itself included), for matching part by part.
///
/// `None` where there are fewer than six.
pub fn split_pattern(text: &str) -> Option<[&str; 6]> {
    // One look at each byte: this is asked of every resource of every event.
    let mut colons = text.bytes().enumerate().filter(|(_, byte)| *byte == b':');
    let mut from = 0;
    let mut part = || {
        let (to, _) = colons.next()?;
        let part = text.get(from..to);
        from = to + 1;
        part
    };
    let head = [part()?, part()?, part()?, part()?, part()?];
    let [arn, partition, service, region, account] = head;
    let resource = text.get(from..)?;
    Some([arn, partition, service, region, account, resource])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_keeps_its_colons_and_slashes() {
        let arn =
            Arn::parse("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/x:log-stream:a/b").unwrap();
        assert_eq!(arn.service, "logs");
        assert_eq!(arn.resource, "log-group:/aws/lambda/x:log-stream:a/b");
    }

    #[test]
    fn too_few_parts_are_no_arn() {
        assert_eq!(
            Arn::parse("arn:aws:s3:::"),
            Some(Arn {
                partition: "aws",
                service: "s3",
                region: "",
                account: "",
                resource: ""
            })
        );
        assert_eq!(Arn::parse("arn:aws:s3::"), None);
        assert_eq!(Arn::parse("bucket"), None);
    }
}
