//! Which column is what: by its name, or as `--columns` says.
//!
//! How to get it wrong: taking the second of two columns that may be meant. The file as a whole is refused, before anything is sent.

use unicode_general_category::{GeneralCategory, get_general_category};

use crate::domain::{FaultKind, Reading, phone_number};

/// A column that means something to an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    PhoneNumber,
    UserId,
    AssignedAt,
    Pool,
    /// As our own list of numbers writes it.
    Status,
    /// As our own list of assignments writes it, and whoever keeps those that have ended.
    ReleasedAt,
}

impl Column {
    const ALL: [Self; 6] =
        [Self::PhoneNumber, Self::UserId, Self::AssignedAt, Self::Pool, Self::Status, Self::ReleasedAt];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PhoneNumber => "phone_number",
            Self::UserId => "user_id",
            Self::AssignedAt => "assigned_at",
            Self::Pool => "pool",
            Self::Status => "status",
            Self::ReleasedAt => "released_at",
        }
    }
}

/// The column that the rejected rows of an earlier import have their reasons in.
pub(super) const REASON: &str = "reason";

/// Where the columns stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    places: [Option<usize>; Column::ALL.len()],
    /// The header, as it is.
    pub(super) header: Vec<String>,
    /// The column of reasons, if the file was written by an import.
    pub(super) reason: Option<usize>,
}

impl Columns {
    /// Where this one stands.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places[column as usize]
    }

    /// Whether what stands there means something to an import.
    pub(super) fn means(&self, at: usize) -> bool {
        self.places.contains(&Some(at))
    }

    /// Headings that mean something else than they say, with what they are.
    pub(super) fn renamed(&self) -> Vec<(&str, &'static str)> {
        let named = Column::ALL.iter().filter_map(|column| Some((self.place(*column)?, column.name())));
        named.map(|(at, name)| (self.header[at].trim(), name)).filter(|(heading, name)| heading != name).collect()
    }

    /// Headings that mean nothing to an import.
    pub(super) fn left_out(&self) -> Vec<&str> {
        let is_known = |at: &usize| self.means(*at) || self.reason == Some(*at);
        let others = self.header.iter().enumerate().filter(|(at, _)| !is_known(at));
        others.map(|(_, heading)| heading.trim()).filter(|heading| !heading.is_empty()).collect()
    }
}

/// What is compared of a heading.
pub(super) fn key(heading: &str) -> String {
    let is_seen = |character: &char| {
        !character.is_whitespace()
            && !['-', '_'].contains(character)
            && get_general_category(*character) != GeneralCategory::Format
    };
    heading.chars().filter(is_seen).flat_map(char::to_lowercase).collect()
}

/// What `--columns` says: our name, and the heading of the file.
///
/// # Errors
/// A sentence.
pub(super) fn chosen(said: &[String]) -> Result<Vec<(Column, String)>, String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for element in said.iter().flat_map(|text| text.split(',')) {
        match (element.split_once('='), pairs.last_mut()) {
            (Some((ours, theirs)), _) => pairs.push((ours.to_owned(), theirs.to_owned())),
            // A heading may hold a comma.
            (None, Some((_, theirs))) => *theirs = format!("{theirs},{element}"),
            (None, None) => {
                return Err(format!("--columns {element:?} names no column; write it such as phone_number={element}"));
            }
        }
    }
    let mut chosen: Vec<(Column, String)> = Vec::new();
    for (ours, theirs) in pairs {
        let Some(column) = Column::ALL.into_iter().find(|column| key(column.name()) == key(&ours)) else {
            let names: Vec<&str> = Column::ALL.iter().map(|column| column.name()).collect();
            return Err(format!("--columns names {ours:?}, which is none of ours; those are {}", names.join(", ")));
        };
        if chosen.iter().any(|(earlier, _)| *earlier == column) {
            return Err(format!("--columns says twice which column is {}; say it once", column.name()));
        }
        chosen.push((column, theirs));
    }
    Ok(chosen)
}

/// Finds the columns of a header; `first` are the first records below it, which show what is missing.
///
/// # Errors
/// A sentence, when the file as a whole cannot be understood.
pub(super) fn columns(
    header: Vec<String>,
    chosen: &[(Column, String)],
    first: &[Vec<String>],
) -> Result<Columns, String> {
    let mut places = [None; Column::ALL.len()];
    for (column, theirs) in chosen {
        places[*column as usize] = Some(named(&header, *column, theirs)?);
    }
    if chosen.is_empty() && header.iter().any(|cell| may_be_a_number(cell)) {
        return Err(format!(
            "the first line must name the columns, and {:?} is no name; put a line above it, such as phone_number,user_id",
            header.iter().find(|cell| may_be_a_number(cell)).map_or("", String::as_str)
        ));
    }
    for column in Column::ALL {
        if places[column as usize].is_some() {
            continue;
        }
        let is_it =
            |(at, heading): &(usize, &String)| key(heading) == key(column.name()) && !places.contains(&Some(*at));
        let found: Vec<(usize, &String)> = header.iter().enumerate().filter(is_it).collect();
        match found.as_slice() {
            [] => {}
            [(at, _)] => places[column as usize] = Some(*at),
            [(_, one), (_, other), ..] => {
                return Err(format!(
                    "the columns {one:?} and {other:?} are both {name}; say which one is meant with --columns {name}={one:?}",
                    name = column.name()
                ));
            }
        }
    }
    if places[Column::PhoneNumber as usize].is_none() {
        return Err(no_number(&header, first));
    }
    let reason =
        header.iter().enumerate().position(|(at, heading)| key(heading) == REASON && !places.contains(&Some(at)));
    Ok(Columns { places, header, reason })
}

