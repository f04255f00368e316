//! What the rounds came to, a line for each thing that befalls. It is printed in the end, however that comes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::rounds::Befalls;
use crate::failover::judge::Wrong;

/// Within which both daemons serve again, once the new primary acknowledges.
const SOON: Duration = Duration::from_secs(2);

pub struct Table {
    head: String,
    lines: BTreeMap<Befalls, Line>,
}

#[derive(Default)]
struct Line {
    rounds: usize,
    acknowledged: usize,
    /// Answers in a second, before it befell.
    rates: Vec<f64>,
    wrong: Wrong,
    /// After it takes connections, and after it acknowledges what is written.
    served: Vec<[Duration; 2]>,
    /// How often nobody was served until somebody switched over by hand, or had Patroni name a standby.
    by_hand: usize,
}

/// One round.
#[derive(Debug)]
pub struct Round {
    pub acknowledged: usize,
    pub rate: f64,
    pub wrong: Wrong,
    pub served: [Duration; 2],
    pub by_hand: bool,
}

impl Table {
    pub fn new(head: String) -> Self {
        Self { head, lines: BTreeMap::new() }
    }

    pub fn add(&mut self, what: Befalls, round: &Round) {
        let line = self.lines.entry(what).or_default();
        line.rounds += 1;
        line.acknowledged += round.acknowledged;
        line.rates.push(round.rate);
        line.wrong.lost += round.wrong.lost;
        line.wrong.doubled += round.wrong.doubled;
        line.wrong.bought_twice += round.wrong.bought_twice;
        line.wrong.without_database += round.wrong.without_database;
        line.served.push(round.served);
        line.by_hand += usize::from(round.by_hand);
    }

    /// What took longer than it may, once a new primary acknowledged.
    pub fn late(&self) -> Vec<String> {
        let lines = self.lines.iter().filter(|(what, _)| what.loses_nothing());
        lines
            .flat_map(|(what, line)| line.served.iter().map(move |[_, after]| (what, after)))
            .filter(|(_, after)| **after > SOON)
            .map(|(what, after)| format!("{}: {:.2} s", what.name(), after.as_secs_f64()))
            .collect()
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        println!("{}", self.head);
        println!(
            "| what befalls the primary | rounds | acknowledged | a second, before | lost | doubled | bought twice | calls without a database \
             | served after it takes connections | … after a standby has what is written | by hand |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|---|");
        for (what, line) in &self.lines {
            let Wrong { lost, doubled, bought_twice, without_database } = line.wrong;
            let seconds = |which: usize| median_and_worst(line.served.iter().map(|served| served[which]).collect());
            println!(
                "| {} | {} | {} | {:.0} | {lost} | {doubled} | {bought_twice} | {without_database} | {} | {} | {} |",
                what.name(),
                line.rounds,
                line.acknowledged,
                median(&line.rates),
                seconds(0),
                seconds(1),
                line.by_hand
            );
        }
    }
}

fn median(rates: &[f64]) -> f64 {
    let mut rates = rates.to_vec();
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

fn median_and_worst(mut times: Vec<Duration>) -> String {
    times.sort();
    match (times.get(times.len() / 2), times.last()) {
        (Some(median), Some(worst)) => format!("{:.1} s, at worst {:.1} s", median.as_secs_f64(), worst.as_secs_f64()),
        _ => "–".to_owned(),
    }
}
