//! A trail in its bucket: `s3://BUCKET/PREFIX`, in the layouts of an account and of an organization.
//!
//! Keys are `AWSLogs/[ORGANIZATION/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/FILE.json.gz`, with the trail's
//! prefix before them
//! (<https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html>).
//! Account, region and day decide before an object is opened; a place that is laid out otherwise is read
//! whole.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::civil::Date;
use serde_json::Value;

use super::client::{Call, Client};
use super::document::{list, text};
use super::failure::Failure;
use super::operation;
use super::wire::{encoded_path, query};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::source::layout::{day_of, is_account, log_path};
use crate::source::{Item, Scope, Store};

/// What of a bucket is wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Which objects.
    pub scope: Scope,
    /// Where fetched objects are kept, and looked for first.
    pub keep: Option<PathBuf>,
}

/// A trail in a bucket.
pub struct BucketTrail<'c> {
    client: &'c Client,
    bucket: String,
    prefix: String,
    wanted: Wanted,
    objects: Mutex<Vec<(String, u64, String)>>,
    refused: AtomicUsize,
    opened: AtomicUsize,
    stopped: Mutex<Option<Diagnostic>>,
}

/// After so many refused objects, and none that opened, no more are asked for.
const ENOUGH: usize = 3;

impl<'c> BucketTrail<'c> {
    /// A trail at `s3://BUCKET/PREFIX`.
    ///
    /// # Errors
    /// A sentence: what is wrong with the address.
    pub fn new(client: &'c Client, address: &str, wanted: Wanted) -> Result<Self, String> {
        let place = address.strip_prefix("s3://").unwrap_or(address);
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err("a trail in a bucket is s3://BUCKET or s3://BUCKET/PREFIX".to_owned());
        }
        Ok(Self {
            client,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            wanted,
            objects: Mutex::new(Vec::new()),
            refused: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
            stopped: Mutex::new(None),
        })
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// One page of a listing.
    fn page(&self, prefix: &str, more: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut pairs = vec![("list-type", "2"), ("prefix", prefix)];
        pairs.extend(more);
        // The signature wants the pairs in order of their names.
        pairs.sort_unstable();
        let mut call = Call::new(&operation::LIST_OBJECTS_V2, Value::Null)
            .path(format!("/{}", query(&pairs)))
            .on(format!("arn:aws:s3:::{}", self.bucket));
        call.bucket = Some(self.bucket.clone());
        self.client.call(&call)
    }

    /// The folders right below a prefix, each with its slash.
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Failure> {
        let mut folders = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut more = vec![("delimiter", "/")];
            if let Some(token) = &token {
                more.push(("continuation-token", token));
            }
            let page = self.page(prefix, &more)?;
            let found = list(&page, &["CommonPrefixes"]);
            folders.extend(
                found
                    .iter()
                    .filter_map(|folder| text(folder, &["Prefix"]))
                    .map(str::to_owned),
            );
            token = text(&page, &["NextContinuationToken"]).map(str::to_owned);
            if token.is_none() {
                return Ok(folders);
            }
        }
    }

    /// The folders that hold a region's log files, each with its slash; empty where the place is laid out
    /// otherwise.
    fn regions(&self) -> Result<Vec<String>, Failure> {
        let start = match self.prefix.as_str() {
            "" => String::new(),
            prefix => format!("{}/", prefix.trim_end_matches('/')),
        };
        if log_path(&start).is_some() {
            return Ok(vec![start]);
        }
        let mut open = vec![(start, 0)];
        let mut regions = Vec::new();
        while let Some((prefix, depth)) = open.pop() {
            for folder in self.folders(&prefix)? {
                let name = folder
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or_default();
                if prefix.ends_with("/CloudTrail/") || prefix == "CloudTrail/" {
                    if self.wanted.scope.wants_region(name) {
                        regions.push(folder);
                    }
                } else if name == "CloudTrail" || self.leads_on(name, depth) {
                    open.push((folder, depth + 1));
                }
            }
        }
        regions.sort();
        Ok(regions)
    }

    /// Whether log files may lie below a folder of this name.
    fn leads_on(&self, name: &str, depth: usize) -> bool {
        if is_account(name) {
            return self.wanted.scope.wants_account(name);
        }
        // A trail's own prefix may have several parts.
        depth < 4 && !name.starts_with("CloudTrail-") && name != "Config" && name != "vpcflowlogs"
    }

    /// All objects of the window below a folder.
    fn objects_of(
        &self,
        folder: &str,
        days: (Option<Date>, Option<Date>),
        into: &mut Vec<(String, u64, String)>,
    ) -> Result<(), Failure> {
        // Days sort as their names do: the listing begins at the first and ends after the last.
        let is_region = log_path(folder).is_some_and(|rest| rest.matches('/').count() == 1);
        let after = days
            .0
            .filter(|_| is_region)
            .map(|day| format!("{folder}{:04}/{:02}/{:02}/", day.year(), day.month(), day.day()));
        let mut token: Option<String> = None;
        loop {
            let mut more = Vec::new();
            match (&token, &after) {
                (Some(token), _) => more.push(("continuation-token", token.as_str())),
                (None, Some(after)) => more.push(("start-after", after.as_str())),
                _ => {}
            }
            let page = self.page(folder, &more)?;
            for object in list(&page, &["Contents"]) {
                let Some(key) = text(object, &["Key"]) else {
                    continue;
                };
                let day = day_of(key);
                if let (Some(day), Some(last)) = (day, days.1)
                    && day > last
                {
                    if is_region {
                        return Ok(());
                    }
                    continue;
                }
                let early = day.zip(days.0).is_some_and(|(day, first)| day < first);
                if !early && looks_like_log(key) {
                    let size = text(object, &["Size"]).and_then(|size| size.parse().ok());
                    let etag = text(object, &["ETag"]).unwrap_or_default();
                    into.push((key.to_owned(), size.unwrap_or(0), etag.to_owned()));
                }
            }
            token = text(&page, &["NextContinuationToken"]).map(str::to_owned);
            if token.is_none() {
                return Ok(());
            }
        }
    }

    fn find(&self) -> Result<Vec<(String, u64, String)>, Failure> {
        let (first, last) = self.wanted.scope.days();
        let mut objects = Vec::new();
        let regions = self.regions()?;
        for folder in &regions {
            self.objects_of(folder, (first, last), &mut objects)?;
        }
        if regions.is_empty() {
            self.objects_of(&self.prefix, (first, last), &mut objects)?;
        }
        objects.sort();
        objects.dedup();
        Ok(objects)
    }

    /// How many objects the window has, and their bytes.
    pub(super) fn total(&self) -> Result<(usize, u64), Failure> {
        let objects = self.find()?;
        Ok((objects.len(), objects.iter().map(|(_, size, _)| size).sum()))
    }

    fn kept(&self, key: &str) -> Option<PathBuf> {
        let folder = self.wanted.keep.as_ref()?;
        // A key is somebody else's text: it must not lead out of the folder.
        let plain = Path::new(key)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        plain.then(|| folder.join(&self.bucket).join(key))
    }

    fn fetch(&self, key: &str, size: u64) -> Result<Vec<u8>, Failure> {
        let path = self.kept(key);
        if let Some(bytes) = path.as_ref().and_then(|path| std::fs::read(path).ok())
            && bytes.len() as u64 == size
        {
            return Ok(bytes);
        }
        let mut call = Call::new(&operation::GET_OBJECT, Value::Null)
            .path(format!("/{}", encoded_path(key)))
            .on(format!("arn:aws:s3:::{}/{key}", self.bucket));
        call.bucket = Some(self.bucket.clone());
        let bytes = self.client.raw(&call)?.body;
        if let Some(path) = path {
            // What cannot be kept is fetched again another time.
            let _ = super::write_whole(&path, &bytes);
        }
        Ok(bytes)
    }

    fn stop(&self, why: Diagnostic) {
        let mut stopped = self
            .stopped
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        stopped.get_or_insert(why);
    }

    fn is_stopped(&self) -> bool {
        self.stopped
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .is_some()
    }
}

