//! The program: its one line, its exit codes, its signals.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twilio-simulator"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn first_line(child: &mut Child) -> Value {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

fn exit_code_after(signal: &str, child: &mut Child) -> Option<i32> {
    let done = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(done.success());
    child.wait().unwrap().code()
}

#[test]
fn it_says_where_it_is_and_ends_with_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let arguments = ["--listen", "127.0.0.1:0", "--account-sid", account, "--auth-token", "secret", "--seed", "5"];
        let mut child = program().args(arguments).spawn().unwrap();
        let line = first_line(&mut child);
        let mut keys: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        assert_eq!(keys, ["account_sid", "auth_token", "url"]);
        assert_eq!((line["account_sid"].as_str(), line["auth_token"].as_str()), (Some(account), Some("secret")));
        let url = format!("{}/__sim/state", line["url"].as_str().unwrap());
        assert_eq!(ureq::get(&url).call().unwrap().status(), 200);
        assert_eq!(exit_code_after(signal, &mut child), Some(0));
    }
}

#[test]
fn the_seed_decides_the_credentials() {
    let line = |seed: &str| {
        let mut child = program().args(["--listen", "127.0.0.1:0", "--seed", seed]).spawn().unwrap();
        let line = first_line(&mut child);
        exit_code_after("-TERM", &mut child);
        line["account_sid"].as_str().unwrap().to_owned()
    };
    assert_eq!(line("1"), line("1"));
    assert_ne!(line("1"), line("2"));
}

#[test]
fn bad_usage_is_refused() {
    for (arguments, hint) in [
        (vec!["--listen", "0.0.0.0:0"], "loopback"),
        (vec!["--account-sid", "AC1"], "hexadecimal"),
        (vec!["--listen", "nowhere"], "--listen"),
        (vec!["--lissten", "127.0.0.1:0"], "--listen"),
    ] {
        let output = program().args(&arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {text}");
        assert!(text.contains(hint), "{text}");
        assert!(output.stdout.is_empty());
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = program().args(["--listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot listen on"));
}
