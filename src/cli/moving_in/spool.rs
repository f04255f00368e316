//! Good rows, which wait in a file for the end of theirs, and come back in the order of their numbers.
//!
//! The file has no name, so that it goes with the process however that ends.
//! How to get it wrong: sending rows as they stood. The daemon asks Twilio for ranges of numbers, and would ask for all of them each time.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};

use super::row::Row;
use super::seen::digits;

/// A good row, with what its record held if somebody may ask for it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(in crate::cli) struct Kept {
    pub line: u64,
    pub row: Row,
    /// Whether it was resting where the file comes from.
    pub rested: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

/// Where a row lies.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u64,
    begin: u64,
    length: u32,
}

/// Rows that are written.
pub(super) struct Spool {
    file: BufWriter<File>,
    places: Vec<Place>,
    end: u64,
}

impl Spool {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile()?), places: Vec::new(), end: 0 })
    }

    pub(super) fn push(&mut self, kept: &Kept) -> io::Result<()> {
        let line = serde_json::to_vec(kept)?;
        self.file.write_all(&line)?;
        let length = u32::try_from(line.len()).map_err(io::Error::other)?;
        self.places.push(Place { number: digits(&kept.row.phone_number), begin: self.end, length });
        self.end += u64::from(length);
        Ok(())
    }

    /// Turns from writing to reading.
    pub(super) fn finish(self) -> io::Result<Spooled> {
        let Self { file, mut places, .. } = self;
        places.sort_unstable_by_key(|place| place.number);
        Ok(Spooled { file: file.into_inner().map_err(io::IntoInnerError::into_error)?, places })
    }
}

/// Rows that are read.
#[derive(Debug)]
pub(in crate::cli) struct Spooled {
    file: File,
    places: Vec<Place>,
}

impl Spooled {
    /// How many there are.
    pub(in crate::cli) fn len(&self) -> usize {
        self.places.len()
    }

    /// The row of this rank.
    pub(in crate::cli) fn row(&mut self, rank: usize) -> io::Result<Kept> {
        let Place { begin, length, .. } = self.places[rank];
        let mut line = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.seek(SeekFrom::Start(begin))?;
        self.file.read_exact(&mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_the_order_of_their_numbers() {
        let kept = |number: &str, line: u64| Kept {
            line,
            row: Row {
                phone_number: number.parse().unwrap(),
                user_id: Some("Ünï ".parse().unwrap()),
                assigned_at: None,
                pool: None,
            },
            rested: false,
            cells: vec![number.to_owned(), "a\"b".to_owned()],
        };
        let all = [kept("+447400123456", 2), kept("+14155550101", 3), kept("+14155550100", 9)];
        let mut spool = Spool::new().unwrap();
        all.iter().for_each(|kept| spool.push(kept).unwrap());
        let mut spooled = spool.finish().unwrap();
        let read: Vec<Kept> = (0..spooled.len()).map(|rank| spooled.row(rank).unwrap()).collect();
        assert_eq!(read, [all[2].clone(), all[1].clone(), all[0].clone()]);
    }
}
