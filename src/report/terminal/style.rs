//! Styles, and how much of a list is shown.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::words::grouped;

pub(super) const ADD: Style = AnsiColor::Green.on_default();
pub(super) const CHANGE: Style = AnsiColor::Yellow.on_default();
pub(super) const REMOVE: Style = AnsiColor::Red.on_default();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

/// Actions of one reason that are listed before the rest is counted.
pub(super) const ACTIONS_SHOWN: usize = 60;
/// How the reason of an unrecorded data event begins.
pub(super) const DATA_EVENT: &str = "a data event (";
/// Lines of a list that are shown before the rest is counted.
pub(super) const LINES: usize = 12;

pub(super) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

pub(super) fn rest(out: &mut String, all: usize, shown: usize) {
    if all > shown {
        super::line!(out, "        … and {} more", grouped(all - shown));
    }
}
