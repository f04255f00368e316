//! What `/metrics` says at one moment, read as Prometheus reads it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::world::daemon::Daemon;

/// One answer of `/metrics`.
pub struct Scrape {
    pub text: String,
    /// By the whole series, such as `callbunker_numbers{state="available"}`.
    series: BTreeMap<String, f64>,
}

impl Scrape {
    /// Without a key, as a neighbour on the machine.
    #[track_caller]
    pub fn of(daemon: &Daemon) -> Self {
        let answer = daemon.send("GET", "/metrics", &[], None);
        assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        let text = answer.ok().as_str().expect("text").to_owned();
        let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series = samples.map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a series and its value");
            (series.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        });
        Self { series: series.collect(), text }
    }

    /// The sum over all series of `name` that carry these labels.
    pub fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let carries = |series: &str| {
            let (found, rest) = series.split_once('{').unwrap_or((series, ""));
            let has = |label: &str, value: &str| {
                let pair = format!("{label}=\"{value}\"");
                rest.trim_end_matches('}').split("\",").any(|part| part == pair || format!("{part}\"") == pair)
            };
            found == name && labels.iter().all(|(label, value)| has(label, value))
        };
        self.series.iter().filter(|(series, _)| carries(series)).map(|(_, value)| value).sum()
    }

    /// By how much it grew since `before`.
    pub fn since(&self, before: &Self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.get(name, labels) - before.get(name, labels)
    }

    /// The names that have a `# TYPE` line.
    pub fn names(&self) -> Vec<&str> {
        let types = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|line| line.split(' ').next()).collect()
    }
}

/// Runs promtool in `config/monitoring`, and panics with what it says if it minds anything.
#[track_caller]
pub fn promtool(arguments: &[&str], input: &str) -> String {
    let fetched =
        PathBuf::from(env!("CARGO_BIN_EXE_callbunker")).ancestors().nth(2).expect("target").join("tools/promtool");
    let program = if fetched.exists() { fetched } else { PathBuf::from("promtool") };
    let mut child = Command::new(&program)
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/config/monitoring"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("promtool ({error}): scripts/install-deps --lint fetches it"));
    child.stdin.take().expect("its stdin is a pipe").write_all(input.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
    said
}
