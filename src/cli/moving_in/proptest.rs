//! What is accepted means what it says, in whatever manner it is written; and one wounded row harms no other.

use std::fmt::Write as _;
use std::io::Cursor;

use chrono::{DateTime, SecondsFormat, Timelike as _, Utc};
use proptest::prelude::*;

use super::reading::{ReadFile, read_source};
use super::row::Row;
use super::source::decoded;
use crate::cli::args::{ImportArgs, Remote};
use crate::domain::{Reading, Zone, is_doubtful};

/// How a file is written.
#[derive(Debug, Clone)]
struct Manner {
    delimiter: char,
    names_it: bool,
    encoding: u8,
    line_end: &'static str,
    ends_last_line: bool,
    headings: [&'static str; 3],
    foreign_at: usize,
    nameless: bool,
    quotes: bool,
    zone: &'static str,
    blank_every: usize,
    doubles: bool,
}

fn manner() -> impl Strategy<Value = Manner> {
    let headings = prop_oneof![
        Just(["phone_number", "user_id", "assigned_at"]),
        Just(["Phone Number", "User ID", "Assigned At"]),
        Just(["phoneNumber", "userId", "assignedAt"]),
        Just([" PHONE-NUMBER", "user-id ", "ASSIGNED_AT"]),
    ];
    let shape = (
        prop::sample::select(vec![',', ';', '\t']),
        any::<bool>(),
        0..6_u8,
        prop::sample::select(vec!["\n", "\r\n", "\r"]),
    );
    let rest = (any::<bool>(), headings, 0..4_usize, any::<bool>(), any::<bool>());
    let last = (prop::sample::select(vec!["UTC", "+05:30", "Europe/Berlin"]), 1..5_usize, any::<bool>());
    (shape, rest, last).prop_map(|((delimiter, names_it, encoding, line_end), rest, (zone, blank_every, doubles))| {
        let (ends_last_line, headings, foreign_at, nameless, quotes) = rest;
        Manner {
            delimiter,
            names_it,
            encoding,
            line_end,
            ends_last_line,
            headings,
            foreign_at,
            nameless,
            quotes,
            zone,
            blank_every,
            doubles,
        }
    })
}

/// A row as it is meant, and how its values are written.
#[derive(Debug, Clone)]
struct Meant {
    user_id: Option<String>,
    at: Option<i64>,
    number_form: usize,
    none_form: usize,
    at_form: usize,
}

fn user() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9@._-]{1,12}",
        "[ -~äöü用]{1,20}",
        prop::sample::select(vec![
            "NULL", "12345.0", "1.12E+20", " u ", "\\N", "=\"x\"", "a\"b;c,d", "=", "nan", "\"", "'x"
        ])
        .prop_map(str::to_owned),
    ]
}

fn meant() -> impl Strategy<Value = Meant> {
    let whole_minutes = (15_778_080_i64..28_333_333).prop_map(|minutes| minutes * 60);
    let at = prop::option::of(prop_oneof![946_684_800_i64..1_700_000_000, whole_minutes]);
    (prop::option::of(user()), at, 0..7_usize, 0..6_usize, 0..8_usize).prop_map(
        |(user_id, at, number_form, none_form, at_form)| Meant {
            at: at.filter(|_| user_id.is_some()),
            user_id,
            number_form,
            none_form,
            at_form,
        },
    )
}

fn number(index: usize) -> String {
    format!("+1415555{index:04}")
}

fn number_written(index: usize, form: usize) -> String {
    let digits = format!("{index:04}");
    match form {
        0 => number(index),
        1 => format!("+1 (415) 555-{digits}"),
        2 => format!("'+1415555{digits}"),
        3 => format!("=\"+1415555{digits}\""),
        4 => format!("tel:+1-415-555-{digits}"),
        5 => format!("\u{202a}+1\u{a0}415\u{2011}555\u{2013}{digits}\u{202c} "),
        _ => format!("+1.415.555.{digits}"),
    }
}

/// An id as it is, or so that it is one where it would be doubted.
fn user_written(meant: &Meant, index: usize) -> String {
    let Some(id) = id(meant, index) else {
        return ["", "NULL", " ", "N/A", "\\N", "Unassigned"][meant.none_form].to_owned();
    };
    if is_doubtful(&id) { format!("=\"{}\"", id.replace('"', "\"\"")) } else { id }
}

