//! Any paste: never a panic, nothing hangs, the same answer twice, in every form.

#![no_main]

use leastgrant::denial;
use leastgrant::explain::{Known, Options, explain};
use leastgrant::report::{markdown, terminal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let reading = denial::read(&text);
    for denial in &reading.denials {
        assert!(denial.times > 0);
        assert!(denial.lines.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", denial.lines);
    }
    let known = Known::default();
    let explained = explain(&reading, &known, &Options::default());
    assert_eq!(explained.refusals.len(), reading.denials.len());
    for refusal in &explained.refusals {
        for change in refusal.change.iter().chain(&refusal.also) {
            assert!(!change.statements.is_empty() || !change.how.is_empty(), "{change:?}");
        }
    }
    let json = serde_json::to_string(&explained).unwrap();
    let again = explain(&denial::read(&text), &known, &Options::default());
    assert_eq!(json, serde_json::to_string(&again).unwrap());
    let _ = terminal::explain::render(&explained);
    let _ = markdown::render(&explained);
});
