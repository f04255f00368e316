//! The bytes of a file as UTF-8, in whatever encoding spreadsheets save it.
//!
//! How to get it wrong: holding the whole file in memory to look at it.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::kind::is_no_table;

/// So much of the beginning says in which encoding the file is.
const LOOKED_AT: u64 = 64;

/// A file while it is read.
pub(super) struct Source {
    /// UTF-8, where the file is in an encoding at all.
    pub(super) bytes: Box<dyn Read>,
    /// What it is in, for people.
    pub(super) encoding: &'static str,
    /// What to do about a file that is no table.
    pub(super) instead: Option<&'static str>,
}

/// Opens a file, or standard input when it is called `-`; `counted` sees each byte go by.
///
/// # Errors
/// A sentence.
pub(super) fn open(path: &Path, counted: &indicatif::ProgressBar) -> Result<Source, String> {
    if path.as_os_str() == "-" {
        return decoded(counted.wrap_read(std::io::stdin())).map_err(|error| unreadable(path, &error));
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    if let Ok(about) = file.metadata()
        && about.is_file()
    {
        counted.set_length(about.len());
    }
    decoded(counted.wrap_read(file)).map_err(|error| unreadable(path, &error))
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}; check the path and its permissions", path.display())
}

pub(super) fn decoded(mut file: impl Read + 'static) -> std::io::Result<Source> {
    let mut first = Vec::new();
    file.by_ref().take(LOOKED_AT).read_to_end(&mut first)?;
    let (encoding, name) = guessed(&first);
    let instead = is_no_table(&first);
    let bytes = DecodeReaderBytesBuilder::new()
        .encoding(encoding)
        .utf8_passthru(true)
        .strip_bom(true)
        .bom_override(true)
        .build(Cursor::new(first).chain(file));
    Ok(Source { bytes: Box::new(bytes), encoding: name, instead })
}

/// A byte order mark decides. Without one, text of digits and separators has a NUL in every other place, if it is UTF-16.
fn guessed(first: &[u8]) -> (Option<&'static Encoding>, &'static str) {
    if let Some((encoding, _)) = Encoding::for_bom(first) {
        return (None, if encoding == UTF_16LE || encoding == UTF_16BE { "UTF-16" } else { "UTF-8 with a BOM" });
    }
    let nuls = |odd: usize| first.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    match (nuls(0), nuls(1)) {
        (0, 0) => (None, "UTF-8"),
        (even, odd) if even > odd => (Some(UTF_16BE), "UTF-16"),
        _ => (Some(UTF_16LE), "UTF-16"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, &'static str) {
        let mut source = decoded(Cursor::new(bytes.to_vec())).unwrap();
        let mut text = String::new();
        source.bytes.read_to_string(&mut text).unwrap();
        (text, source.encoding)
    }

    #[test]
    fn a_mark_decides_and_without_one_the_nuls_do() {
        let text = "phone_number\tBemerkung\r\n+14155550100\tGrüße\r\n".repeat(20);
        let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        let with = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            (with(b"\xef\xbb\xbf", text.as_bytes()), "UTF-8 with a BOM"),
            (with(b"\xff\xfe", &wide(u16::to_le_bytes)), "UTF-16"),
            (with(b"\xfe\xff", &wide(u16::to_be_bytes)), "UTF-16"),
            (wide(u16::to_le_bytes), "UTF-16"),
            (wide(u16::to_be_bytes), "UTF-16"),
        ] {
            assert_eq!(read(&bytes), (text.clone(), encoding));
        }
        assert_eq!(read(b""), (String::new(), "UTF-8"));
    }
}
