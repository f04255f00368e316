//! Exports of other tools, and files that are none.

use super::{Folder, account};
use crate::world::command::callbunker;
use crate::world::daemon::Daemon;

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
    refused_as_a_whole(&daemon, &folder);
    options_that_cannot_be_meant(&daemon, &folder);
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

fn refused_as_a_whole(daemon: &Daemon, folder: &Folder) {
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
        let told = callbunker(daemon, &[&["import", &file], options].concat()).sentence(64);
        assert!(told.contains(words), "{name}: {told}");
    }
}

fn options_that_cannot_be_meant(daemon: &Daemon, folder: &Folder) {
    let file = folder.write("export.csv", "phone_number\n+14155550000\n");
    for (options, words) in [
        (&["--rejected", &file][..], "another name"),
        (&["--rejected", folder.0.to_str().unwrap()], "a folder"),
        (&["--rejected", "/nowhere/rest.csv"], "/nowhere/rest.csv"),
        (&["--columns", "number=Nummer"], "none of ours"),
        (&["--columns", "phone_number=phone_number,user_id=user", "--no-users"], "no such column"),
    ] {
        let told = callbunker(daemon, &[&["import", &file], options].concat()).sentence(64);
        assert!(told.contains(words), "{told}");
    }
    let file = folder.write("export.csv", "phone_number,Kunde,user_id\n+14155550000,anna,\n");
    let told = callbunker(daemon, &["import", &file, "--no-users"]).sentence(64);
    assert!(told.contains("\"user_id\" says who does"), "{told}");
    for (options, words) in [(["--timezone", "europe/berlin"], "Europe/Berlin"), (["--default-country", "XX"], "XX")] {
        let ended = callbunker(daemon, &[&["import", &file][..], &options].concat());
        assert!(ended.code == Some(64) && ended.stderr.contains(words), "{ended:?}");
    }
}
