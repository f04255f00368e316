//! What was sent, as values; and everything that is wrong with it by itself. Pure.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::report::{ImportProblem, ImportRow, Notes};
use crate::domain::{
    Catalog, Fault, FaultKind, Note, PhoneNumber, PoolName, Reading, Sender, UserId, Written, instant, phone_number,
    user_id,
};

/// A row that is in order by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it stood.
    pub(super) at: usize,
    pub(super) number: PhoneNumber,
    /// Whose the number is, and since when.
    pub(super) user: Option<(UserId, DateTime<Utc>)>,
    /// The pool that was named for it.
    pub(super) pool: Option<PoolName>,
}

impl Row {
    pub(super) fn problem(&self, code: &'static str, message: impl Into<String>) -> ImportProblem {
        ImportProblem::new(self.at, self.number.as_str(), code, message).of_pool(self.pool.as_ref())
    }

    pub(super) fn user_id(&self) -> Option<&UserId> {
        self.user.as_ref().map(|(user_id, _)| user_id)
    }
}

/// What a call says beside its rows.
pub(super) struct Said<'a> {
    pub(super) reading: Reading,
    /// The pool of rows that name none.
    pub(super) pool: Option<&'a PoolName>,
    pub(super) catalog: &'a Catalog,
    pub(super) now: DateTime<Utc>,
}

/// Reads rows. Of rows that say the same the first counts; rows that contradict each
/// other are all refused, because nobody here knows which is right.
pub(super) fn read(sent: &[ImportRow], said: &Said<'_>, notes: &mut Notes) -> (Vec<Row>, Vec<ImportProblem>) {
    let mut problems = Vec::new();
    let mut rows = Vec::new();
    for (at, row) in sent.iter().enumerate() {
        match read_one(at, row, said, notes) {
            Ok(row) => rows.push(row),
            Err(found) => problems.extend(found),
        }
    }
    let (mut by_number, mut by_user): (HashMap<PhoneNumber, Vec<usize>>, HashMap<UserId, Vec<usize>>) =
        (HashMap::new(), HashMap::new());
    for (index, row) in rows.iter().enumerate() {
        by_number.entry(row.number.clone()).or_default().push(index);
        if let Some(user_id) = row.user_id() {
            by_user.entry(user_id.clone()).or_default().push(index);
        }
    }
    let verdict = |index: usize, row: &Row| {
        let same = &by_number[&row.number];
        if same.iter().any(|other| rows[*other].user_id() != row.user_id()) {
            return Some(
                row.problem("duplicate_number", "the number stands there with different users; keep the right one"),
            );
        }
        if same.iter().any(|other| rows[*other].pool != row.pool) {
            return Some(
                row.problem("duplicate_number", "the number stands there with different pools; keep the right one"),
            );
        }
        if same.first() != Some(&index) {
            return Some(row.problem("duplicate_number", "the number stands there before; the first row counts"));
        }
        let users = row.user_id().map_or(&[][..], |user_id| &by_user[user_id]);
        if users.iter().any(|other| rows[*other].number != row.number) {
            let message = "the user stands there with different numbers, and a user has one; keep the right one";
            return Some(row.problem("duplicate_user", message));
        }
        None
    };
    let verdicts: Vec<Option<ImportProblem>> =
        rows.iter().enumerate().map(|(index, row)| verdict(index, row)).collect();
    let mut good = Vec::new();
    for (row, verdict) in rows.into_iter().zip(verdicts) {
        match verdict {
            Some(problem) => problems.push(problem),
            None => good.push(row),
        }
    }
    (good, problems)
}

