//! `--store`: what is kept answers as a plain read does, whatever the order, the runs and the accidents.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]
#![expect(clippy::disallowed_methods, reason = "tests write the folders that they read")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use account_generator::Plan;
use jiff::Timestamp;
use leastgrant::diagnostic::{Code, Diagnostic};
use leastgrant::evidence::{Interest, Ledger, PrincipalKey, Whose};
use leastgrant::source::{
    Answer, EvidenceStore, Files, Question, ReadReport, Window, read_parts, read_window,
};

use crate::support::{Folder, Run, account_of, command, leastgrant};

const PLAN: Plan = Plan {
    principals: 14,
    days: 30,
    seed: 3,
    load: 1,
};

/// The account, written once for all tests; one file a day.
fn account() -> &'static Folder {
    static ACCOUNT: OnceLock<Folder> = OnceLock::new();
    ACCOUNT.get_or_init(|| account_of(&PLAN))
}

fn days() -> Vec<PathBuf> {
    let entries = fs::read_dir(account().path("trail")).unwrap();
    let mut days: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    days.sort();
    days
}

fn interest(keys: &[&str]) -> Interest {
    Interest {
        condition_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..Interest::default()
    }
}

/// A question of everything.
fn all(interest: &Interest) -> Question<'_> {
    Question {
        interest,
        window: Window::default(),
        cuts: &[],
        threads: 2,
    }
}

fn plain(files: &[PathBuf], question: &Question<'_>) -> (Vec<Ledger>, ReadReport) {
    let Question {
        interest,
        window,
        cuts,
        ..
    } = question;
    read_parts(files, &[], 2, interest, *window, cuts)
}

fn stored(store: &str, files: &[PathBuf], question: &Question<'_>) -> Result<Answer, Vec<Diagnostic>> {
    EvidenceStore::at(Path::new(store)).answer(files, &[], question)
}

