//! A file from its first byte to its last.
//!
//! How to get it wrong: a bound for the rows of a file instead of one for what is kept of each.

use chrono::Utc;
use indicatif::ProgressBar;

use super::causes::Causes;
use super::columns::{Column, Columns, chosen, columns};
use super::rejected::Rejected;
use super::row::{Judged, Row, is_taken, judge, says_something};
use super::seen::{Seen, Verdict};
use super::source::{Source, open};
use super::spool::{Kept, Spool, Spooled};
use super::table::{Record, Table};
use super::whose::{may_say_whose, nobody_is_named};
use crate::cli::args::ImportArgs;
use crate::domain::Reading;

/// Records below the header that show which column holds the numbers.
const FIRST: usize = 10;

/// A file that was read to its end.
pub(in crate::cli) struct ReadFile {
    pub name: String,
    pub encoding: &'static str,
    pub delimiter: u8,
    pub(super) columns: Columns,
    /// Records that hold something.
    pub rows: u64,
    /// Those of blanks and separators alone.
    pub blank: u64,
    /// Rows that are refused, and how many users are without a number for that.
    pub refused: u64,
    pub refused_of_users: u64,
    pub faults: Causes,
    pub notes: Causes,
    pub good: Spooled,
    pub seen: Seen,
    pub rejected: Option<Rejected>,
}

/// Reads a file; nothing is sent.
///
/// # Errors
/// A sentence, when the file as a whole cannot be read.
pub(in crate::cli) fn read(args: &ImportArgs, bar: &ProgressBar) -> Result<ReadFile, String> {
    let name = args.file.display().to_string();
    let source = open(&args.file, bar)?;
    read_source(source, args, &args.reading())
        .map_err(|fault| if fault.starts_with("--") { fault } else { format!("{name}: {fault}") })
}

pub(super) fn read_source(source: Source, args: &ImportArgs, reading: &Reading) -> Result<ReadFile, String> {
    let chosen = chosen(&args.columns)?;
    if let Some(told) = source.instead {
        return Err(told.to_owned());
    }
    let mut table = Table::new(source.bytes)?;
    let header = loop {
        match table.next()? {
            Some(record) if record.is_blank() => {}
            Some(record) => break record.shown(),
            None => return Err("it is empty; give a file with a header, such as phone_number,user_id".to_owned()),
        }
    };
    let mut first = Vec::new();
    while first.len() < FIRST
        && let Some(record) = table.next()?
    {
        first.push(record);
    }
    let shown: Vec<Vec<String>> = first.iter().filter(|record| !record.is_blank()).map(Record::shown).collect();
    let columns = columns(header, &chosen, &shown)?;
    if let Some(at) = columns.place(Column::UserId).filter(|_| args.no_users) {
        let heading = columns.header[at].trim();
        return Err(format!(
            "--no-users says that nobody has these numbers, and {heading:?} says who does; leave --no-users out"
        ));
    }
    let rejected = match &args.rejected {
        Some(path) => Some(Rejected::new(path, &args.file, &columns, table.delimiter)?),
        None => None,
    };
    let unwritable =
        |error: std::io::Error| format!("good rows cannot be kept in a file: {error}; make room, or set TMPDIR");
    let mut file = Reader {
        reading: *reading,
        now: Utc::now(),
        delimiter: table.delimiter,
        spool: Spool::new().map_err(unwritable)?,
        silent: if args.no_users { Vec::new() } else { may_say_whose(&columns) },
        holding: Vec::new(),
        columns,
        rows: 0,
        blank: 0,
        refused: 0,
        refused_of_users: 0,
        faults: Causes::default(),
        notes: Causes::default(),
        seen: Seen::default(),
        rejected,
    };
    for record in first {
        file.take(record)?;
    }
    while let Some(record) = table.next()? {
        file.take(record)?;
    }
    if !file.holding.is_empty() {
        file.holding.sort_unstable();
        return Err(nobody_is_named(&file.columns, &file.holding));
    }
    if file.rows == 0 {
        return Err("there is no number in it; write one a line below the header".to_owned());
    }
    let good = file.spool.finish().map_err(unwritable)?;
    Ok(ReadFile {
        name: args.file.file_name().map_or_else(|| "-".to_owned(), |name| name.display().to_string()),
        encoding: source.encoding,
        delimiter: file.delimiter,
        columns: file.columns,
        rows: file.rows,
        blank: file.blank,
        refused: file.refused,
        refused_of_users: file.refused_of_users,
        faults: file.faults,
        notes: file.notes,
        good,
        seen: file.seen,
        rejected: file.rejected,
    })
}