fn read_one(at: usize, row: &ImportRow, said: &Said<'_>, notes: &mut Notes) -> Result<Row, Vec<ImportProblem>> {
    let mut problems = Vec::new();
    let mut problem =
        |code, message: String| problems.push(ImportProblem::new(at, shortened(&row.phone_number), code, message));
    let number = phone_number(&row.phone_number, &said.reading);
    if let Err(fault) = &number {
        problem(code_of(fault, "invalid_phone_number"), format!("phone_number: {}", fault.told(Sender::Program)));
    }
    let user_id = user_id(row.user(), &said.reading);
    if let Err(fault) = &user_id {
        problem(code_of(fault, "invalid_user_id"), fault.told(Sender::Program));
    }
    let told = row.assigned_at.as_deref().filter(|text| !text.trim().is_empty());
    // A time that says nothing is left out, whatever it says.
    let is_nobodys = matches!(user_id, Ok(Written { value: None, .. }));
    let lone = told.filter(|_| is_nobodys).map(|_| Note::LoneInstant);
    let since = told.filter(|_| !is_nobodys).map(|text| instant(text, said.reading.zone, said.now)).transpose();
    if let Err(fault) = &since {
        problem("invalid_assigned_at", fault.told(Sender::Program));
    }
    // An empty field of a table is none.
    let named = row.pool.as_deref().filter(|name| !name.is_empty());
    let pool = match named.map(str::parse::<PoolName>).transpose() {
        Ok(named) => named.or_else(|| said.pool.cloned()),
        Err(error) => {
            problem("invalid_pool", format!("pool {error}"));
            None
        }
    };
    if let Some(Err(astray)) = pool.as_ref().map(|pool| said.catalog.known(pool)) {
        problem("invalid_pool", astray.to_string());
    }
    match (number, user_id, since) {
        (Ok(number), Ok(user_id), Ok(since)) if problems.is_empty() => {
            let of_since = since.as_ref().and_then(|since| since.note);
            for note in [user_id.note, of_since, lone].into_iter().flatten() {
                notes.add(note, number.as_str());
            }
            let since = since.map_or(said.now, |since| since.value);
            Ok(Row { at, number, user: user_id.value.map(|user_id| (user_id, since)), pool })
        }
        _ => Err(problems),
    }
}

