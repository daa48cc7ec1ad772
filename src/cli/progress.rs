//! How far long work has come, on standard error: only for a person at a terminal, and gone when the work is
//! done.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::source::progress::{Progressed, READING};

/// How often the counters are looked at.
const EVERY: Duration = Duration::from_millis(120);

/// Whether anybody is there to see progress: a terminal that is no log of a build, and nobody who asked for quiet.
pub(super) fn wanted(quiet: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    decided(quiet, std::io::stderr().is_terminal(), set("CI"), dumb)
}

fn decided(quiet: bool, terminal: bool, ci: bool, dumb: bool) -> bool {
    terminal && !quiet && !ci && !dumb
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// Shows how far the reading of trails is while it lives.
pub(super) struct Reading {
    // Dropping the sender ends the thread.
    end: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Reading {
    pub(super) fn shown(wanted: bool) -> Self {
        let end = wanted.then(|| {
            let (end, ended) = channel::<()>();
            let watch = move || {
                let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
                bar.set_style(style("reading {spinner} {msg}"));
                let known = style("reading [{bar:24}] {percent:>3}% · {msg} · {eta} left");
                let mut sized = false;
                while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    let now = READING.now();
                    if now.bytes_listed > 0 && !sized {
                        bar.set_style(known.clone());
                        sized = true;
                    }
                    bar.set_length(now.bytes_listed);
                    bar.set_position(now.bytes);
                    bar.set_message(words(now, bar.elapsed()));
                    bar.tick();
                }
                bar.finish_and_clear();
            };
            (end, std::thread::spawn(watch))
        });
        Self { end }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.end.take() {
            drop(end);
            // It only draws: whatever became of it, the work is done.
            let _ = thread.join();
        }
    }
}

/// `12 of 40 files, 3.00 MiB of 9.00 MiB, 120,000 events (60,000 a second)`.
fn words(now: Progressed, elapsed: Duration) -> String {
    if now.files_listed == 0 {
        return "looking for files".to_owned();
    }
    let bytes = match now.bytes_listed {
        0 => String::new(),
        all => format!(", {} of {}", HumanBytes(now.bytes), HumanBytes(all)),
    };
    let seconds = elapsed.as_secs_f64();
    let rate = if seconds > 0.0 {
        (now.records as f64 / seconds) as u64
    } else {
        0
    };
    format!(
        "{} of {} files{bytes}, {} events ({} a second)",
        HumanCount(now.files),
        HumanCount(now.files_listed),
        HumanCount(now.records),
        HumanCount(rate)
    )
}

/// Shows how many of a number of things are done while it lives.
pub(super) struct Steps(ProgressBar);

impl Steps {
    /// `doing`: what is done, in one word; `what`: of which things.
    pub(super) fn shown(wanted: bool, doing: &str, what: &str, count: usize) -> Self {
        if !wanted {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
        let template = format!(
            "{doing} [{{bar:24}}] {{percent:>3}}% · {{human_pos}} of {{human_len}} {what} · {{eta}} left"
        );
        bar.set_style(style(&template));
        bar.enable_steady_tick(EVERY);
        Self(bar)
    }

    /// One more is done.
    pub(super) fn done(&self) {
        self.0.inc(1);
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_for_a_person_at_a_terminal() {
        assert!(decided(false, true, false, false));
        assert!(!decided(true, true, false, false));
        assert!(!decided(false, false, false, false));
        assert!(!decided(false, true, true, false));
        assert!(!decided(false, true, false, true));
    }

    #[test]
    fn progress_in_words() {
        let now = Progressed {
            files_listed: 1_200,
            bytes_listed: 4 << 20,
            files: 300,
            bytes: 1 << 20,
            records: 50_000,
        };
        assert_eq!(
            words(now, Duration::from_secs(2)),
            "300 of 1,200 files, 1.00 MiB of 4.00 MiB, 50,000 events (25,000 a second)"
        );
        assert_eq!(words(Progressed::default(), Duration::ZERO), "looking for files");
        // Of what is fetched the size may be unknown.
        let unsized_ = Progressed {
            bytes_listed: 0,
            bytes: 0,
            ..now
        };
        assert!(words(unsized_, Duration::ZERO).starts_with("300 of 1,200 files, 50,000 events"));
    }

    #[test]
    fn what_nobody_sees_ends_at_once() {
        drop(Reading::shown(false));
        let steps = Steps::shown(false, "looking", "principals", 3);
        steps.done();
        assert!(steps.0.is_hidden());
    }
}
