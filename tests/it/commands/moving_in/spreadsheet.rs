//! What a spreadsheet saves, and what is left over of it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;

use super::{Folder, account, in_a_shell, number, users};
use crate::world::command::callbunker;

/// The export of somebody's spreadsheet: semicolons, a byte order mark, headings of their own, three numbers that the spreadsheet has
/// rounded, and the rows of separators that it leaves at the end.
fn spreadsheet() -> String {
    let mut text = "\u{feff}Kunde;Phone Number;Seit wann;Bemerkung\r\n".to_owned();
    for n in 0..40 {
        let destroyed = [5, 17, 29].contains(&n);
        let shown = if destroyed { "1,41556E+10".to_owned() } else { format!("+1 (415) 555-{n:04}") };
        let user = if n % 4 == 3 { String::new() } else { format!("kunde-{n}") };
        let since = if n % 4 == 3 { "" } else { "2024-07-01 12:00:00" };
        text += &format!("{user};{shown};{since};\"Grüße; {n}\"\r\n");
    }
    text + ";;\r\n;;\r\n"
}

#[test]
fn a_spreadsheets_export_moves_in_with_one_command_that_says_in_ten_lines_what_happened() {
    let (world, daemon) = account(40);
    let folder = Folder::new("spreadsheet");
    let (file, rest) = (folder.write("kunden.csv", spreadsheet()), folder.file("rest.csv"));
    let said = "phone_number=Phone Number,user_id=Kunde,assigned_at=Seit wann";
    let command = ["import", &file, "--columns", said, "--timezone", "Europe/Berlin", "--rejected", &rest];
    let ended = callbunker(&daemon, &command);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let expected = format!(
        "40 rows of kunden.csv (semicolons, UTF-8 with a BOM). Columns: Phone Number → phone_number, Kunde → user_id, Seit wann → assigned_at; left out: Bemerkung.
imported          37
assigned          27
refused            3  a spreadsheet has rounded this number, its last digits are gone: export the column as text (lines 7, 19, 31)
skipped            2  rows of separators alone
rejected           3  are in {rest}, with their reasons
Left to do:
  stock, for whoever signs up: 10    if somebody has one, import it again with its user_id
  webhooks still lead elsewhere: 27  callbunker configure-webhooks
  users without a number: 3          mend their rows and import them, or callbunker assign USER_ID
"
    );
    assert_eq!(ended.stdout, expected, "{}", ended.stdout);
    assert!(ended.stdout.lines().count() <= 10, "{}", ended.stdout);
    assert!(ended.stderr.contains(&format!("mend them in {rest} and import that file")), "{ended:?}");
    let next = ended.stderr.lines().last().unwrap().trim().to_owned();
    // What was meant is what is there.
    assert_eq!(users(&world).len(), 27);
    let since = world.sql("SELECT DISTINCT assigned_at AT TIME ZONE 'UTC' FROM leases WHERE user_id LIKE 'kunde%'");
    assert_eq!(since, "2024-07-01 10:00:00");
    assert_eq!(daemon.get("/signup/api/assignments/kunde-0").ok()["phone_number"], json!(number(0)));
    // What is left over is there for nobody else, and as it was.
    let mode = std::fs::metadata(&rest).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let left = String::from_utf8(folder.read("rest.csv")).unwrap();
    assert!(left.starts_with("\u{feff}Kunde;Phone Number;Seit wann;Bemerkung;reason\r\n"), "{left}");
    assert!(
        left.contains("\r\nkunde-5;1,41556E+10;2024-07-01 12:00:00;\"Grüße; 5\";a spreadsheet has rounded"),
        "{left}"
    );
    assert_eq!(left.lines().count(), 4, "{left}");
    assert_eq!(folder.names(), ["kunden.csv", "rest.csv"], "nothing else is left beside it");
    // Mended there it moves in with the command that was told, and leaves nothing over.
    let mended =
        [5, 17, 29].into_iter().fold(left, |text, n| text.replacen(";1,41556E+10;", &format!(";{};", number(n)), 1));
    folder.write("rest.csv", mended);
    let ended = in_a_shell(&daemon, &format!("{next} --rejected {}", folder.file("rest2.csv")));
    assert_eq!(ended.code, Some(0), "{next}: {ended:?}");
    assert!(ended.stdout.contains("imported          3\n") && !ended.stdout.contains("eason"), "{ended:?}");
    let since = world.sql("SELECT DISTINCT assigned_at AT TIME ZONE 'UTC' FROM leases WHERE user_id LIKE 'kunde%'");
    assert_eq!(since, "2024-07-01 10:00:00", "the zone was said again");
    assert!(!Path::new(&folder.file("rest2.csv")).exists(), "there is nothing to write");
    assert_eq!(users(&world).len(), 30);
}

#[test]
fn a_thousand_rows_of_one_fault_are_one_line_and_their_remedy_works() {
    let (_world, daemon) = account(5);
    let folder = Folder::new("thousand");
    let rows: String = (0..1000).map(|n| format!("1415555{n:04}\n")).collect();
    let file = folder.write("bare.csv", format!("phone_number\n{rows}"));
    let ended = callbunker(&daemon, &["import", &file]);
    assert_eq!((ended.code, ended.stdout.lines().count()), (Some(1), 4), "{ended:?}");
    assert!(ended.stdout.contains("refused           1,000  the number lacks its + and country code"), "{ended:?}");
    assert!(ended.stdout.contains("--default-country US") && ended.stdout.contains("(lines 2, 3, 4, …)"), "{ended:?}");
    assert!(ended.stderr.contains("nothing was sent"), "{ended:?}");
    let few: String = (0..5).map(|n| format!("1415555{n:04}\n")).collect();
    let file = folder.write("bare.csv", format!("phone_number\n{few}"));
    let told = callbunker(&daemon, &["import", &file, "--default-country", "US"]).table();
    assert!(told.contains("imported          5\n"), "{told}");
}
