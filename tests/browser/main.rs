//! The page of a review in a real headless Chromium, driven over WebDriver: it opens without a word on the
//! console, is searched, unfolded, walked by keyboard, printed, read in the dark and on a phone; names with
//! markup stay text; five thousand principals stay usable.
//!
//! Chromium and its driver are Debian's. Where they are missing and may be installed, they are; where not,
//! the tests say so and end.
#![recursion_limit = "256"]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    reason = "test code: a panic is a failed test, and it starts programs and reads files"
)]

mod driver;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use account_generator::Plan;
use driver::{Browser, browser};
use leastgrant::review::Review;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn generated() -> &'static Path {
    static PAGE: OnceLock<PathBuf> = OnceLock::new();
    PAGE.get_or_init(|| {
        let account = folder().join("account");
        let plan = Plan {
            principals: 36,
            days: 120,
            seed: 3,
            load: 1,
        };
        plan.write(&account).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_leastgrant"))
            .args(["review", "--format", "html", "--trail"])
            .arg(account.join("trail"))
            .arg("--grants")
            .arg(account.join("grants.json"))
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let page = folder().join("review.html");
        std::fs::write(&page, output.stdout).unwrap();
        page
    })
}

/// Names that try to be more than names.
const HOSTILE: [&str; 6] = [
    "<img src=x onerror=\"window.broken=1\">",
    "</script><script>window.broken=1</script>",
    "\"><svg onload=window.broken=1>",
    "javascript:window.broken=1//",
    "{{constructor.constructor('window.broken=1')()}}",
    "\u{202e}evil\u{2028}line<!--",
];

/// A review of so many principals, whose every name is hostile.
fn hostile(count: usize) -> PathBuf {
    let principal = |number: usize| {
        let name = HOSTILE[number % HOSTILE.len()];
        let levels = json!({"list": 10, "read": 40, "write": 30, "tagging": 2, "permissions": 5});
        json!({
            "rank": number + 1, "arn": format!("arn:aws:iam::111122223333:role/{name}{number}"), "created": name,
            "standing": "active", "events": 100 + number, "first": "2026-05-05T00:00:00Z", "last": "2026-10-30T00:00:00Z",
            "active_days": 90, "digests": [name], "holds": [name, "AWS managed policy PowerUserAccess"], "granted": 300, "used": 20,
            "unused": 87, "unseen": 193, "goes": levels, "dangers": [name], "dangers_closed": [name],
            "bits_before": 104.2, "bits_after": 90.1,
            "services": [{"service": name, "granted": levels, "used": levels, "goes": levels, "unseen": 3, "calls": 4,
                "last": name, "unused": [name], "days": [[20578, 3], [20600, 9]]}],
            "uses": [{"action": name, "calls": 3, "first": name, "last": name, "resources": 1, "granted": true, "event_ids": [name]}],
            "refusals": [{"action": name, "resource": name, "calls": 3, "last": name, "settled": "would-help", "event_ids": [name]}],
            "refused_calls": 3, "changes": true, "edits": [name],
            "kept": [{"actions": [name], "resources": [{"pattern": name, "rule": "date", "members": 3, "examples": [name]}]}],
            "other_services": {"services": [name, name], "granted": levels, "goes": levels, "unseen": 3},
            "diff": [{"policy": name, "change": "edit", "shared_with": 1, "unchanged": 1, "statements": [{"change": "narrowed",
                "before": {"Sid": name, "Effect": "Allow", "Action": [name], "Resource": "*", "Condition": {name: {name: name}}},
                "after": [{"Effect": "Allow", "Action": name, "Resource": [name]}], "used": [name], "unseen": 1, "otherwise": 1,
                "unused": 1, "ineffective": 0, "left_out": 0}]}],
            "prices": [{"strategy": "present", "excess": 100, "beyond_grants": 0, "dangers": 1, "bits": 100.0, "policies": 1,
                "size": 100, "overflow": false, "calls": 10, "refused_calls": 0, "tickets": 0}],
            "file": name,
            "backtest": {"calls": 10, "refused_calls": 1, "pairs": 3, "refused_pairs": 1, "tickets": 1, "undecided_calls": 0,
                "refused": [{"action": name, "resource": name, "calls": 1, "first": name, "event_ids": [name]}]},
        })
    };
    let principals: Vec<Value> = (0..count).map(principal).collect();
    let totals = json!({"principals": count, "active": count, "dormant": 0, "never_used": 0, "new": 0, "fixed": 0,
        "with_change": count, "granted": 1, "used": 1, "unused": 1, "unseen": 1, "refused_calls": 3, "findings": {"error": 1, "warning": 0, "note": 0}});
    let findings = json!([{"severity": "error", "code": "root-used", "subject": HOSTILE[0], "message": HOSTILE[1],
        "evidence": [{"source": "trail", "detail": HOSTILE[2], "event_ids": [HOSTILE[0]]}], "fix": HOSTILE[1],
        "commands": [HOSTILE[0]], "reference": "https://docs.aws.amazon.com/", "fingerprint": "f"}]);
    let text = json!({"schema_version": 2, "first": "2026-05-05T00:00:00Z", "last": "2026-10-31T00:00:00Z", "days": 179,
        "events": 12345, "regions": [HOSTILE[0]], "totals": totals, "principals": principals, "findings": findings,
        "diagnostics": [{"severity": "note", "code": "no-events", "message": HOSTILE[0]}]});
    let page = folder().join(format!("hostile-{count}.html"));
    std::fs::write(&page, leastgrant::report::html::page(&text.to_string())).unwrap();
    page
}

