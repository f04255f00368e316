//! The rows that could not be taken, as a file to be mended and imported: as they were, and why.
//!
//! Invariants: whoever else is on the machine cannot read it; it is there as a whole or not at all, and not without a row in it.
//! How to get it wrong: writing it in place. A full disk would leave half of it, over the one of an hour ago.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use csv::{Terminator, Writer, WriterBuilder};
use tempfile::NamedTempFile;

use super::columns::{Columns, REASON};

/// The file while it is written. Spreadsheets know by the mark that it is UTF-8.
pub(in crate::cli) struct Rejected {
    path: PathBuf,
    writer: Writer<NamedTempFile>,
    width: usize,
    reason: Option<usize>,
    /// How many rows are in it.
    pub(in crate::cli) rows: u64,
}

impl Rejected {
    /// Begins one beside where it shall stand.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn new(path: &Path, source: &Path, columns: &Columns) -> Result<Self, String> {
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
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = NamedTempFile::new_in(folder).map_err(unwritable)?;
        file.write_all("\u{feff}".as_bytes()).map_err(unwritable)?;
        let writer = WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(file);
        let width = columns.header.len();
        let mut rejected = Self { path: path.to_owned(), writer, width, reason: columns.reason, rows: 0 };
        rejected.write(&columns.header, REASON).map_err(unwritable)?;
        rejected.rows = 0;
        Ok(rejected)
    }

    /// Adds a row.
    pub(in crate::cli) fn add(&mut self, cells: &[String], reason: &str) -> Result<(), String> {
        let written = self.write(cells, reason);
        written.map_err(|error| format!("{} cannot be written: {error}; make room on its disk", self.path.display()))
    }

    fn write(&mut self, cells: &[String], reason: &str) -> io::Result<()> {
        let mut row: Vec<&str> = cells.iter().map(String::as_str).collect();
        // What is more than the header has columns stays behind the reason, where it can be seen.
        row.resize(row.len().max(self.width), "");
        let more = row.split_off(self.width);
        if let Some(earlier) = self.reason.filter(|at| *at < row.len()) {
            row.remove(earlier);
        }
        row.push(reason);
        row.extend(more.into_iter().rev().skip_while(|cell| cell.is_empty()).collect::<Vec<_>>().into_iter().rev());
        self.writer.write_record(row)?;
        self.rows += 1;
        Ok(())
    }

    /// Puts it in its place, if there is a row in it; whether it is there.
    pub(in crate::cli) fn keep(self) -> Result<bool, String> {
        if self.rows == 0 {
            return Ok(false);
        }
        let unwritable = |error: &dyn std::fmt::Display| {
            format!("{} cannot be written: {error}; make room on its disk", self.path.display())
        };
        let file = self.writer.into_inner().map_err(|error| unwritable(&error.error()))?;
        file.as_file().sync_all().map_err(|error| unwritable(&error))?;
        file.persist(&self.path).map_err(|error| unwritable(&error.error))?;
        Ok(true)
    }
}
