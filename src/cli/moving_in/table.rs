//! Records out of text: whatever separates them, whichever way their lines end.
//!
//! Invariants: a record is held as a whole and no more of the file than that; a quote that is never closed ends as a fault with its line.
//! How to get it wrong: taking the rest of a file for one value. It begins with one quote too many.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// A record, or the first line, has at most so many bytes.
const BYTES_MAX: usize = 64 * 1024;
/// And so many fields.
const FIELDS_MAX: usize = 1024;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// The line that it begins in.
    pub(super) line: u64,
    /// Its fields.
    pub(super) cells: Vec<Vec<u8>>,
}

impl Record {
    /// Whether nothing but blanks and separators stands in it.
    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| String::from_utf8_lossy(cell).trim().is_empty())
    }

    /// The fields as text, for whoever shows them.
    pub(super) fn shown(&self) -> Vec<String> {
        self.cells.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
    }
}

/// Records, one after the other.
pub(super) struct Table {
    bytes: Box<dyn Read>,
    reader: Reader,
    /// What stands between two fields.
    pub(super) delimiter: u8,
    input: Vec<u8>,
    at: usize,
    output: Vec<u8>,
    ends: Vec<usize>,
    lines: Lines,
    closing: Closing,
}

/// How far a table has come whose bytes are all read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// It has not.
    Open,
    /// The end of a line was put where the file has none.
    LineEnded,
}