/// Asks a store and a plain read of the same files, and makes sure that they say the same.
#[track_caller]
fn same(store: &str, given: &[PathBuf], files: &[PathBuf], question: &Question<'_>) {
    let answer = stored(store, given, question).unwrap();
    let (parts, read) = plain(files, question);
    assert_eq!(answer.parts, parts);
    assert_eq!(
        (answer.read.total, answer.read.diagnostics),
        (read.total, read.diagnostics)
    );
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Copies of the first files, in a folder of their own.
fn copies(count: usize) -> (Folder, Vec<PathBuf>) {
    let folder = Folder::new();
    let files: Vec<PathBuf> = days()
        .iter()
        .take(count)
        .map(|day| {
            let copy = PathBuf::from(folder.path(&day.file_name().unwrap().to_string_lossy()));
            fs::copy(day, &copy).unwrap();
            copy
        })
        .collect();
    (folder, files)
}

fn segments(store: &str) -> Vec<PathBuf> {
    files_of(store, "segments")
}

fn answers(store: &str) -> Vec<PathBuf> {
    files_of(store, "answers")
}

fn files_of(store: &str, folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(store).join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

const KEYS: [&str; 3] = ["aws:requestedregion", "aws:sourcevpce", "aws:viaawsservice"];

#[test]
fn any_order_of_days_and_any_split_in_runs_gives_what_a_plain_read_gives() {
    let interest = interest(&KEYS);
    let question = all(&interest);
    for seed in 0..6usize {
        let folder = Folder::new();
        let store = folder.path("store");
        let mut files = days();
        let len = files.len();
        for at in 0..len {
            files.swap(at, (at * 7 + seed * 5 + 3) % len);
        }
        let mut given = Vec::new();
        for run in files.chunks(1 + seed * 3) {
            given.extend(run.iter().cloned());
            // Every other run is given everything once more, as a folder would be.
            let now = if seed % 2 == 0 {
                run.to_vec()
            } else {
                given.clone()
            };
            same(&store, &now, &given, &question);
        }
        same(&store, &[], &days(), &question);
        assert!(segments(&store).len() <= 24);
    }
}

#[test]
fn a_question_may_be_of_any_window_of_days_and_of_some_principals() {
    let folder = Folder::new();
    let store = folder.path("store");
    let files = days();
    for run in files.chunks(5) {
        stored(&store, run, &all(&interest(&KEYS))).unwrap();
    }
    let some = PLAN
        .principals()
        .take(3)
        .map(|who| PrincipalKey::of_name(&who.arn()));
    let whose = [
        Whose::Everybody,
        Whose::These(some.collect()),
        Whose::Named("nobody".to_owned()),
    ];
    let windows = [
        (None, None),
        (Some("2026-10-20T00:00:00Z"), None),
        (None, Some("2026-10-20T00:00:00Z")),
        (Some("2026-10-12T00:00:00Z"), Some("2026-10-13T00:00:00Z")),
        (Some("2027-01-01T00:00:00Z"), None),
    ];
    let cuts = [at("2026-10-15T00:00:00Z"), at("2026-10-25T00:00:00Z")];
    for whose in whose {
        for (from, until) in windows {
            for (by_day, keys, cuts) in [
                (true, &KEYS[..], &cuts[..]),
                (false, &KEYS[..1], &[]),
                (false, &[], &cuts[..1]),
            ] {
                let interest = Interest {
                    whose: whose.clone(),
                    by_day,
                    ..interest(keys)
                };
                let window = Window {
                    from: from.map(at),
                    until: until.map(at),
                };
                let question = Question {
                    window,
                    cuts,
                    ..all(&interest)
                };
                same(&store, &[], &files, &question);
                let answer = stored(&store, &[], &question).unwrap();
                assert_eq!(answer.span, read_window(&Files::list(&files), 2, window, 0));
            }
        }
    }
}

#[test]
fn each_event_counts_once_over_all_objects_and_runs() {
    let (folder, mut files) = copies(4);
    let store = folder.path("store");
    let interest = interest(&[]);
    let question = all(&interest);
    // Two days in one file, gzip beside gzip, as deliveries of two trails hold them.
    let both: Vec<u8> = files
        .iter()
        .take(2)
        .flat_map(|file| fs::read(file).unwrap())
        .collect();
    let twice = PathBuf::from(folder.path("twice.jsonl.gz"));
    fs::write(&twice, both).unwrap();
    files.push(twice.clone());
    same(&store, &files[1..2], &files[1..2], &question);
    same(&store, &files[4..], &[files[1].clone(), twice], &question);
    same(&store, &files, &files, &question);
    let duplicates = stored(&store, &[], &question).unwrap().parts[0].duplicates;
    assert!(duplicates > 50, "{duplicates}");
    // The copy goes that was read first: the others count now.
    fs::write(&files[1], "{\"Records\":[]}").unwrap();
    same(&store, &files, &files, &question);
}

#[test]
fn what_changed_in_place_is_folded_anew_and_what_it_needs_may_not_be_gone() {
    let (folder, files) = copies(5);
    let store = folder.path("store");
    let interest = interest(&[]);
    let question = all(&interest);
    same(&store, &files[..3], &files[..3], &question);
    same(&store, &files[3..], &files, &question);
    fs::copy(&files[0], &files[1]).unwrap();
    same(&store, &files[1..2], &files, &question);
    // A file that is gone still counts, as long as nothing asks for it again.
    let before = stored(&store, &[], &question).unwrap().parts;
    fs::remove_file(&files[2]).unwrap();
    assert_eq!(stored(&store, &[], &question).unwrap().parts, before);
    fs::copy(&files[3], &files[0]).unwrap();
    let why = stored(&store, &files[..1], &question).unwrap_err();
    assert_eq!(why[0].code, Code::EvidenceStore);
    assert_eq!(why[0].place.as_ref().unwrap().file, files[2].to_string_lossy());
    // Without what changed the store is as it was.
    assert_eq!(stored(&store, &[], &question).unwrap().parts, before);
}

#[test]
fn keys_that_nobody_asked_for_are_read_again_or_unknown() {
    let (folder, files) = copies(3);
    let store = folder.path("store");
    let (few, more, most) = (interest(&[]), interest(&KEYS[..2]), interest(&KEYS));
    same(&store, &files, &files, &all(&few));
    same(&store, &[], &files, &all(&more));
    let kept = segments(&store);
    same(&store, &[], &files, &all(&few));
    assert_eq!(segments(&store), kept, "what is known is not read again");
    fs::remove_file(&files[1]).unwrap();
    let answer = stored(&store, &[], &all(&most)).unwrap();
    assert!(
        answer.said[0]
            .message
            .starts_with("of aws:viaawsservice the store does not know")
    );
    assert_eq!(answer.parts, stored(&store, &[], &all(&more)).unwrap().parts);
}

#[test]
fn a_flipped_byte_or_a_cut_never_gives_another_answer() {
    let (folder, files) = copies(3);
    let interest = interest(&[]);
    let question = all(&interest);
    let expected = plain(&files, &question).0;
    let store = folder.path("store");
    stored(&store, &files[..2], &question).unwrap();
    stored(&store, &files[2..], &question).unwrap();
    let whole = Path::new(&store);
    let mut named = segments(&store);
    named.push(whole.join("manifest.json"));
    let (mut mended, mut refused) = (0, 0);
    for (which, file) in named.iter().enumerate() {
        let bytes = fs::read(file).unwrap();
        for step in 0..24 {
            let place = bytes.len() * step / 24 + which;
            let mut damaged = bytes.clone();
            match step % 4 {
                0 => damaged.truncate(place),
                _ => damaged[place] ^= 1 << (step % 8),
            }
            let copy = folder.path(&format!("damaged-{which}-{step}"));
            copy_store(whole, Path::new(&copy));
            fs::write(Path::new(&copy).join(file.strip_prefix(whole).unwrap()), &damaged).unwrap();
            match stored(&copy, &files, &question) {
                Ok(answer) => {
                    assert_eq!(answer.parts, expected, "{file:?} {step}");
                    mended += usize::from(!answer.said.is_empty());
                }
                Err(why) => {
                    assert_eq!(why[0].code, Code::EvidenceStore, "{why:?}");
                    assert!(
                        why[0].message.contains(" cannot be used: ")
                            || why[0].message.contains("is of version"),
                        "{why:?}"
                    );
                    refused += 1;
                }
            }
        }
    }
    assert!(mended > 10 && refused > 10, "{mended} {refused}");
}

/// A store that was asked about all days but the last, after every two that were read.
fn asked(folder: &Folder, question: &Question<'_>) -> String {
    let store = folder.path("store");
    let files = days();
    let (_, before) = files.split_last().unwrap();
    // Fewer than are put together.
    for run in before.chunks(2) {
        stored(&store, run, question).unwrap();
    }
    store
}

#[test]
fn a_question_asked_again_reads_what_is_new_and_not_the_days_before() {
    let folder = Folder::new();
    let interest = Interest {
        by_day: true,
        circumstances: true,
        callers: true,
        ..interest(&KEYS)
    };
    let cuts = [at("2026-10-20T00:00:00Z")];
    let question = Question {
        cuts: &cuts,
        ..all(&interest)
    };
    let store = asked(&folder, &question);
    let files = days();
    let expected = plain(&files, &question).0;
    let read = damage_unread(&folder, &store, &question);
    assert!((1..=3).contains(&read), "{read}");
    let answer = stored(&store, &files[files.len() - 1..], &question).unwrap();
    assert!(answer.parts == expected && answer.said.is_empty());
    // Another question needs them, and their files are still there.
    let other = self::interest(&KEYS);
    let other = all(&other);
    let answer = stored(&store, &[], &other).unwrap();
    assert!(answer.parts == plain(&files, &other).0 && !answer.said.is_empty());
}

#[test]
fn a_window_that_moves_with_the_days_reads_those_at_its_beginning() {
    let folder = Folder::new();
    let interest = interest(&KEYS);
    let from = |day: &str| Question {
        window: Window {
            from: Some(at(&format!("2026-{day}T00:00:00Z"))),
            until: None,
        },
        ..all(&interest)
    };
    let store = asked(&folder, &from("10-05"));
    let files = days();
    let (_, before) = files.split_last().unwrap();
    same(&store, &[], before, &from("10-05"));
    // Runs of days are whole, so those of the day before are there: the newest day alone is in none.
    assert_eq!(damage_unread(&folder, &store, &from("10-06")), 1);
    let answer = stored(&store, &[], &from("10-06")).unwrap();
    assert!(answer.parts == plain(before, &from("10-06")).0 && answer.said.is_empty());
}

/// Overwrites the evidence of those segments that the question is answered without, as the store is now. Says how many
/// it needs.
fn damage_unread(folder: &Folder, store: &str, question: &Question<'_>) -> usize {
    let damaged = |file: &Path| {
        let bytes = fs::read(file).unwrap();
        let head = 28 + u64::from_le_bytes(bytes[12..20].try_into().unwrap()) as usize;
        let mut damaged = bytes[..head].to_vec();
        damaged.resize(bytes.len(), 0);
        fs::write(file, damaged).unwrap();
    };
    let is_read = |(number, file): (usize, &PathBuf)| {
        let copy = folder.path(&format!("copy-{number}"));
        copy_store(Path::new(store), Path::new(&copy));
        copy_files(Path::new(store), Path::new(&copy), "answers");
        damaged(&Path::new(&copy).join("segments").join(file.file_name().unwrap()));
        !stored(&copy, &[], question).is_ok_and(|answer| answer.said.is_empty())
    };
    let all = segments(store);
    let is_read: Vec<bool> = all.iter().enumerate().map(is_read).collect();
    let unread = all.iter().zip(&is_read).filter(|(_, is_read)| !**is_read);
    unread.for_each(|(file, _)| damaged(file));
    is_read.into_iter().filter(|is_read| *is_read).count()
}

#[test]
fn a_damaged_answer_is_named_and_made_again() {
    let folder = Folder::new();
    let interest = interest(&KEYS);
    let question = all(&interest);
    let store = asked(&folder, &question);
    let expected = stored(&store, &[], &question).unwrap().parts;
    let before = answers(&store);
    assert!(before.len() > 2, "{before:?}");
    let mut named = 0;
    for (which, file) in before.iter().enumerate() {
        let bytes = fs::read(file).unwrap();
        for step in 0..12 {
            let place = (bytes.len() * step / 12 + which).min(bytes.len() - 1);
            let mut damaged = bytes.clone();
            match step % 4 {
                0 => damaged.truncate(place),
                _ => damaged[place] ^= 1 << (step % 8),
            }
            fs::write(file, damaged).unwrap();
            let answer = stored(&store, &[], &question).unwrap();
            assert_eq!(answer.parts, expected, "{file:?} {step}");
            let name = file.file_name().unwrap().to_string_lossy();
            named += usize::from(answer.said.iter().any(|said| said.message.contains(&*name)));
            let again = stored(&store, &[], &question).unwrap();
            assert!(again.parts == expected && again.said.is_empty());
        }
        fs::write(file, bytes).unwrap();
    }
    // A run that is in a longer one by now is not asked for, whatever is in it.
    assert!(named >= 24, "{named}");
    fs::remove_dir_all(Path::new(&store).join("answers")).unwrap();
    assert_eq!(stored(&store, &[], &question).unwrap().parts, expected);
}

#[test]
fn answers_take_no_more_room_than_segments() {
    let folder = Folder::new();
    let everything = interest(&KEYS);
    let store = asked(&folder, &all(&everything));
    let bytes =
        |files: Vec<PathBuf>| -> u64 { files.iter().map(|file| fs::metadata(file).unwrap().len()).sum() };
    let most = bytes(segments(&store));
    for flags in 0..48usize {
        let keys: Vec<&str> = (0..3)
            .filter(|bit| flags >> bit & 1 == 1)
            .map(|bit| KEYS[bit])
            .collect();
        let interest = Interest {
            by_day: flags & 8 != 0,
            callers: flags & 16 != 0,
            circumstances: flags & 32 != 0,
            ..interest(&keys)
        };
        same(&store, &[], &days()[..days().len() - 1], &all(&interest));
        assert!(bytes(answers(&store)) <= most);
    }
    assert!(bytes(answers(&store)) > most / 2);
}

fn copy_store(from: &Path, to: &Path) {
    copy_files(from, to, "segments");
    fs::copy(from.join("manifest.json"), to.join("manifest.json")).unwrap();
}

fn copy_files(from: &Path, to: &Path, folder: &str) {
    fs::create_dir_all(to.join(folder)).unwrap();
    for file in files_of(&from.to_string_lossy(), folder) {
        fs::copy(&file, to.join(folder).join(file.file_name().unwrap())).unwrap();
    }
}

#[test]
fn stores_of_another_version_and_other_folders_are_refused_by_name() {
    let (folder, files) = copies(1);
    let interest = interest(&[]);
    let question = all(&interest);
    let store = folder.path("store");
    stored(&store, &files, &question).unwrap();
    let manifest = Path::new(&store).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replace("\"store_version\": 1", "\"store_version\": 7"),
    )
    .unwrap();
    let why = stored(&store, &files, &question).unwrap_err();
    assert_eq!(
        why[0].message,
        "the store is of version 7; this program reads version 1"
    );
    fs::remove_file(&manifest).unwrap();
    let why = stored(&store, &files, &question).unwrap_err();
    assert_eq!(why[0].message, "manifest.json cannot be used: it is not there");
    let why = stored(&account().path(""), &files, &question).unwrap_err();
    assert_eq!(why[0].message, "the folder holds something else than a store");
}

#[test]
fn broken_files_are_remembered_with_what_was_wrong_in_them() {
    let (folder, mut files) = copies(2);
    let broken = PathBuf::from(folder.path("broken.jsonl.gz"));
    let bytes = fs::read(&files[0]).unwrap();
    fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    files.push(broken.clone());
    let store = folder.path("store");
    let interest = interest(&[]);
    same(&store, &files, &files, &all(&interest));
    same(&store, &files, &files, &all(&interest));
    let read = stored(&store, &[], &all(&interest)).unwrap().read;
    assert!(read.diagnostics.iter().any(|said| said.code == Code::BrokenGzip));
    fs::write(&broken, bytes).unwrap();
    same(&store, &files, &files, &all(&interest));
}

fn recommend(store: Option<&str>, trail: &[&str], more: &[&str]) -> Run {
    let grants = account().path("grants.json");
    let arn = PLAN.principals().next().unwrap().arn();
    let mut args = vec!["recommend", &arn, "--grants", &grants, "--format", "json"];
    trail.iter().for_each(|path| args.extend(["--trail", path]));
    store.iter().for_each(|store| args.extend(["--store", store]));
    args.extend(more);
    leastgrant(&args)
}

#[test]
fn reports_are_the_same_byte_for_byte() {
    let folder = Folder::new();
    let store = folder.path("store");
    let files = days();
    let names: Vec<String> = files
        .iter()
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    recommend(Some(&store), &names[..9], &[]).exits(0);
    recommend(Some(&store), &names[9..], &[]).exits(0);
    let window = ["--since", "2026-10-15", "--until", "2026-10-28"];
    for more in [&[][..], &window] {
        let expected = recommend(None, &names, more).exits(0);
        let found = recommend(Some(&store), &[], more).exits(0);
        assert_eq!(found.out, expected.out);
        assert_eq!(recommend(Some(&store), &names, more).exits(0).err, expected.err);
    }
    let (trail, grants) = (account().path("trail"), account().path("grants.json"));
    let review = [
        "review",
        "--grants",
        &grants,
        "--format",
        "json",
        "--backtest",
        "0",
    ];
    let expected = leastgrant(&[&review[..], &["--trail", &trail]].concat());
    let found = leastgrant(&[&review[..], &["--store", &store]].concat());
    assert_eq!((found.code, found.out), (expected.code, expected.out));
}

#[test]
fn what_is_no_file_is_not_kept() {
    let folder = Folder::new();
    let store = folder.path("store");
    for trail in ["-", "cloudtrail:", "athena:primary/default.cloudtrail"] {
        recommend(Some(&store), &[trail], &[])
            .exits(1)
            .says(&["cannot be kept in a store"]);
    }
}

/// A run of the program over the store and all days, to be killed or watched.
fn spawn(store: &str, limit: Option<&str>) -> std::process::Child {
    let run = command();
    let program = run.get_program().to_owned();
    let mut child = match limit {
        Some(limit) => {
            let mut shell = std::process::Command::new("sh");
            shell.args([
                "-c",
                &format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\""),
            ]);
            shell.arg(program);
            shell
        }
        None => std::process::Command::new(program),
    };
    let arn = PLAN.principals().next().unwrap().arn();
    child.args(["recommend", &arn, "--grants", &account().path("grants.json")]);
    child.args([
        "--format",
        "json",
        "--store",
        store,
        "--trail",
        &account().path("trail"),
    ]);
    child
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    child.spawn().unwrap()
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_a_store_that_is_right() {
    let folder = Folder::new();
    let expected = recommend(None, &[&account().path("trail")], &[]).exits(0).out;
    let (mut killed, mut done) = (0, 0);
    for round in 0..24u64 {
        let store = folder.path(&format!("store-{}", round / 3));
        let mut child = spawn(&store, None);
        std::thread::sleep(std::time::Duration::from_millis(round * round % 23 * 12));
        let _ = child.kill();
        let ended = child.wait_with_output().unwrap();
        match ended.status.success() {
            true => done += 1,
            false => killed += 1,
        }
        if round % 3 == 2 {
            let after = recommend(Some(&store), &[&account().path("trail")], &[]).exits(0);
            assert_eq!(after.out, expected);
            let left = segments(&store);
            assert!(
                left.iter()
                    .all(|file| file.extension().is_some_and(|end| end == "segment")),
                "{left:?}"
            );
        }
    }
    assert!(killed > 5, "{killed} killed, {done} done");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_said_and_leaves_the_store_as_it_was() {
    let folder = Folder::new();
    let store = folder.path("store");
    let names: Vec<String> = days()
        .iter()
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    let first = recommend(Some(&store), &[&names[0]], &[]).exits(0).out;
    for limit in ["0", "1", "2", "8"] {
        let ended = spawn(&store, Some(limit)).wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{limit}: {said}");
        assert!(said.contains("the store cannot be written"), "{said}");
        assert_eq!(recommend(Some(&store), &[], &[]).exits(0).out, first);
    }
    let expected = recommend(None, &[&account().path("trail")], &[]).exits(0).out;
    assert_eq!(
        recommend(Some(&store), &[&account().path("trail")], &[])
            .exits(0)
            .out,
        expected
    );
}

#[test]
fn several_runs_at_once_agree() {
    let folder = Folder::new();
    let store = folder.path("store");
    let expected = recommend(None, &[&account().path("trail")], &[]).exits(0).out;
    let children: Vec<_> = (0..4).map(|_| spawn(&store, None)).collect();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stdout), expected);
    }
    assert_eq!(
        segments(&store).len(),
        1,
        "what one run has read the others do not read"
    );
}

#[test]
fn a_reader_beside_a_writer_sees_the_store_before_or_after() {
    let folder = Folder::new();
    let store = folder.path("store");
    let interest = interest(&[]);
    let question = all(&interest);
    let files = days();
    let mut states = vec![plain(&[], &question).0];
    (1..=files.len()).for_each(|count| states.push(plain(&files[..count], &question).0));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for file in &files {
                stored(&store, std::slice::from_ref(file), &question).unwrap();
            }
        });
        let mut seen = BTreeSet::new();
        while !writer.is_finished() {
            let parts = stored(&store, &[], &question).unwrap().parts;
            seen.insert(states.iter().position(|state| *state == parts).unwrap());
        }
        writer.join().unwrap();
        assert!(seen.len() > 1, "{seen:?}");
    });
}
