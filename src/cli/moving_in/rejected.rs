//! The rows that could not be taken, as a file to be mended and imported: as they were, and why.
//!
//! They wait in a file without a name, which goes with the process however that ends. At the end it is copied to one beside its place,
//! `.NAME.part`, which is renamed then; what a kill leaves of that, the next one writes over.
//! Invariants: whoever else is on the machine cannot read it; it is there as a whole or not at all, and not without a row in it; it is
//! read as the file was that it comes from; what somebody else put there since the import began stays, and this one stands beside it.
//! How to get it wrong: writing it in place. A full disk would leave half of it, over the one of an hour ago.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use csv::{Terminator, Writer, WriterBuilder};

use super::beside::{Stamp, folder, part_of, put, remove_leftover};
use super::columns::{Columns, REASON};
use super::table::delimiter_of;

/// The file while it is written. Spreadsheets know by the mark that it is UTF-8.
pub(in crate::cli) struct Rejected {
    path: PathBuf,
    /// What stood there when the import began.
    before: Option<Stamp>,
    writer: Writer<File>,
    width: usize,
    reason: Option<usize>,
    /// How many rows are in it.
    pub(in crate::cli) rows: u64,
}

impl Rejected {
    /// Begins one on the disk where it shall stand.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn new(path: &Path, source: &Path, columns: &Columns, delimiter: u8) -> Result<Self, String> {
        let unwritable =
            |error: io::Error| format!("{} cannot be written: {error}; give --rejected another place", path.display());
        if let (Ok(one), Ok(other)) = (path.canonicalize(), source.canonicalize())
            && one == other
        {
            return Err("--rejected is the file that is imported; give it another name".to_owned());
        }
        if path.is_dir() {
            return Err(format!("--rejected {} is a folder; give a file in it", path.display()));
        }
        let mut file = tempfile::tempfile_in(folder(path)).map_err(unwritable)?;
        file.write_all("\u{feff}".as_bytes()).map_err(unwritable)?;
        let header = with_reason(&columns.header, columns.header.len(), columns.reason, REASON);
        if !is_known_by(&header, delimiter).map_err(unwritable)? {
            let named = [b"sep=", &[delimiter][..], b"\r\n"].concat();
            file.write_all(&named).map_err(unwritable)?;
        }
        let mut writer = writer(file, delimiter);
        writer.write_record(&header).map_err(|error| unwritable(error.into()))?;
        let before = Stamp::of(path);
        Ok(Self { path: path.to_owned(), before, writer, width: columns.header.len(), reason: columns.reason, rows: 0 })
    }

    /// Adds a row.
    pub(in crate::cli) fn add(&mut self, cells: &[String], reason: &str) -> Result<(), String> {
        let row = with_reason(cells, self.width, self.reason, reason);
        let written = self.writer.write_record(row);
        written
            .map_err(|error| format!("{} cannot be written: {error}; make room on its disk", self.path.display()))?;
        self.rows += 1;
        Ok(())
    }

    /// Puts it in its place, if there is a row in it; where it is then.
    pub(in crate::cli) fn keep(self) -> Result<Option<PathBuf>, String> {
        let part = part_of(&self.path);
        if self.rows == 0 {
            // An import that was killed while it copied may have left one, which nobody wants now.
            let _ = remove_leftover(&part);
            return Ok(None);
        }
        let unwritable = |error: &io::Error| {
            format!(
                "{} cannot be written: {error}; make room on its disk, and import the same file again",
                self.path.display()
            )
        };
        let file = self.writer.into_inner().map_err(|error| unwritable(error.error()))?;
        put(file, &part, &self.path, self.before).map(Some).map_err(|error| unwritable(&error))
    }
}

fn writer<W: io::Write>(to: W, delimiter: u8) -> Writer<W> {
    WriterBuilder::new().delimiter(delimiter).terminator(Terminator::CRLF).flexible(true).from_writer(to)
}

/// Whether a header shows what stands between its fields.
fn is_known_by(header: &[&str], delimiter: u8) -> io::Result<bool> {
    let mut writer = writer(Vec::new(), delimiter);
    writer.write_record(header)?;
    let line = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(delimiter_of(&line) == delimiter)
}

