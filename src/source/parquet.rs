//! Rows of Parquet files as the JSON of records: Security Lake's own files, and what Athena, Spark or DuckDB wrote.
//!
//! A file is read row group by row group, never as a whole.
#![expect(clippy::disallowed_types, reason = "an edge: this module reads files")]

use std::cell::Cell;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use parquet::data_type::AsBytes;
use parquet::file::reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use serde_json::{Map, Value};

/// The rows of a file. What is wrong with it ends them.
pub(super) struct Rows {
    rows: RowIter<'static>,
    ended: bool,
}

impl Rows {
    /// Opens a file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn open(file: File) -> Result<Self, String> {
        let opened = guarded(|| SerializedFileReader::new(file).map(IntoIterator::into_iter));
        Ok(Self {
            rows: opened?,
            ended: false,
        })
    }
}

impl Iterator for Rows {
    type Item = Result<Value, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let rows = &mut self.rows;
        match guarded(|| rows.next().transpose()) {
            Ok(None) => None,
            Ok(Some(row)) => Some(Ok(object(&row))),
            Err(why) => {
                self.ended = true;
                Some(Err(why))
            }
        }
    }
}

thread_local! {
    /// Whether a panic of this thread is caught and said below.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// The library's reader of rows gives up by panic on some damaged files: here that is an error as any other, and the
/// panic's own message is not printed.
fn guarded<T>(read: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                before(panic);
            }
        }));
    });
    GUARDED.set(true);
    let read = catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(false);
    match read {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(_) => Err("its contents contradict its schema".to_owned()),
    }
}

fn object(row: &Row) -> Value {
    let fields = row.get_column_iter();
    Value::Object(fields.map(|(name, field)| (name.clone(), value(field))).collect())
}

/// A field as JSON. Times are in UTC; what no record of CloudTrail holds is null.
fn value(field: &Field) -> Value {
    match field {
        Field::Bool(flag) => Value::from(*flag),
        Field::Byte(number) => Value::from(*number),
        Field::Short(number) => Value::from(*number),
        Field::Int(number) => Value::from(*number),
        Field::Long(number) => Value::from(*number),
        Field::UByte(number) => Value::from(*number),
        Field::UShort(number) => Value::from(*number),
        Field::UInt(number) => Value::from(*number),
        Field::ULong(number) => Value::from(*number),
        Field::Float(number) => Value::from(*number),
        Field::Double(number) => Value::from(*number),
        Field::Str(text) => Value::from(text.as_str()),
        // A text whose column does not say that it is one.
        Field::Bytes(bytes) => std::str::from_utf8(bytes.as_bytes()).map_or(Value::Null, Value::from),
        Field::TimestampMillis(time) => moment(jiff::Timestamp::from_millisecond(*time)),
        Field::TimestampMicros(time) => moment(jiff::Timestamp::from_microsecond(*time)),
        Field::Group(row) => object(row),
        Field::ListInternal(list) => Value::Array(list.elements().iter().map(value).collect()),
        Field::MapInternal(map) => {
            let entries = map.entries().iter();
            let named = entries.filter_map(|(key, own)| match value(key) {
                Value::String(key) => Some((key, value(own))),
                _ => None,
            });
            Value::Object(named.collect::<Map<String, Value>>())
        }
        Field::Null
        | Field::Float16(_)
        | Field::Decimal(_)
        | Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_) => Value::Null,
    }
}

fn moment(time: Result<jiff::Timestamp, jiff::Error>) -> Value {
    time.map_or(Value::Null, |time| Value::from(time.to_string()))
}