fn code_of(fault: &Fault, otherwise: &'static str) -> &'static str {
    if fault.kind == FaultKind::Destroyed { "destroyed_by_spreadsheet" } else { otherwise }
}

/// What is no number comes back in the answer, but not all of it.
fn shortened(text: &str) -> String {
    text.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Entry, Kind, NumberType};

    fn row(phone_number: &str, user_id: Option<&str>, assigned_at: Option<&str>) -> ImportRow {
        ImportRow {
            phone_number: phone_number.to_owned(),
            user_id: user_id.map(|user_id| Some(user_id.to_owned())),
            assigned_at: assigned_at.map(str::to_owned),
            pool: None,
        }
    }

    fn catalog() -> Catalog {
        let entry = |name: &str, country: &str| Entry {
            name: name.parse().unwrap(),
            kind: Kind { country: country.parse().unwrap(), number_type: NumberType::Local },
            serves_country: true,
        };
        Catalog::new(entry("default", "US"), [entry("ca", "CA"), entry("gb", "GB")])
    }

    fn noon() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn read_of(sent: &[ImportRow], pool: Option<&PoolName>, reading: Reading) -> (Vec<Row>, Vec<ImportProblem>, Notes) {
        let mut notes = Notes::default();
        let (rows, problems) = read(sent, &Said { reading, pool, catalog: &catalog(), now: noon() }, &mut notes);
        (rows, problems, notes)
    }

    fn read_at_noon(sent: &[ImportRow]) -> (Vec<usize>, Vec<(usize, &'static str)>) {
        let (rows, mut problems, _) = read_of(sent, None, Reading::default());
        problems.sort_by_key(|problem| problem.row);
        let problems = problems.into_iter().map(|problem| (problem.row, problem.code)).collect();
        (rows.into_iter().map(|row| row.at).collect(), problems)
    }

    #[test]
    fn every_problem_of_every_row_is_told_and_good_rows_go_on() {
        let sent = [
            row("4155550100", Some("u\u{200b}"), Some("yesterday")),
            row("+14155550101", Some("u-1"), Some("2026-01-01T13:00:00+01:00")),
            row("+14155550102", Some("u-2"), Some("2026-01-02T12:00:01Z")),
            row("+14155550103", None, None),
        ];
        let (good, problems) = read_at_noon(&sent);
        assert_eq!(good, [1, 3]);
        let expected = [
            (0, "invalid_phone_number"),
            (0, "invalid_user_id"),
            (0, "invalid_assigned_at"),
            (2, "invalid_assigned_at"),
        ];
        assert_eq!(problems, expected);
    }

    #[test]
    fn of_equal_rows_the_first_counts_and_of_contradicting_ones_none() {
        let sent = [
            row("+14155550101", Some("u-1"), None),
            row("+14155550101", Some("u-1"), None),
            row("+14155550102", Some("u-2"), None),
            row("+14155550102", Some("u-3"), None),
            row("+14155550103", Some("u-4"), None),
            row("+14155550104", Some("u-4"), None),
            row("+14155550105", None, None),
            row("+14155550105", Some("u-5"), None),
        ];
        let (good, problems) = read_at_noon(&sent);
        assert_eq!(good, [0]);
        let codes: Vec<&str> = problems.iter().map(|(_, code)| *code).collect();
        let number = "duplicate_number";
        assert_eq!(codes, [number, number, number, "duplicate_user", "duplicate_user", number, number]);
    }

    #[test]
    fn a_pool_is_that_of_the_row_else_that_of_the_call_and_one_that_is_known() {
        let of =
            |number: &str, pool: Option<&str>| ImportRow { pool: pool.map(str::to_owned), ..row(number, None, None) };
        let sent = [
            of("+14155550101", None),
            of("+14155550102", Some("gb")),
            of("+14155550103", Some("")),
            of("+14155550104", Some("fr")),
            of("+14155550105", Some("no pool")),
            of("+14155550106", Some("gb")),
            of("+14155550106", Some("ca")),
            of("+14155550107", Some("ca")),
            of("+14155550107", None),
        ];
        let ca = "ca".parse().unwrap();
        let (rows, problems, _) = read_of(&sent, Some(&ca), Reading::default());
        let pools: Vec<_> = rows.iter().map(|row| (row.at, row.pool.as_ref().map(PoolName::as_str))).collect();
        assert_eq!(pools, [(0, Some("ca")), (1, Some("gb")), (2, Some("ca")), (7, Some("ca"))]);
        let told: Vec<_> = problems.iter().map(|problem| (problem.row, problem.code)).collect();
        let number = "duplicate_number";
        assert_eq!(told, [(3, "invalid_pool"), (4, "invalid_pool"), (5, number), (6, number), (8, number)]);
        assert!(problems[0].message.contains("default, ca, gb"), "{}", problems[0].message);
    }

    #[test]
    fn a_row_without_a_time_is_since_now() {
        let (rows, ..) = read_of(&[row("+14155550101", Some("u-1"), None)], None, Reading::default());
        assert_eq!(rows[0].user, Some(("u-1".parse().unwrap(), noon())));
    }

    #[test]
    fn values_are_read_as_files_have_them_and_doubts_are_noted() {
        let sent = [
            row("(415) 555-0100", Some("NULL"), None),
            row("=\"+14155550101\"", Some("u-1 "), Some("2026-01-01 12:00:00")),
            row("+14155550102", Some("u-2"), Some("2026-01-01 14:00:00")),
            row("1.41556E+10", Some("12345.0"), None),
            row("+14155550103 x12", Some(" "), Some("")),
            row("+14155550104", None, Some("last year")),
        ];
        let reading = Reading { default_country: "US".parse().ok(), zone: "+01:00".parse().unwrap(), as_is: false };
        let (rows, problems, notes) = read_of(&sent, None, reading);
        let users: Vec<_> = rows.iter().map(|row| row.user.as_ref().map(|(id, since)| (id.as_str(), *since))).collect();
        assert_eq!(users, [None, Some(("u-1 ", "2026-01-01T11:00:00Z".parse().unwrap())), Some(("u-2", noon())), None]);
        let codes: Vec<_> = problems.iter().map(|problem| (problem.row, problem.code)).collect();
        let destroyed = "destroyed_by_spreadsheet";
        assert_eq!(codes, [(3, destroyed), (3, destroyed), (4, "invalid_phone_number")]);
        let told: Vec<_> = notes.told().into_iter().map(|note| (note.code, note.count, note.phone_numbers)).collect();
        let told_of = |code, number: &str| (code, 1, vec![number.to_owned()]);
        let expected = [
            told_of("future_is_now", "+14155550102"),
            told_of("word_for_none", "+14155550100"),
            told_of("blanks_around", "+14155550101"),
            told_of("lone_assigned_at", "+14155550104"),
        ];
        assert_eq!(told, expected);
        let to_the_letter =
            read_of(&[row("+14155550100", Some("NULL"), None)], None, Reading { as_is: true, ..reading });
        assert_eq!(to_the_letter.0[0].user_id().map(UserId::as_str), Some("NULL"));
    }
}
