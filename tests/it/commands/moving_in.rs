//! Files as people have them: exports of other tools, spreadsheets' own, and what is left over of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use twilio_simulator::ForeignNumber;

use crate::world::command::{Ended, callbunker};
use crate::world::daemon::Daemon;
use crate::world::{ADMIN_KEY, World};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("callbunker-moving-in-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("its path").to_owned()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.join(name), bytes).expect("a file");
        self.file(name)
    }

    /// What is in it.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("a file").file_name().into_string().expect("its name")).collect();
        names.sort();
        names
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).expect("the file is there")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An account of the earlier service with so many numbers, +14155550000 and on.
fn account(count: usize) -> (World, Daemon) {
    let world = World::new().quiet();
    for n in 0..count {
        world.twilio.own(ForeignNumber::new(number(n)).friendly_name("earlier"));
    }
    let daemon = world.daemon();
    (world, daemon)
}

fn number(n: usize) -> String {
    format!("+1415555{n:04}")
}

fn users(world: &World) -> Vec<String> {
    world
        .sql("SELECT phone_number || ' ' || user_id FROM leases WHERE user_id IS NOT NULL ORDER BY phone_number")
        .lines()
        .map(str::to_owned)
        .collect()
}

/// Runs a line that a command told, as somebody does who pastes it.
fn in_a_shell(daemon: &Daemon, line: &str) -> Ended {
    let programs = Path::new(env!("CARGO_BIN_EXE_callbunker")).parent().expect("its folder");
    let path = std::env::join_paths([programs, Path::new("/usr/bin"), Path::new("/bin")]).expect("a path");
    let env = [("CALLBUNKER_URL", daemon.url.as_str()), ("ADMIN_API_KEY", ADMIN_KEY)];
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", line]).env_clear().envs(env).env("PATH", path);
    shell.output().expect("there is a shell").into()
}

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
fn exports_as_other_tools_write_them_move_in_or_are_refused_by_name() {
    let (world, daemon) = account(4);
    let folder = Folder::new("tools");
    let wide = |text: &str| -> Vec<u8> {
        [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
    };
    let read: [(&str, Vec<u8>, &[&str]); 9] = [
        ("sid, phone_number", b"sid,phone_number,friendly_name\nPN1,+14155550000,a\nPN2,+14155550001,b\n".to_vec(), &[]),
        ("twilio-cli's tsv", b"sid\tphoneNumber\tfriendlyName\nPN1\t+14155550000\ta b\nPN2\t+14155550001\t\n".to_vec(), &[]),
        ("a snippet", b"Phone Number,PhoneNumberSID\n+14155550000,PN1\n+14155550001,PN2".to_vec(), &[]),
        (
            "unquoted commas in a name to be left out would be told",
            b"Account SID,Account Friendly Name,Phone Number Friendly Name,Phone Number\nAC1,a,b,+14155550000\nAC1,a,b,+14155550001\n".to_vec(),
            &[],
        ),
        ("an SMS relay", b"phone_number,friendly_name,channel_id\n+14155550000,,\n+14155550001,,\n,,\n".to_vec(), &[]),
        (
            "a carrier",
            b"telephone_number,friendly_name,sms_enabled,voice_enabled\n4155550000,a,1,1\n4155550001,b,1,1\n".to_vec(),
            &["--columns", "phone_number=telephone_number", "--default-country", "us"],
        ),
        ("a spreadsheet's Unicode text", wide("phone_number\tFriendly Name\r\n+14155550000\tGrüße\r\n'+14155550001\t\r\n"), &[]),
        ("sep= and CR", b"sep=;\rphone_number;;\r=\"+14155550000\";;\r+14155550001;;\r;;\r".to_vec(), &[]),
        (
            "a call centre",
            b"Phone Number,Friendly Name,Assigned To,Capabilities,Status,Created At\n+14155550000,a,Unassigned,\"voice, SMS\",active,2024-01-31 23:59:59\n+14155550001,a,Unassigned,\"voice, SMS\",active,2024-01-31 23:59:59\n".to_vec(),
            &["--columns", "user_id=Assigned To", "--columns", "assigned_at=Created At"],
        ),
    ];
    for (name, bytes, options) in read {
        let file = folder.write("export.csv", bytes);
        let ended = callbunker(&daemon, &[&["import", &file, "--dry-run"], options].concat());
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        assert!(ended.stdout.contains("imported          2\nassigned          0\n"), "{name}: {ended:?}");
    }
    let refused: [(&str, &[u8], &str); 14] = [
        ("no header", b"2024-01-31, PN1, +14155550100, (415) 555-0100\n", "first line must name the columns"),
        ("a table for people", b"SID  Phone Number  Friendly Name\nPN1  +14155550100  a\n", "--columns phone_number="),
        (
            "a dump of the earlier service",
            b"[{\"phone_number\": \"+14155550000\", \"user_id\": \"anna\"}]\n",
            "it is JSON",
        ),
        ("a workbook", b"PK\x03\x04\x14\x00\x06\x00", "save the sheet as CSV UTF-8"),
        ("an empty list", b"No results\n", "no column is called phone_number"),
        ("nothing", b"", "it is empty"),
        ("a header alone", b"phone_number\n\n", "no number in it"),
        (
            "two columns that are one",
            b"Phone Number,phone_number\n+14155550000,+14155550001\n",
            "--columns phone_number=\"Phone Number\"",
        ),
        ("an open quote", b"phone_number,user_id\n+14155550000,\"u-1\n+14155550001,u-2\n", "opens in line 2"),
        ("another name", b"Nummer,x\n+14155550000,1\n", "--columns phone_number=\"Nummer\""),
        (
            "users under a heading that is not known",
            b"Phone Number;Kunde;Seit\n+14155550000;;\n+14155550001;anna;2024-01-31 12:00\n",
            "--columns user_id=\"Kunde\", or give --no-users if all",
        ),
        (
            "since when, and not whose",
            b"phone_number,assigned_at\n+14155550000,2024-01-31 12:00\n",
            "\"assigned_at\" may say whose the numbers are",
        ),
        ("a status that says so", b"phone_number,status\n+14155550000,assigned\n", "\"status\" may say whose"),
        ("names that are not there", b"Nummer\n+14155550000\n", "\"Nummer\""),
    ];
    for (name, bytes, words) in refused {
        let file = folder.write("export.csv", bytes);
        let options: &[&str] =
            if name == "names that are not there" { &["--columns", "phone_number=Rufnummer"] } else { &[] };
        let told = callbunker(&daemon, &[&["import", &file], options].concat()).sentence(64);
        assert!(told.contains(words), "{name}: {told}");
    }
    let file = folder.write("export.csv", "phone_number\n+14155550000\n");
    for (options, words) in [
        (&["--rejected", &file][..], "another name"),
        (&["--rejected", folder.0.to_str().unwrap()], "a folder"),
        (&["--rejected", "/nowhere/rest.csv"], "/nowhere/rest.csv"),
        (&["--columns", "number=Nummer"], "none of ours"),
        (&["--columns", "phone_number=phone_number,user_id=user", "--no-users"], "no such column"),
    ] {
        let told = callbunker(&daemon, &[&["import", &file], options].concat()).sentence(64);
        assert!(told.contains(words), "{told}");
    }
    let file = folder.write("export.csv", "phone_number,Kunde,user_id\n+14155550000,anna,\n");
    let told = callbunker(&daemon, &["import", &file, "--no-users"]).sentence(64);
    assert!(told.contains("\"user_id\" says who does"), "{told}");
    for (options, words) in [(["--timezone", "europe/berlin"], "Europe/Berlin"), (["--default-country", "XX"], "XX")] {
        let ended = callbunker(&daemon, &[&["import", &file][..], &options].concat());
        assert!(ended.code == Some(64) && ended.stderr.contains(words), "{ended:?}");
    }
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 0, "nothing was sent, or looked up only");
    assert_eq!(folder.names(), ["export.csv"], "nothing is left beside the file");
    // Where that is said, and what somebody has by its status is none of it.
    let rows = "Phone Number;Kunde;status\n+14155550000;anna;assigned\n+14155550001;;available\n";
    let file = folder.write("export.csv", rows);
    let told = callbunker(&daemon, &["import", &file, "--no-users"]).table();
    assert!(told.contains("imported          2\nassigned          0\n"), "{told}");
    assert!(told.contains("  stock, for whoever signs up: 2  "), "{told}");
    let file =
        folder.write("export.csv", "phone_number,user_id,status\n+14155550002,,assigned\n+14155550003,u,assigned\n");
    let ended = callbunker(&daemon, &["import", &file]);
    assert!(ended.code == Some(1) && ended.stdout.contains("no user_id says who"), "{ended:?}");
    assert!(ended.stdout.contains("refused           1 "), "{ended:?}");
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

#[test]
fn doubts_are_told_once_and_ids_are_taken_to_the_letter_where_that_is_said() {
    let (world, daemon) = account(8);
    let folder = Folder::new("doubts");
    let ids = ["NULL", "12345.0", "u-1 ", "1.12E+20", "=\"x\"", "plain"];
    let rows: String =
        ids.iter().enumerate().map(|(n, id)| format!("{},\"{}\"\n", number(n), id.replace('"', "\"\""))).collect();
    let file = folder.write("ids.csv", format!("phone_number,user_id\n{rows}"));
    let doubted = callbunker(&daemon, &["import", &file, "--json"]);
    assert_eq!(doubted.code, Some(1), "{doubted:?}");
    let document: serde_json::Value = serde_json::from_str(&doubted.stdout).unwrap();
    let counts = |name: &str| -> Vec<(u64, serde_json::Value)> {
        document[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|cause| (cause["count"].as_u64().unwrap(), cause["lines"].clone()))
            .collect()
    };
    assert_eq!(counts("refused"), [(1, json!([3])), (1, json!([5]))], "{document}");
    assert_eq!(counts("noted"), [(1, json!([2])), (1, json!([4]))], "{document}");
    let rest = folder.file("rest.csv");
    let dry = callbunker(&daemon, &["import", &file, "--json", "--dry-run", "--rejected", &rest]);
    let document: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap();
    assert_eq!(document["left_to_do"]["users_without_number"], 2, "whose ids are lost is somebody, too: {document}");
    assert_eq!(document["left_to_do"]["stock"], 1, "{document}");
    callbunker(&daemon, &["import", &file, "--as-is"]).table();
    let expected: Vec<String> = ids.iter().enumerate().map(|(n, id)| format!("{} {id}", number(n))).collect();
    // The test's way of reading rows takes the blank away.
    let trimmed =
        |rows: Vec<String>| -> Vec<String> { rows.into_iter().map(|row| row.trim_end().to_owned()).collect() };
    assert_eq!(trimmed(users(&world)), trimmed(expected));
    // Our own list is read back as it is.
    let list = folder.file("list.csv");
    let csv = callbunker(&daemon, &["numbers", "--csv"]).table();
    assert!(csv.starts_with("phone_number,user_id,assigned_at,pool,status\r\n"), "{csv}");
    std::fs::write(&list, &csv).unwrap();
    let back = callbunker(&daemon, &["import", &list, "--json"]).json();
    assert_eq!(
        (&back["already_imported"], &back["problems"], &back["refused"]),
        (&json!(6), &json!([]), &json!([])),
        "{back}"
    );
    assert_eq!(back["noted"], json!([]), "{back}");
    // What has ended in the list of assignments does not begin again.
    let ended = "user_id,phone_number,source,assigned_at,released_at\nu-6,+14155550006,pool,2024-01-01T00:00:00Z,2024-02-01T00:00:00Z\n\
                 u-7,+14155550007,pool,2024-01-01T00:00:00Z,\n";
    let told = callbunker(&daemon, &["import", &folder.write("assignments.csv", ended)]).table();
    assert!(
        told.contains("imported          1\nassigned          1\n") && told.contains("given the number back (line 2)"),
        "{told}"
    );
    // Of what was resting only that is told to be stock which moves in; what is held here stays so.
    let resting = "phone_number,user_id,assigned_at,pool,status\n+14155550006,,,,quarantined\n";
    let told = callbunker(&daemon, &["import", &folder.write("resting.csv", resting)]).table();
    assert!(told.contains("noted             1  its status is quarantined"), "{told}");
    world.sql("UPDATE numbers SET status = 'quarantined', quarantine_reason = 'unknown_item' WHERE phone_number = '+14155550006'");
    std::fs::write(&list, callbunker(&daemon, &["numbers", "--csv"]).table()).unwrap();
    let back = callbunker(&daemon, &["import", &list, "--json"]);
    let document: serde_json::Value = serde_json::from_str(&back.stdout).unwrap();
    assert_eq!((&document["problems"][0]["code"], &document["noted"]), (&json!("held"), &json!([])), "{document}");
    let narrowed = callbunker(&daemon, &["numbers", "--csv", "--status", "available"]).table();
    assert_eq!(narrowed.lines().count(), 1, "{narrowed}");
    let odd: Vec<Ended> = [&["--csv", "--json"][..], &["--csv", "--ignored"], &["--csv", "-n", "3"]]
        .map(|options| callbunker(&daemon, &[&["numbers"], options].concat()))
        .into();
    assert!(odd.iter().all(|ended| ended.code == Some(64)), "{odd:?}");
}

#[test]
fn of_contradicting_rows_none_moves_in_whatever_is_wrong_with_one_of_them() {
    let (world, daemon) = account(6);
    let folder = Folder::new("contradictions");
    // The number of the second row is that of a user whose id is lost: it must not become stock.
    let text = "phone_number,user_id,pool\n+14155550000,1.12E+20,\n+14155550000,,\n+14155550001,a,\n+14155550001,a,\n\
                +14155550002,b,\n+14155550003,b,\n+14155550004,c,\n+14155550004,d,\n+14155550005,e,\n";
    let (file, rest) = (folder.write("rows.csv", text), folder.file("rest.csv"));
    let dry = callbunker(&daemon, &["import", &file, "--dry-run", "--rejected", &rest]);
    assert!(dry.stdout.contains("rejected          6  would be written to"), "{dry:?}");
    assert!(!Path::new(&rest).exists());
    let ended = callbunker(&daemon, &["import", &file, "--rejected", &rest]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("users without a number: 4  "), "one is lost, and b is one: {ended:?}");
    assert_eq!(users(&world), ["+14155550001 a", "+14155550005 e"]);
    assert_eq!(world.count("SELECT count(*) FROM numbers"), 2);
    let left = String::from_utf8(folder.read("rest.csv")).unwrap();
    assert_eq!(left.lines().count(), 7, "{left}");
    for row in [
        "+14155550000,1.12E+20,",
        "+14155550000,,",
        "+14155550002,b,",
        "+14155550003,b,",
        "+14155550004,c,",
        "+14155550004,d,",
    ] {
        assert!(left.contains(&format!("\r\n{row},")), "{row}: {left}");
    }
    assert!(ended.stdout.contains("the same row once more, which counts once (line 5)"), "{ended:?}");
}