/// What is written is what the page reads: the hostile review has every field that a real one has.
#[test]
fn the_hostile_review_has_the_fields_of_a_real_one() {
    let schema = leastgrant::review::review_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let page = std::fs::read_to_string(hostile(2)).unwrap();
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    let data: Value = serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&data)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    let _: fn(&Review) -> String = leastgrant::report::html::review;
}

fn open(page: &Path) -> Option<Browser> {
    let browser = browser()?;
    browser.go(page);
    Some(browser)
}

#[test]
fn it_opens_and_unfolds_without_a_word_on_the_console() {
    let Some(browser) = open(generated()) else { return };
    assert_eq!(
        browser.run("return document.querySelectorAll('details.one').length"),
        36
    );
    // Everything that can be unfolded is.
    browser.run(
        "const open = () => { const shut = [...document.querySelectorAll('details:not([open])')]; shut.forEach(own => own.open = true); return shut.length; };
         return new Promise(done => { const step = () => open() ? setTimeout(step, 60) : done(1); step(); })",
    );
    let tables = browser
        .run("return document.querySelectorAll('table').length")
        .as_u64()
        .unwrap();
    assert!(tables > 60, "{tables}");
    assert!(
        browser
            .run("return document.querySelectorAll('svg rect').length")
            .as_u64()
            .unwrap()
            > 500
    );
    // Each use names its events.
    assert_eq!(browser.run("return [...document.querySelectorAll('td')].filter(own => own.textContent.includes('undefined') || own.textContent.includes('NaN')).length"), 0);
    assert_eq!(browser.console(), Vec::<String>::new());
    assert_eq!(browser.run("return performance.getEntriesByType('resource').filter(own => !own.name.startsWith('data:')).length"), 0);
}