impl Store for BucketTrail<'_> {
    fn name(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    fn list(&self) -> (Vec<Item>, Vec<Diagnostic>) {
        let found = match self.find() {
            Ok(found) => found,
            Err(failure) => {
                let said = failure.diagnostic(Severity::Error, "no log file can be read");
                self.stop(said.clone());
                return (Vec::new(), vec![said.at(Place::file(self.name()))]);
            }
        };
        let items = found
            .iter()
            .map(|(key, size, etag)| Item {
                name: format!("s3://{}/{key}", self.bucket),
                size: *size,
                version: etag.clone(),
            })
            .collect();
        *self
            .objects
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = found;
        (items, Vec::new())
    }

    fn open(&self, item: usize) -> Result<Box<dyn Read + '_>, Option<Box<Diagnostic>>> {
        if self.is_stopped() {
            return Err(None);
        }
        let object = {
            let objects = self
                .objects
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            objects.get(item).cloned()
        };
        let Some((key, size, _)) = object else {
            return Err(None);
        };
        match self.fetch(&key, size) {
            Ok(bytes) => {
                self.opened.fetch_add(1, Ordering::Relaxed);
                Ok(Box::new(Cursor::new(bytes)))
            }
            Err(failure) => {
                let said = failure.diagnostic(Severity::Error, "");
                let refused = failure.is_denied() && self.opened.load(Ordering::Relaxed) == 0;
                let all_refused = refused && self.refused.fetch_add(1, Ordering::Relaxed) + 1 >= ENOUGH;
                if failure.is_hopeless() || all_refused {
                    self.stop(said.clone());
                }
                let name = format!("s3://{}/{key}", self.bucket);
                Err(Some(Box::new(said.at(Place::file(name)))))
            }
        }
    }

    fn cut_short(&self) -> Option<Diagnostic> {
        let stopped = self
            .stopped
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let why = stopped.as_ref()?;
        let said = Diagnostic::error(
            Code::Interrupted,
            format!("{} was not read to its end: {}", self.name(), why.message),
        );
        let again = "run it again once that is mended; with --keep DIR nothing is fetched twice";
        Some(match &why.help {
            Some(help) => said.help(format!("{help}; {again}")),
            None => said.help(again),
        })
    }
}

/// Digests, Insights and folders of the console lie beside log files.
fn looks_like_log(key: &str) -> bool {
    let other = [
        "/CloudTrail-Digest/",
        "/CloudTrail-Insight/",
        "/CloudTrail-NetworkActivity-Digest/",
    ];
    !key.ends_with('/') && !other.iter().any(|folder| key.contains(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_no_logs() {
        assert!(!looks_like_log(
            "AWSLogs/1/CloudTrail-Digest/eu-west-1/2026/11/09/x.json.gz"
        ));
        assert!(looks_like_log(
            "AWSLogs/1/CloudTrail/eu-west-1/2026/11/09/x.json.gz"
        ));
    }
}
