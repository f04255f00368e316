//! The table, and what the advice must reach.

use callbunker::domain::foresight::WhatIf;

use crate::shapes::Shape;
use crate::{SHARE, week};

/// What came of one way to set the threshold, over all seeds.
#[derive(Default)]
pub struct Outcome {
    signups: u64,
    waiting: u64,
    /// Days that a number lay idle, or was on its way.
    idle_days: f64,
}

/// One kind of traffic.
pub struct Row {
    shape: Shape,
    fixed: Outcome,
    advised: Outcome,
    clairvoyant: Outcome,
}

impl Outcome {
    fn add(&mut self, week: &WhatIf) {
        self.signups += week.signups;
        self.waiting += week.waiting;
        self.idle_days += week.idle_mean * 7.0;
    }

    fn share(&self) -> f64 {
        if self.signups == 0 { 0.0 } else { self.waiting as f64 / self.signups as f64 }
    }
}

pub fn row(shape: Shape, seeds: &[u64], part: f64) -> Row {
    let mut row =
        Row { shape, fixed: Outcome::default(), advised: Outcome::default(), clairvoyant: Outcome::default() };
    for seed in seeds {
        let asked = shape.requests(*seed, part);
        let advised = week::advised(&asked);
        row.fixed.add(&week::fixed(&asked, 10));
        // It may let as many wait as were asked for, or as the advice did, if those were more.
        let asked_for = (advised.signups as f64 * SHARE).floor() as u64;
        row.clairvoyant.add(&week::clairvoyant(&asked, advised.waiting.max(asked_for)));
        row.advised.add(&advised);
    }
    row
}

pub fn table(rows: &[Row]) -> String {
    let mut lines = vec![
        "| traffic | signups | fixed 10: wait | idle number-days | advice: wait | idle number-days | clairvoyant: wait | idle number-days |".to_owned(),
        "|---|---|---|---|---|---|---|---|".to_owned(),
    ];
    lines.extend(rows.iter().map(|row| {
        let cells = |outcome: &Outcome| format!("{:.3} % | {:.0}", outcome.share() * 100.0, outcome.idle_days);
        let cells = [&row.fixed, &row.advised, &row.clairvoyant].map(cells);
        format!("| {} | {} | {} |", row.shape.name(), row.advised.signups, cells.join(" | "))
    }));
    lines.join("\n")
}

/// What `README.md` does not say as it is printed; of a part of the traffic, which kinds it leaves out.
pub fn not_in_the_readme(rows: &[Row], is_whole: bool) -> Vec<String> {
    const README: &str = include_str!("../../README.md");
    let printed = table(if is_whole { rows } else { &[] });
    let wanted = printed.lines().map(str::to_owned).chain(Shape::ALL.map(|shape| format!("| {} | ", shape.name())));
    let is_missing = |line: &String| !README.contains(line);
    wanted.filter(is_missing).map(|line| format!("README.md does not say: {line}")).collect()
}

/// Where the advice is worse than it promises.
pub fn failures(rows: &[Row]) -> Vec<String> {
    rows.iter().flat_map(|row| [off_the_share(row), too_much_idle(row), worse_than_fixed(row)]).flatten().collect()
}

fn is_regular(shape: Shape) -> bool {
    matches!(shape, Shape::Steady | Shape::Daily | Shape::Growth)
}

/// Within half of what was asked, or two requests where that is fewer than four.
fn off_the_share(row: &Row) -> Option<String> {
    let asked = row.advised.signups as f64 * SHARE;
    let most = if asked < 4.0 { 2.0 } else { asked / 2.0 };
    let is_off = (row.advised.waiting as f64 - asked).abs() > most;
    let text = format!("{}: {} wait, and {asked:.1} were asked for", row.shape.name(), row.advised.waiting);
    (is_regular(row.shape) && is_off).then_some(text)
}

fn too_much_idle(row: &Row) -> Option<String> {
    let (idle, best) = (row.advised.idle_days, row.clairvoyant.idle_days);
    let text = format!("{}: {idle:.0} idle number-days, where {best:.0} would do", row.shape.name());
    (is_regular(row.shape) && idle > best * 1.15).then_some(text)
}

/// Never worse than today's fixed threshold: at least as few wait, or at the same share no more lies idle.
fn worse_than_fixed(row: &Row) -> Option<String> {
    let (fixed, advised) = (&row.fixed, &row.advised);
    let is_worse =
        advised.waiting > fixed.waiting || (advised.waiting == fixed.waiting && advised.idle_days > fixed.idle_days);
    is_worse.then(|| format!("{}: worse than a fixed threshold of 10", row.shape.name()))
}