#[test]
fn it_is_searched_filtered_linked_and_walked_by_keyboard() {
    let Some(browser) = open(generated()) else { return };
    let shown = "return [...document.querySelectorAll('details.one')].filter(own => !own.hidden).length";
    browser.keys("/");
    browser.keys("analyst");
    assert_eq!(browser.run(shown), 3);
    // Tab walks on to the first of those that are left, past the two lists; Enter unfolds it.
    browser.keys("\u{e004}\u{e004}\u{e004}\u{e007}");
    let first = "return document.querySelector('details.one[open]')?.id || ''";
    let opened = browser.run(first);
    assert!(opened.as_str().unwrap().contains("user/analyst-"), "{opened}");
    // The event that says that something was unfolded comes a moment later.
    browser.run("return new Promise(done => setTimeout(done, 200))");
    assert!(
        browser
            .run("return location.hash")
            .as_str()
            .unwrap()
            .contains("analyst")
    );
    browser.keys("\u{e015}");
    assert_ne!(
        browser.run("return document.activeElement.parentElement.id"),
        opened
    );
    // The link opens what it names.
    let address = browser.run("return location.href");
    browser.go_to("about:blank");
    browser.go_to(address.as_str().unwrap());
    assert_eq!(browser.run(first), opened);
    browser.run("const own = document.getElementById('standing'); own.value = 'never-used'; own.dispatchEvent(new Event('change'))");
    assert!(browser.run(shown).as_u64().unwrap() < 36);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn names_with_markup_stay_text_and_five_thousand_stay_usable() {
    let page = hostile(5000);
    let Some(browser) = open(&page) else { return };
    assert_eq!(
        browser.run("return document.querySelectorAll('details.one').length"),
        5000
    );
    browser
        .run("for (const own of [...document.querySelectorAll('details.one')].slice(0, 12)) own.open = true");
    browser.run("return new Promise(done => setTimeout(() => { for (const own of document.querySelectorAll('details.one[open] details')) own.open = true; setTimeout(done, 200) }, 200))");
    assert_eq!(browser.run("return typeof window.broken"), "undefined");
    assert_eq!(
        browser.run("return document.querySelectorAll('img, main script, main a').length"),
        0
    );
    assert!(
        browser
            .run("return document.body.textContent.includes('<img src=x onerror')")
            .as_bool()
            .unwrap()
    );
    browser.run("const own = document.getElementById('search'); own.value = 'constructor 4444'; own.dispatchEvent(new Event('input'))");
    assert_eq!(
        browser.run("return [...document.querySelectorAll('details.one')].filter(own => !own.hidden).length"),
        1
    );
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn it_is_read_in_light_and_dark_wide_and_narrow_and_printed() {
    let Some(browser) = open(generated()) else { return };
    browser.run("const own = [...document.querySelectorAll('details.one')].find(own => own.id.includes('data-job')); own.open = true; own.scrollIntoView()");
    for (width, height) in [(1280, 900), (390, 844)] {
        for dark in [false, true] {
            browser.looks(width, height, dark);
            let wide = browser
                .run("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(wide, 0, "{width} wide, dark: {dark}");
            // Text and ground stand apart by the 4.5 to 1 that WCAG 2 asks for.
            let contrast = browser.run(
                "const light = colour => { const [r, g, b] = colour.match(/\\d+/g).map(own => { const c = own / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
                 const ground = light(getComputedStyle(document.body).backgroundColor);
                 const of = node => { const own = light(getComputedStyle(node).color); return (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05); };
                 return Math.min(...[...document.querySelectorAll('p, summary span, td, th, h1, h2, h3')].filter(own => own.textContent.trim() && own.checkVisibility()).map(of))",
            );
            assert!(
                contrast.as_f64().unwrap() >= 4.5,
                "{width} wide, dark: {dark}: {contrast}"
            );
            let picture = folder().join(format!(
                "review-{width}-{}.png",
                if dark { "dark" } else { "light" }
            ));
            std::fs::write(picture, browser.screenshot()).unwrap();
        }
    }
    browser.looks(1280, 900, false);
    let printed = browser.print();
    assert!(
        printed.starts_with(b"%PDF") && printed.len() > 20_000,
        "{}",
        printed.len()
    );
    std::fs::write(folder().join("review.pdf"), printed).unwrap();
    assert_eq!(browser.console(), Vec::<String>::new());
}