fn named(header: &[String], column: Column, theirs: &str) -> Result<usize, String> {
    let all = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        header.iter().enumerate().filter(|(_, heading)| is_it(heading)).map(|(at, _)| at).collect()
    };
    let exactly = all(&|heading| heading == theirs || heading.trim() == theirs.trim());
    let alike = if exactly.is_empty() { all(&|heading| key(heading) == key(theirs)) } else { exactly };
    match alike.as_slice() {
        [at] => Ok(*at),
        [] => Err(format!(
            "--columns says that {} is {theirs:?}, and the file has no such column; it has {}{}",
            column.name(),
            listed(header),
            encoding(header)
        )),
        _ => Err(format!("the file has several columns called {theirs:?}; rename one of them")),
    }
}

fn no_number(header: &[String], first: &[Vec<String>]) -> String {
    let holds_numbers = |at: &usize| {
        let cells = || first.iter().filter_map(|row| row.get(*at)).filter(|cell| !cell.trim().is_empty());
        cells().next().is_some() && cells().all(|cell| may_be_a_number(cell))
    };
    let hint = match (0..header.len()).find(holds_numbers) {
        Some(at) if !header[at].trim().is_empty() => {
            format!("say which one it is with --columns phone_number={:?}", header[at].trim())
        }
        _ => "say which one it is with --columns phone_number=NAME".to_owned(),
    };
    format!("no column is called phone_number; {hint}; the file has {}{}", listed(header), encoding(header))
}

/// What is told of headings that are not what they were.
pub(super) fn encoding(header: &[String]) -> &'static str {
    match header.iter().any(|heading| heading.contains(char::REPLACEMENT_CHARACTER)) {
        true => "; letters of the headings are in another encoding: save the file as CSV UTF-8",
        false => "",
    }
}

fn listed(header: &[String]) -> String {
    let named: Vec<String> =
        header.iter().map(|heading| heading.trim()).filter(|heading| !heading.is_empty()).map(shown).collect();
    if named.is_empty() { "no headings".to_owned() } else { named.join(", ") }
}

pub(super) fn shown(heading: &str) -> String {
    format!("{:?}", heading.chars().take(60).collect::<String>())
}

/// Whether a cell holds a number, be it one without its plus or one that a spreadsheet has destroyed.
fn may_be_a_number(cell: &str) -> bool {
    match phone_number(cell, &Reading::default()) {
        Ok(_) => true,
        Err(fault) => {
            [FaultKind::NoPlus, FaultKind::Destroyed, FaultKind::Extension].contains(&fault.kind)
                && cell.bytes().filter(u8::is_ascii_digit).count() >= 7
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Vec<String> {
        text.split(';').map(str::to_owned).collect()
    }

    fn found(text: &str, said: &[&str]) -> Result<Columns, String> {
        let said: Vec<String> = said.iter().map(|text| (*text).to_owned()).collect();
        columns(header(text), &chosen(&said)?, &[header("x;+14155550100;4155550101")])
    }

    fn places(text: &str, said: &[&str]) -> [Option<usize>; 6] {
        found(text, said).unwrap().places
    }

    #[test]
    fn headings_are_compared_without_what_people_write_differently() {
        for text in [
            "phone_number",
            "Phone Number",
            "phoneNumber",
            "PHONE-NUMBER",
            " phone\u{a0}number ",
            "\u{200b}Phone_Number",
        ] {
            assert_eq!(places(text, &[]), [Some(0), None, None, None, None, None], "{text:?}");
        }
        let read = found("sid;phoneNumber;User ID;assigned_at;;Pool;status;Notes;", &[]).unwrap();
        assert_eq!(read.places, [Some(1), Some(2), Some(3), Some(5), Some(6), None]);
        assert_eq!(read.left_out(), ["sid", "Notes"]);
        assert_eq!(read.renamed(), [("phoneNumber", "phone_number"), ("User ID", "user_id"), ("Pool", "pool")]);
    }

    #[test]
    fn columns_are_said_by_hand_and_a_heading_may_hold_a_comma() {
        let read = found("Rufnummer;Kunde, Nr.;user_id", &["phone_number=Rufnummer,user_id=Kunde, Nr."]).unwrap();
        assert_eq!(read.places, [Some(0), Some(1), None, None, None, None]);
        assert_eq!(read.left_out(), ["user_id"]);
        assert_eq!(places("Phone Number;phone_number", &["phone_number=phone_number"])[0], Some(1));
        assert_eq!(places("A;RUF-NUMMER", &["phone_number=rufnummer"])[0], Some(1));
        assert_eq!(places("A;B;pool", &["phone_number=B", "Pool=A"]), [Some(1), None, None, Some(0), None, None]);
    }

    #[test]
    fn what_cannot_be_understood_names_the_way_out() {
        for (text, said, words) in [
            ("Phone Number;phone_number", &[][..], "--columns phone_number=\"Phone Number\""),
            ("A;B;C", &[], "--columns phone_number=\"B\""),
            ("A", &[], "--columns phone_number=NAME"),
            ("+14155550100;u-1", &[], "first line must name the columns"),
            ("2024-01-31;PN1;4155550100", &[], "first line must name the columns"),
            ("A;B", &["phone_number=C"], "\"A\", \"B\""),
            ("A;A", &["phone_number=A"], "several columns"),
            ("Stra\u{fffd}e;B", &["user_id=Straße"], "another encoding: save the file as CSV UTF-8"),
            ("A;B", &["number=A"], "none of ours"),
            ("A;B", &["A"], "names no column"),
            ("A;B", &["phone_number=A,phone_number=B"], "twice"),
        ] {
            let told = found(text, said).unwrap_err();
            assert!(told.contains(words), "{text}: {told}");
        }
    }
}
