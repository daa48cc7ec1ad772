//! How far the reading of a trail has come: numbers that the reader raises once a file, for whoever wants to
//! show them. No time is taken here; rates and estimates are for the one who looks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The reading that is going on in this process. It runs once at a time; two at once would only be shown as one.
pub static READING: Progress = Progress::new();

/// Counters of a reading. They are for showing only: no result hangs on them.
#[derive(Debug, Default)]
pub struct Progress {
    files_listed: AtomicU64,
    bytes_listed: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
    records: AtomicU64,
}

/// What the counters said at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progressed {
    /// Files to read; 0 until they are listed.
    pub files_listed: u64,
    /// Their bytes on disk, or in the bucket; files of unknown size count as 0.
    pub bytes_listed: u64,
    /// Files read.
    pub files: u64,
    /// Their bytes, counted as in `bytes_listed`.
    pub bytes: u64,
    /// Records in them.
    pub records: u64,
}

impl Progress {
    /// Nothing listed, nothing read.
    pub const fn new() -> Self {
        Self {
            files_listed: AtomicU64::new(0),
            bytes_listed: AtomicU64::new(0),
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            records: AtomicU64::new(0),
        }
    }

    /// Begins anew with what is listed: the size of each file.
    pub fn begin(&self, sizes: impl Iterator<Item = u64>) {
        let (files, bytes) = sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size));
        for done in [&self.files, &self.bytes, &self.records] {
            done.store(0, Relaxed);
        }
        self.files_listed.store(files, Relaxed);
        self.bytes_listed.store(bytes, Relaxed);
    }

    /// Counts a file that was read, with its size as it was listed.
    pub fn read(&self, size: u64, records: u64) {
        self.files.fetch_add(1, Relaxed);
        self.bytes.fetch_add(size, Relaxed);
        self.records.fetch_add(records, Relaxed);
    }

    /// What the counters say now.
    pub fn now(&self) -> Progressed {
        Progressed {
            files_listed: self.files_listed.load(Relaxed),
            bytes_listed: self.bytes_listed.load(Relaxed),
            files: self.files.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            records: self.records.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_against_what_was_listed() {
        let progress = Progress::new();
        assert_eq!(progress.now(), Progressed::default());
        progress.begin([10, 20, 0].into_iter());
        progress.read(10, 3);
        progress.read(0, 1);
        let now = progress.now();
        assert_eq!((now.files_listed, now.bytes_listed), (3, 30));
        assert_eq!((now.files, now.bytes, now.records), (2, 10, 4));
        progress.begin(std::iter::once(5));
        let now = progress.now();
        assert_eq!((now.files_listed, now.files, now.records), (1, 0, 0));
    }
}