/// A file while it is read.
struct Reader {
    reading: Reading,
    now: chrono::DateTime<Utc>,
    delimiter: u8,
    spool: Spool,
    columns: Columns,
    /// Columns that may say whose the numbers are, where nothing is called so, and that hold nothing yet.
    silent: Vec<usize>,
    /// Those of them that do.
    holding: Vec<usize>,
    rows: u64,
    blank: u64,
    refused: u64,
    refused_of_users: u64,
    faults: Causes,
    notes: Causes,
    seen: Seen,
    rejected: Option<Rejected>,
}

const AGAIN: &str = "the same row once more, which counts once";

impl Reader {
    fn take(&mut self, record: Record) -> Result<(), String> {
        if record.is_blank() {
            self.blank += 1;
            return Ok(());
        }
        self.rows += 1;
        let line = record.line;
        let judged = judge(&record, &self.columns, &self.reading, self.now, self.delimiter);
        if let Some(why) = judged.left_out {
            self.notes.add(why, line, None);
            return Ok(());
        }
        self.look_for_users(&record);
        let verdict = self.seen.check(&judged, line);
        if let Verdict::Contradicts(cause, earlier) = &verdict {
            for earlier in earlier {
                self.faults.add(cause, *earlier, None);
                self.refused += 1;
            }
        }
        if !judged.faults.is_empty() {
            return self.refuse(&record, &judged, None);
        }
        for note in &judged.notes {
            self.notes.add(note, line, None);
        }
        match verdict {
            Verdict::Again => self.notes.add(AGAIN, line, None),
            Verdict::Contradicts(cause, _) => return self.refuse(&record, &judged, Some(cause)),
            Verdict::New => {
                let Judged { phone_number: Some(phone_number), user_id, assigned_at, pool, rested, .. } = judged else {
                    return Ok(());
                };
                let cells = if self.rejected.is_some() { record.shown() } else { Vec::new() };
                let kept = Kept { line, row: Row { phone_number, user_id, assigned_at, pool }, rested, cells };
                self.spool.push(&kept).map_err(|error| {
                    format!("good rows cannot be kept in a file: {error}; make room, or set TMPDIR")
                })?;
            }
        }
        Ok(())
    }

    /// Notes down which columns hold something that may be whose the number is.
    fn look_for_users(&mut self, record: &Record) {
        let holds = |at: &usize| {
            let cell = String::from_utf8_lossy(record.cells.get(*at).map_or(&[][..], Vec::as_slice));
            if self.columns.place(Column::Status) == Some(*at) { is_taken(&cell) } else { says_something(&cell) }
        };
        self.holding.extend(self.silent.iter().copied().filter(holds));
        self.silent.retain(|at| !self.holding.contains(at));
    }

    fn refuse(&mut self, record: &Record, judged: &Judged, contradiction: Option<&'static str>) -> Result<(), String> {
        self.refused += 1;
        // An id that cannot be read is somebody's, and nobody knows whether it is another one's.
        let goes_without = |user_id| self.seen.goes_without(user_id);
        self.refused_of_users += u64::from(judged.user_id.as_ref().map_or(judged.is_somebodys, goes_without));
        let mut reasons = Vec::new();
        for wrong in &judged.faults {
            self.faults.add(&wrong.cause, record.line, wrong.detail.as_deref());
            let detail = wrong.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            reasons.push(format!("{}{detail}", wrong.cause));
        }
        if let Some(cause) = contradiction {
            self.faults.add(cause, record.line, None);
            reasons.push(cause.to_owned());
        }
        match &mut self.rejected {
            Some(rejected) => rejected.add(&record.shown(), &reasons.join("; ")),
            None => Ok(()),
        }
    }
}
