//! The targets, and whether they were met.

use std::time::Duration;

#[derive(Default)]
pub struct Report(Vec<(String, String, bool)>);

impl Report {
    pub fn target(&mut self, target: &str, figure: String, is_met: bool) {
        self.0.push((target.to_owned(), figure, is_met));
    }

    pub fn print_targets(&self) {
        println!("\ntargets");
        for (target, figure, is_met) in &self.0 {
            println!("{target:>70}: {figure:<16} {}", if *is_met { "ok" } else { "MISSED" });
        }
    }
}

pub fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}
