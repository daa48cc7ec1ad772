//! Reading one whole text: a policy, grants, a configuration.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an edge: this module reads files"
)]

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::diagnostic::{Code, Diagnostic, Place};

/// The largest text that is read, in bytes after decompression. The grants of an account of 5,000
/// roles are some tens of megabytes.
pub const MAX_TEXT: u64 = 512 << 20;

/// The first bytes of a gzip member (RFC 1952).
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The text of a file (`-` is standard input): UTF-8, with or without a byte order mark, plain or
/// gzipped.
///
/// # Errors
/// A diagnostic that names the file: it cannot be read, is damaged, is not UTF-8, or is larger than
/// [`MAX_TEXT`].
pub fn read_text(path: &Path) -> Result<String, Box<Diagnostic>> {
    let name = path.to_string_lossy().into_owned();
    let fail =
        |code, message: String| Box::new(Diagnostic::error(code, message).at(Place::file(name.as_str())));
    let bytes = if name == "-" {
        read_limited(io::stdin().lock())
    } else {
        File::open(path).and_then(read_limited)
    };
    let bytes = bytes.map_err(|error| fail(Code::UnreadableFile, why_unreadable(&error)))?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(fail(
            Code::UnreadableFile,
            format!("it is larger than {} MiB", MAX_TEXT >> 20),
        ));
    }
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    String::from_utf8(bytes).map_err(|error| {
        let bytes = error.as_bytes();
        if is_utf16(bytes) {
            let help = "save it as UTF-8; in PowerShell, write it with `Out-File -Encoding utf8`";
            return Box::new(fail(Code::UnreadableFile, "it is UTF-16, not UTF-8".to_owned()).help(help));
        }
        let before = bytes.get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
        let last = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        let column = String::from_utf8_lossy(last).chars().count() as u64 + 1;
        let place = Place {
            line: Some(line),
            column: Some(column),
            ..Place::file(name.as_str())
        };
        Box::new(Diagnostic::error(Code::UnreadableFile, "it is not UTF-8 text").at(place))
    })
}

/// The text of a file (`-` is standard input) as somebody saved it from a terminal or a log: bytes that
/// are no UTF-8 become replacement characters, UTF-16 is decoded.
///
/// # Errors
/// A diagnostic that names the file: it cannot be read, is damaged, or is larger than [`MAX_TEXT`].
pub fn read_paste(path: &Path) -> Result<String, Box<Diagnostic>> {
    let name = path.to_string_lossy().into_owned();
    let fail = |message: String| {
        Box::new(Diagnostic::error(Code::UnreadableFile, message).at(Place::file(name.as_str())))
    };
    let bytes = if name == "-" {
        read_limited(io::stdin().lock())
    } else {
        File::open(path).and_then(read_limited)
    };
    let bytes = bytes.map_err(|error| fail(why_unreadable(&error)))?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(fail(format!("it is larger than {} MiB", MAX_TEXT >> 20)));
    }
    Ok(decoded(&bytes))
}

fn decoded(bytes: &[u8]) -> String {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok().map(unit))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// All bytes, decompressed, up to one more than allowed.
fn read_limited(source: impl Read) -> io::Result<Vec<u8>> {
    let mut source = BufReader::new(source);
    let mut head = Vec::new();
    source.by_ref().take(GZIP.len() as u64).read_to_end(&mut head)?;
    let is_gzip = head == GZIP;
    let whole = io::Cursor::new(head).chain(source);
    let mut bytes = Vec::new();
    if is_gzip {
        MultiGzDecoder::new(whole)
            .take(MAX_TEXT + 1)
            .read_to_end(&mut bytes)?;
    } else {
        whole.take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Whether bytes look like UTF-16, as PowerShell writes it.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.get(1) == Some(&0)
}

/// In the same words on every system, for what happens often.
pub(super) fn why_unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission to read it is denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder, not a file".to_owned(),
        io::ErrorKind::UnexpectedEof => "its gzip stream ends early".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> Result<String, Box<Diagnostic>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        read_text(file.path())
    }

    #[test]
    fn text_comes_plain_marked_or_gzipped() {
        assert_eq!(read("{\"ä\":1}".as_bytes()).unwrap(), "{\"ä\":1}");
        assert_eq!(read(b"\xef\xbb\xbf{}").unwrap(), "{}");
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(b"{}").unwrap();
        assert_eq!(read(&gz.finish().unwrap()).unwrap(), "{}");
        assert_eq!(read(b"").unwrap(), "");
        assert_eq!(read(b"x").unwrap(), "x");
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        let error = read(b"{\n\"a\":\n\"\xff\"}").unwrap_err();
        assert_eq!(
            (error.code, error.place.unwrap().line),
            (Code::UnreadableFile, Some(3))
        );
        let error = read(b"\xff\xfe{\0}\0").unwrap_err();
        assert!(error.message.contains("UTF-16") && error.help.is_some());
        let error = read(b"\x1f\x8b\x08").unwrap_err();
        assert!(error.message.contains("ends early"), "{}", error.message);
    }

    #[test]
    fn a_paste_is_read_however_it_was_saved() {
        assert_eq!(decoded(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(decoded(b"\xff\xfeA\0\xe4\0"), "A\u{e4}");
        assert_eq!(decoded(b"\xfe\xff\0A"), "A");
        assert_eq!(decoded(b"\xef\xbb\xbfA"), "A");
    }

    #[test]
    fn a_missing_file_and_a_folder_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_text(&folder.path().join("none.json")).unwrap_err();
        assert_eq!(error.message, "there is no such file or folder");
        assert!(error.place.unwrap().file.ends_with("none.json"));
        assert_eq!(
            read_text(folder.path()).unwrap_err().message,
            "it is a folder, not a file"
        );
    }
}
