//! Values that may be meant otherwise, and rows that contradict each other.

use std::path::Path;

use serde_json::json;

use super::{Folder, account, number, users};
use crate::world::command::{Ended, callbunker};

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