impl Table {
    /// A table, from its first line on that is no `sep=`.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn new(bytes: Box<dyn Read>) -> Result<Self, String> {
        let mut table = Self {
            bytes,
            reader: Reader::new(),
            delimiter: b',',
            input: Vec::new(),
            at: 0,
            output: vec![0; BYTES_MAX],
            ends: vec![0; FIELDS_MAX],
            lines: Lines { line: 1, after_cr: false },
            closing: Closing::Open,
        };
        table.refill()?;
        table.skip_line_ends();
        let first = first_line(&table.input[table.at..]);
        if let Some(delimiter) = named(first) {
            let length = first.len();
            table.delimiter = delimiter;
            table.lines.count(&table.input[table.at..table.at + length]);
            table.at += length;
        } else {
            table.delimiter = delimiter_of(first);
        }
        table.reader = ReaderBuilder::new().delimiter(table.delimiter).build();
        Ok(table)
    }

    /// The next record that is not an empty line.
    ///
    /// # Errors
    /// A sentence, when the rest of the file cannot be cut into records.
    pub(super) fn next(&mut self) -> Result<Option<Record>, String> {
        let (mut written, mut fields, mut begins) = (0, 0, None);
        loop {
            if self.at == self.input.len() && self.closing == Closing::Open {
                self.refill()?;
            }
            let is_over = self.at == self.input.len();
            let ending: &[u8] = if self.closing == Closing::Open { b"\n" } else { b"" };
            let input = if is_over { ending } else { &self.input[self.at..] };
            let (result, read, more, ended) =
                self.reader.read_record(input, &mut self.output[written..], &mut self.ends[fields..]);
            written += more;
            fields += ended;
            if is_over {
                let was_open = self.closing;
                self.closing = Closing::LineEnded;
                if result == ReadRecordResult::End {
                    return Ok(None);
                }
                // A line that has ended is a record, but within quotes.
                if result == ReadRecordResult::Record && was_open == Closing::LineEnded {
                    return Err(self.open_quote(begins));
                }
            } else {
                let begun = self.lines.begin(&self.input[self.at..self.at + read]);
                begins = begins.or(begun);
                self.lines.count(&self.input[self.at..self.at + read]);
                self.at += read;
            }
            match result {
                ReadRecordResult::Record => return Ok(Some(self.record(begins, fields))),
                ReadRecordResult::OutputFull => return Err(self.open_quote(begins)),
                ReadRecordResult::OutputEndsFull => {
                    let line = begins.unwrap_or(self.lines.line);
                    return Err(format!(
                        "line {line} has more than {FIELDS_MAX} fields; give a file with a row for each number"
                    ));
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
        }
    }

    fn record(&self, begins: Option<u64>, fields: usize) -> Record {
        let ends = &self.ends[..fields];
        let begin = |field: usize| if field == 0 { 0 } else { ends[field - 1] };
        let cells = ends.iter().enumerate().map(|(field, end)| self.output[begin(field)..*end].to_vec()).collect();
        Record { line: begins.unwrap_or(self.lines.line), cells }
    }

    fn open_quote(&self, begins: Option<u64>) -> String {
        let line = begins.unwrap_or(self.lines.line);
        format!("a quote that opens in line {line} is not closed; close it, or double a quote that belongs to a value")
    }

    /// Reads on, until there are as many bytes as a record may have, or no more.
    fn refill(&mut self) -> Result<(), String> {
        self.input.clear();
        self.at = 0;
        let read = self.bytes.by_ref().take(BYTES_MAX as u64).read_to_end(&mut self.input);
        read.map(drop).map_err(|error| {
            format!("it cannot be read to its end: {error}; look at the disk, and at what writes the file")
        })
    }

    fn skip_line_ends(&mut self) {
        let ends = self.input.iter().take_while(|byte| b"\r\n".contains(byte)).count();
        self.lines.count(&self.input[..ends]);
        self.at = ends;
    }
}

/// The first line with its end; within quotes no line ends.
fn first_line(bytes: &[u8]) -> &[u8] {
    let mut is_quoted = false;
    let end = bytes.iter().position(|byte| {
        is_quoted ^= *byte == b'"';
        !is_quoted && b"\r\n".contains(byte)
    });
    let Some(end) = end else { return bytes };
    let length = if bytes[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
    &bytes[..length]
}

/// The delimiter that a line such as `sep=;` names.
fn named(line: &[u8]) -> Option<u8> {
    let line = std::str::from_utf8(line).ok()?.trim_matches(['\r', '\n', '"']);
    let (word, delimiter) = line.split_at_checked(4)?;
    match delimiter.as_bytes() {
        [delimiter] if word.eq_ignore_ascii_case("sep=") => Some(*delimiter),
        _ => None,
    }
}

/// Whichever of the usual delimiters a header holds most of, outside quotes.
pub(super) fn delimiter_of(header: &[u8]) -> u8 {
    let mut is_quoted = false;
    let mut counts = [(0_u32, b','), (0, b';'), (0, b'\t')];
    for byte in header {
        is_quoted ^= *byte == b'"';
        if let Some(count) = counts.iter_mut().find(|(_, delimiter)| delimiter == byte && !is_quoted) {
            count.0 += 1;
        }
    }
    // Of equal ones the first.
    counts.into_iter().rev().max_by_key(|(count, _)| *count).map_or(b',', |(_, delimiter)| delimiter)
}

/// What stands between two fields, by its name in one and in many.
pub(super) fn delimiter_name(delimiter: u8) -> (&'static str, &'static str) {
    match delimiter {
        b',' => ("comma", "commas"),
        b';' => ("semicolon", "semicolons"),
        b'\t' => ("tab", "tabs"),
        _ => ("delimiter", "delimiters of its own"),
    }
}

/// Counts lines, whichever way they end.
struct Lines {
    line: u64,
    after_cr: bool,
}

impl Lines {
    fn count(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let ends = *byte == b'\r' || (*byte == b'\n' && !self.after_cr);
            self.line += u64::from(ends);
            self.after_cr = *byte == b'\r';
        }
    }

    /// The line of the first byte that ends none.
    fn begin(&self, bytes: &[u8]) -> Option<u64> {
        let ends = bytes.iter().take_while(|byte| b"\r\n".contains(byte)).count();
        let mut ahead = Self { ..*self };
        ahead.count(&bytes[..ends]);
        (ends < bytes.len()).then_some(ahead.line)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: &str) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut table = Table::new(Box::new(Cursor::new(text.as_bytes().to_vec())))?;
        let mut all = Vec::new();
        while let Some(record) = table.next()? {
            all.push((record.line, record.shown()));
        }
        Ok(all)
    }

    fn rows(expected: &[(u64, &[&str])]) -> Vec<(u64, Vec<String>)> {
        expected.iter().map(|(line, cells)| (*line, cells.iter().map(|cell| (*cell).to_owned()).collect())).collect()
    }

    #[test]
    fn lines_end_in_every_way_and_are_counted() {
        for end in ["\n", "\r\n", "\r"] {
            for last in ["", end] {
                let text = ["a,b", "", "1,\"x\ny\"", "2,", ",,"].join(end) + last;
                let expected = rows(&[(1, &["a", "b"]), (3, &["1", "x\ny"]), (5, &["2", ""]), (6, &["", "", ""])]);
                assert_eq!(read(&text).unwrap(), expected, "{text:?}");
            }
        }
        assert_eq!(read("").unwrap(), []);
        assert_eq!(read("\n\n").unwrap(), []);
        assert_eq!(read("\r\n\r\na").unwrap(), rows(&[(3, &["a"])]));
    }

    #[test]
    fn the_header_says_the_delimiter_unless_the_first_line_names_it() {
        for (text, expected) in [
            ("a;b,c;d\n1;2;3", &[(1, &["a", "b,c", "d"][..]), (2, &["1", "2", "3"])][..]),
            ("a\tb\n1\t2", &[(1, &["a", "b"]), (2, &["1", "2"])]),
            ("\"x;y;z\",b\n1,2", &[(1, &["x;y;z", "b"]), (2, &["1", "2"])]),
            ("sep=;\r\na;b", &[(2, &["a", "b"])]),
            ("\"sep=|\"\na|b,c", &[(2, &["a", "b,c"])]),
            ("SEP=,\na;b,c", &[(2, &["a;b", "c"])]),
            ("a\n1", &[(1, &["a"]), (2, &["1"])]),
        ] {
            assert_eq!(read(text).unwrap(), rows(expected), "{text:?}");
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told_with_its_line() {
        let told = read("a,b\n1,2\n3,\"4\n5,6\n").unwrap_err();
        assert!(told.contains("opens in line 3"), "{told}");
        let long = format!("a,b\n\n1,\"{}", "x\n".repeat(BYTES_MAX));
        assert!(read(&long).unwrap_err().contains("opens in line 3"));
        assert_eq!(read("a,b\n1,\"2\"").unwrap(), rows(&[(1, &["a", "b"]), (2, &["1", "2"])]));
        let wide = "a,".repeat(FIELDS_MAX + 1);
        assert!(read(&wide).unwrap_err().contains("line 1 has more than"));
    }
}
