//! Amazon Resource Names, split the way IAM splits them: on the first five colons.

use wide::u8x16;

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
    let mut colons = Places::of(text, b':');
    let mut from = 0;
    let mut part = || {
        let to = colons.next()?;
        let part = text.get(from..to);
        from = to + 1;
        part
    };
    let head = [part()?, part()?, part()?, part()?, part()?];
    let [arn, partition, service, region, account] = head;
    let resource = text.get(from..)?;
    Some([arn, partition, service, region, account, resource])
}

/// The text before the first such byte (ASCII), all of it where there is none.
pub(crate) fn before(text: &str, byte: u8) -> &str {
    let to = Places::of(text, byte).next().unwrap_or(text.len());
    text.get(..to).unwrap_or(text)
}

/// Where a byte (ASCII) is in a text. This is asked of every resource of every event, so bytes are looked at sixteen
/// at a time.
struct Places<'a> {
    byte: u8,
    bytes: &'a [u8],
    /// Where the block starts that is looked at.
    at: usize,
    /// The places in it that are still to be told, a bit each.
    mask: u32,
}

impl<'a> Places<'a> {
    #[inline]
    fn of(text: &'a str, byte: u8) -> Self {
        let mut places = Self {
            byte,
            bytes: text.as_bytes(),
            at: 0,
            mask: 0,
        };
        places.look();
        places
    }

    fn look(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let block = rest.first_chunk::<16>().copied().unwrap_or_else(|| {
            let mut block = [0; 16];
            block.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
            block
        });
        self.mask = u8x16::new(block).simd_eq(self.byte).to_bitmask();
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            self.at += 16;
            if self.at >= self.bytes.len() {
                return None;
            }
            self.look();
        }
        let found = self.at + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(found)
    }
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
    fn colons_are_found_wherever_they_are() {
        for len in 0..70 {
            for step in 1..20 {
                let text: String = (0..len)
                    .map(|at| if at % step == 0 { ':' } else { 'x' })
                    .collect();
                let expected: Vec<usize> = text.match_indices(':').map(|(at, _)| at).collect();
                assert_eq!(Places::of(&text, b':').collect::<Vec<_>>(), expected, "{text}");
            }
        }
        assert_eq!(Places::of("é:ü:", b':').collect::<Vec<_>>(), [2, 5]);
        assert_eq!(
            (before("é/ü", b'/'), before("éü", b'/'), before("", b'/')),
            ("é", "éü", "")
        );
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
