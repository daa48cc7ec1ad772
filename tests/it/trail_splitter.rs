//! Properties of the splitter: random records come back from every shape they can come in, however
//! the bytes are cut; no bytes make it panic.

use leastgrant::trail::{Found, Splitter};
use proptest::prelude::*;

/// Everything found in `chunks`: records as `number@line: text`, breaks as `number@line! why`.
fn found(chunks: &[&[u8]]) -> Vec<String> {
    let mut all = Vec::new();
    let mut splitter = Splitter::new();
    let mut sink = |found: Found<'_>| {
        all.push(match found {
            Found::Record {
                text, number, line, ..
            } => {
                format!("{number}@{line}: {}", String::from_utf8_lossy(text))
            }
            Found::Broken {
                number, line, why, ..
            } => format!("{number}@{line}! {why:?}"),
        });
    };
    for chunk in chunks {
        splitter.push(chunk, &mut sink);
    }
    splitter.finish(&mut sink);
    all
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
        "[\\x00-\\x7f]{0,8}".prop_map(Into::into),
        "[{}\\[\\]\",:\\\\]{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec(("\\PC{0,6}", inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

fn records() -> impl Strategy<Value = Vec<serde_json::Value>> {
    let record = prop::collection::vec(("[a-z]{1,5}", value()), 0..5)
        .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()));
    prop::collection::vec(record, 0..6)
}

fn cut<'b>(bytes: &'b [u8], sizes: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = bytes;
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*size).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

proptest! {
    #[test]
    fn random_records_come_back_in_every_shape(
        records in records(), shape in 0..6, pretty: bool, sizes in prop::collection::vec(1usize..40, 1..6)
    ) {
        let print = |value: &serde_json::Value| {
            if pretty { serde_json::to_string_pretty(value).unwrap() } else { value.to_string() }
        };
        let each: Vec<String> = records.iter().map(print).collect();
        let input = match shape {
            0 => each.join("\n"),
            1 => each.concat(),
            2 => print(&records.clone().into()),
            3 => print(&serde_json::json!({ "Records": records })),
            4 => print(&serde_json::json!({ "NextToken": "]}", "Events": records, "more": [{}] })),
            _ => format!("\u{feff}[{}]\n", each.join(",\n")),
        };
        let mut back: Vec<serde_json::Value> = Vec::new();
        let mut splitter = Splitter::new();
        let mut sink = |found: Found<'_>| match found {
            Found::Record { text, .. } => back.push(serde_json::from_slice(text).unwrap()),
            Found::Broken { why, .. } => panic!("{why} in {input}"),
        };
        cut(input.as_bytes(), &sizes).into_iter().for_each(|chunk| splitter.push(chunk, &mut sink));
        splitter.finish(&mut sink);
        prop_assert_eq!(back, records);
    }

    #[test]
    fn chunks_do_not_matter(bytes in junk(), sizes in prop::collection::vec(1usize..9, 1..6)) {
        prop_assert_eq!(found(&[&bytes]), found(&cut(&bytes, &sizes)));
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        found(&[&bytes]);
    }
}

/// Bytes that get far into the machine: pieces of trails in a wild order.
fn junk() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            "\"",
            "\\",
            ",",
            ":",
            "\n",
            "\n{",
            " ",
            "x",
            "1",
            "\u{feff}",
            "{\"Records\":[",
            "{\"eventVersion\":",
            "\"Events\"",
            "{\"eventVersion\":1}",
            ",{\"eventVersion\":\"",
            "{\"p\":{}}\n",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,4}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}