/// A row with its reason behind it, in place of an earlier one's.
fn with_reason<'a>(cells: &'a [String], width: usize, earlier: Option<usize>, reason: &'a str) -> Vec<&'a str> {
    let mut row: Vec<&str> = cells.iter().map(String::as_str).collect();
    // What is more than the header has columns stays behind the reason, where it can be seen.
    row.resize(row.len().max(width), "");
    let mut more = row.split_off(width);
    if let Some(earlier) = earlier.filter(|at| *at < row.len()) {
        row.remove(earlier);
    }
    row.push(reason);
    while more.last().is_some_and(|cell| cell.is_empty()) {
        more.pop();
    }
    row.extend(more);
    row
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Barrier;

    use super::super::columns::columns;
    use super::super::table::Table;
    use super::*;

    fn rejected(path: &Path, header: &[&str], delimiter: u8, rows: &[&[&str]]) -> bool {
        let owned = |cells: &[&str]| -> Vec<String> { cells.iter().map(|cell| (*cell).to_owned()).collect() };
        let columns = columns(owned(header), &[], &[]).unwrap();
        let mut rejected = Rejected::new(path, Path::new("-"), &columns, delimiter).unwrap();
        rows.iter().for_each(|cells| rejected.add(&owned(cells), "why, and; how").unwrap());
        rejected.keep().unwrap().is_some()
    }

    fn read(path: &Path) -> Vec<Vec<String>> {
        let file = File::open(path).unwrap();
        let mut table = Table::new(super::super::source::decoded(file).unwrap().bytes).unwrap();
        std::iter::from_fn(|| table.next().unwrap().map(|record| record.shown())).collect()
    }

    #[test]
    fn it_is_read_as_the_file_was_that_it_comes_from() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rest.csv");
        for delimiter in [b',', b';', b'\t', b'|'] {
            for header in
                [&["phone_number", "Kunde, Nr., neu"][..], &["a;b;c", "phone_number"], &["phone_number", "\t"]]
            {
                assert!(rejected(&path, header, delimiter, &[&["1", "a\"b,;\t|\r\n"], &["2"]]));
                let told = [header, &["reason"]].concat();
                let expected = [told, vec!["1", "a\"b,;\t|\r\n", "why, and; how"], vec!["2", "", "why, and; how"]];
                assert_eq!(read(&path), expected, "{:?} {header:?}", char::from(delimiter));
            }
        }
        // A usual file needs no line that says how it is written.
        let text = |header: &[&str], delimiter| {
            rejected(&path, header, delimiter, &[&["1"]]);
            fs::read_to_string(&path).unwrap()
        };
        assert!(text(&["phone_number", "Kunde"], b';').starts_with("\u{feff}phone_number;Kunde;reason\r\n1;;\"why"));
        assert!(text(&["phone_number", "Kunde"], b'|').starts_with("\u{feff}sep=|\r\nphone_number|"));
    }

    #[test]
    fn it_is_whole_or_not_there_and_what_a_kill_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rest.csv");
        let names = || -> Vec<String> {
            let mut names: Vec<String> =
                fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        let columns = columns(vec!["phone_number".to_owned()], &[], &[]).unwrap();
        let mut begun = Rejected::new(&path, Path::new("-"), &columns, b',').unwrap();
        begun.add(&["1".to_owned()], "why").unwrap();
        begun.writer.flush().unwrap();
        assert_eq!(
            names(),
            [""; 0],
            "as long as it is written nothing is to be seen of it, so that a kill leaves nothing"
        );
        drop(begun);
        fs::write(folder.path().join(".rest.csv.part"), "of a kill").unwrap();
        assert!(!rejected(&path, &["phone_number"], b',', &[]));
        assert_eq!(names(), [""; 0], "nor is there anything without a row");
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "another's").unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder.path().join(".rest.csv.part")).unwrap();
        assert!(rejected(&path, &["phone_number"], b',', &[&["1"]]));
        assert_eq!(names(), ["elsewhere", "rest.csv"]);
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "another's");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn imports_that_write_the_same_file_at_the_same_moment_leave_each_its_own() {
        const IMPORTS: usize = 6;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rest.csv");
        fs::write(&path, "of an hour ago").unwrap();
        let (begun, ended) = (Barrier::new(IMPORTS), Barrier::new(IMPORTS));
        let write = |import: usize| {
            let columns = columns(vec!["phone_number".to_owned()], &[], &[]).unwrap();
            let mut rejected = Rejected::new(&path, Path::new("-"), &columns, b',').unwrap();
            begun.wait();
            (0..5_000).for_each(|_| rejected.add(&[import.to_string()], "why").unwrap());
            ended.wait();
            rejected.keep().unwrap().expect("there are rows in it")
        };
        let mut places: Vec<PathBuf> = std::thread::scope(|scope| {
            let writing: Vec<_> = (0..IMPORTS)
                .map(|import| {
                    scope.spawn({
                        let write = &write;
                        move || (import, write(import))
                    })
                })
                .collect();
            let written = writing.into_iter().map(|import| import.join().unwrap());
            written
                .map(|(import, place)| {
                    let rows = read(&place);
                    assert_eq!(rows.len(), 5_001, "whole");
                    assert!(rows[1..].iter().all(|row| row[0] == import.to_string()), "its own");
                    place
                })
                .collect()
        });
        places.sort();
        let beside = (2..=IMPORTS).map(|no| folder.path().join(format!("rest-{no}.csv")));
        let expected: Vec<PathBuf> = beside.chain([path.clone()]).collect();
        assert_eq!(places, expected);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), IMPORTS, "and nothing else");
        // What somebody else put there before is older, and gives way.
        assert!(rejected(&path, &["phone_number"], b',', &[&["1"]]));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), IMPORTS);
    }
}