/// Ids are made different by their row, and the first is left as it is.
fn id(meant: &Meant, index: usize) -> Option<String> {
    meant.user_id.as_ref().map(|id| if index == 0 { id.clone() } else { format!("{id}#{index}") })
}

fn are_different(rows: &[Meant]) -> bool {
    let ids: Vec<String> = rows.iter().enumerate().filter_map(|(index, meant)| id(meant, index)).collect();
    let different: std::collections::BTreeSet<&String> = ids.iter().collect();
    different.len() == ids.len()
}

fn at(meant: &Meant) -> Option<DateTime<Utc>> {
    meant.at.and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

fn at_written(meant: &Meant, zone: Zone) -> String {
    let Some(at) = at(meant) else { return String::new() };
    let local = match zone {
        Zone::Utc => at.naive_utc(),
        Zone::Offset(offset) => at.with_timezone(&offset).naive_local(),
        Zone::Named(zone) => at.with_timezone(&zone).naive_local(),
    };
    let read_back = crate::domain::instant(&local.format("%Y-%m-%d %H:%M:%S").to_string(), zone, Utc::now());
    match meant.at_form {
        0 => at.to_rfc3339_opts(SecondsFormat::Secs, true),
        1 => at.to_rfc2822(),
        2 => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        // A local time that is there twice says not which.
        3 if read_back.is_ok() => local.format("%Y-%m-%d %H:%M:%S").to_string(),
        4 if read_back.is_ok() => local.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
        5 if read_back.is_ok() => local.format("%d.%m.%Y %H:%M:%S").to_string(),
        // Without seconds, if there are none.
        6 if read_back.is_ok() && local.second() == 0 => local.format("%Y-%m-%d %H:%M").to_string(),
        7 if read_back.is_ok() && local.second() == 0 => local.format("%-d.%-m.%Y %H:%M").to_string(),
        _ => at.format("%Y-%m-%d %H:%M:%S+00").to_string(),
    }
}

fn cell(text: &str, manner: &Manner) -> String {
    // A quote that does not begin a field is one of its characters.
    let must = text.contains(manner.delimiter) || (text.contains('"') && !text.starts_with('='));
    if must || manner.quotes { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn line(cells: [String; 3], manner: &Manner) -> String {
    let mut cells: Vec<String> = cells.iter().map(|text| cell(text, manner)).collect();
    cells.insert(manner.foreign_at.min(3), cell("Grüße, \"x\"; y", manner));
    if manner.nameless {
        cells.push(String::new());
    }
    cells.join(&manner.delimiter.to_string())
}

fn written(lines: &[[String; 3]], manner: &Manner) -> Vec<u8> {
    let mut text = String::new();
    if manner.names_it {
        let _ = write!(text, "sep={}{}", manner.delimiter, manner.line_end);
    }
    let mut heading: Vec<String> = manner.headings.iter().map(|heading| (*heading).to_owned()).collect();
    heading.insert(manner.foreign_at.min(3), "Bemerkung".to_owned());
    if manner.nameless {
        heading.push(String::new());
    }
    text += &(heading.join(&manner.delimiter.to_string()) + manner.line_end);
    let blank = manner.delimiter.to_string().repeat(3);
    for (index, cells) in lines.iter().enumerate() {
        text += &(line(cells.clone(), manner) + manner.line_end);
        if index % manner.blank_every == 0 {
            text += &(blank.clone() + manner.line_end);
        }
        if manner.doubles && index % 2 == 0 {
            text += &(line(cells.clone(), manner) + manner.line_end);
        }
    }
    text += &blank;
    if manner.ends_last_line {
        text += manner.line_end;
    }
    let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    match manner.encoding {
        0 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        1 => [b"\xff\xfe", &wide(u16::to_le_bytes)[..]].concat(),
        2 => [b"\xfe\xff", &wide(u16::to_be_bytes)[..]].concat(),
        3 => wide(u16::to_le_bytes),
        _ => text.into_bytes(),
    }
}

fn args(rejected: bool) -> ImportArgs {
    ImportArgs {
        file: "-".into(),
        dry_run: true,
        columns: Vec::new(),
        default_country: None,
        timezone: None,
        as_is: false,
        no_users: false,
        rejected: rejected.then(|| std::env::temp_dir().join("nobody-writes-this.csv")),
        configure_webhooks: false,
        pool: None,
        remote: Remote { url: None, json: false },
    }
}

fn read(bytes: Vec<u8>, zone: Zone) -> ReadFile {
    let reading = Reading { zone, ..Reading::default() };
    read_source(decoded(Cursor::new(bytes)).unwrap(), &args(false), &reading).expect("a file that can be read")
}

fn good(file: &mut ReadFile) -> Vec<Row> {
    let all: Vec<Row> = (0..file.good.len()).map(|rank| file.good.row(rank).unwrap().row).collect();
    all.into_iter().filter(|row| !file.seen.is_refused(&row.phone_number)).collect()
}

fn row(meant: &Meant, index: usize) -> Row {
    Row {
        phone_number: number(index).parse().unwrap(),
        user_id: id(meant, index).map(|id| id.parse().unwrap()),
        assigned_at: at(meant),
        pool: None,
    }
}

fn cells(meant: &Meant, index: usize, zone: Zone) -> [String; 3] {
    [number_written(index, meant.number_form), user_written(meant, index), at_written(meant, zone)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_means_what_it_says(rows in prop::collection::vec(meant(), 1..12), manner in manner()) {
        prop_assume!(are_different(&rows));
        let zone: Zone = manner.zone.parse().unwrap();
        let lines: Vec<_> = rows.iter().enumerate().map(|(index, meant)| cells(meant, index, zone)).collect();
        let mut file = read(written(&lines, &manner), zone);
        let told: Vec<_> = file.faults.told().collect();
        prop_assert_eq!((file.refused, &told), (0, &Vec::new()));
        let expected: Vec<Row> = rows.iter().enumerate().map(|(index, meant)| row(meant, index)).collect();
        prop_assert_eq!(good(&mut file), expected);
    }

    #[test]
    fn one_wounded_row_is_refused_for_its_cause_and_harms_no_other(
        rows in prop::collection::vec(meant(), 2..10), manner in manner(), at in 0..10_usize, wound in 0..7_usize,
    ) {
        prop_assume!(are_different(&rows));
        let (zone, at) = (manner.zone.parse::<Zone>().unwrap(), at % rows.len());
        let manner = Manner { doubles: false, ..manner };
        let mut lines: Vec<_> = rows.iter().enumerate().map(|(index, meant)| cells(meant, index, zone)).collect();
        let (column, text, words) = [
            (0, "1.41556E+10", "rounded this number"),
            (0, "14155559999.0", "decimal of this number"),
            (0, "+14155559999 x12", "extension"),
            (1, "12345.0", "decimal of this user_id"),
            (1, "Ren\u{fffd}", "another encoding"),
            (1, "9.87E+25", "rounded this user_id"),
            (2, "1/31/2024 14:03", "day and month"),
        ][wound];
        lines[at][column] = text.to_owned();
        if column == 2 {
            lines[at][1] = "somebody who is named once".to_owned();
        }
        let mut file = read(written(&lines, &manner), zone);
        let told: Vec<_> = file.faults.told().collect();
        prop_assert_eq!(told.len(), 1, "{:?}", told);
        prop_assert!(told[0].0 == 1 && told[0].1.contains(words), "{:?}", told);
        let others = rows.iter().enumerate().filter(|(index, _)| *index != at);
        let expected: Vec<Row> = others.map(|(index, meant)| row(meant, index)).collect();
        prop_assert_eq!(good(&mut file), expected);
    }

    #[test]
    fn a_second_user_or_a_second_number_refuses_both_rows(
        rows in prop::collection::vec(meant(), 2..10), manner in manner(), at in 0..10_usize, of_user in any::<bool>(),
    ) {
        prop_assume!(are_different(&rows));
        let (zone, at) = (manner.zone.parse::<Zone>().unwrap(), at % rows.len());
        let manner = Manner { doubles: false, ..manner };
        let mut lines: Vec<_> = rows.iter().enumerate().map(|(index, meant)| cells(meant, index, zone)).collect();
        lines[at][1] = "twice".to_owned();
        let second = if of_user { number(9999) } else { number(at) };
        let user = if of_user { "twice" } else { "another" };
        lines.push([second, user.to_owned(), lines[at][2].clone()]);
        let mut file = read(written(&lines, &manner), zone);
        prop_assert_eq!(file.refused, 2);
        let others = rows.iter().enumerate().filter(|(index, _)| *index != at);
        let expected: Vec<Row> = others.map(|(index, meant)| row(meant, index)).collect();
        prop_assert_eq!(good(&mut file), expected);
    }
}
