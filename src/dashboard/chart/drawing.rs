//! The chart as a drawing that needs no script: paths, marks and ticks, from the same numbers that the script is given.
//!
//! Invariants: the left edge is the beginning of the range that was asked for, the right edge is now, and so is the last
//! point; what is told in words (the fewest, how many purchases) is told of what is drawn, and of nothing else; available
//! and assigned have a scale each, for a pool of ten beside a thousand users is a flat line.
//! How to get it wrong: a time that is not UTC here. Only the browser knows the reader's zone; this drawing says its own.

use std::fmt::Write as _;

use chrono::{DateTime, Duration, DurationRound as _, Utc};

use super::super::text::{counted, grouped};
use super::{RANGES, Range, Series};
use crate::db::samples::Sample;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
/// The smallest top of a scale: a pool of two is no mountain.
const TOP_MIN: i32 = 4;

/// A line of the grid and its label: how many percent from the left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) at: String,
    pub(crate) label: String,
}

/// The chart as a drawing.
pub(crate) struct Drawing {
    pub(crate) ranges: Vec<Range>,
    pub(crate) hours: u32,
    pub(crate) is_empty: bool,
    pub(crate) area: String,
    pub(crate) line: String,
    pub(crate) assigned: String,
    pub(crate) threshold: String,
    pub(crate) marks: Vec<String>,
    pub(crate) ticks: Vec<Tick>,
    /// What the upper edge stands for, of what is available and of what is assigned.
    pub(crate) top: String,
    pub(crate) top_assigned: String,
    pub(crate) words: String,
}

/// Where a moment is between the edges, 0 to 1.
fn place(series: &Series, at: DateTime<Utc>) -> f64 {
    let millis = |span: Duration| f64::from(i32::try_from(span.num_seconds()).unwrap_or(i32::MAX));
    millis(at - series.begin) / millis(series.now.at - series.begin).max(1.0)
}

/// The points of a line, left to right; what is above the upper edge of the scale stands at it.
fn path<'s>(series: &Series, points: impl Iterator<Item = &'s Sample>, top: i32, value: fn(&Sample) -> i32) -> String {
    let mut path = String::new();
    for point in points {
        let (x, share) = (place(series, point.at) * WIDTH, f64::from(value(point)) / f64::from(top));
        let y = HEIGHT - share * (HEIGHT - 8.0) - 1.0;
        let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { " L" });
    }
    path
}

/// The grid: times of day for an hour and a day, midnights alone for a week and a month.
fn ticks(series: &Series) -> Vec<Tick> {
    let (step, format) = match series.hours {
        1 => (Duration::minutes(15), "%H:%M"),
        24 => (Duration::hours(6), "%H:%M"),
        168 => (Duration::days(1), "%-d %b"),
        _ => (Duration::days(5), "%-d %b"),
    };
    let Ok(first) = series.begin.duration_trunc(step.min(Duration::days(1))) else { return Vec::new() };
    let times = (0..64).map(|index| first + step * index).take_while(|at| *at < series.now.at);
    let shown = times.map(|at| (at, place(series, at) * 100.0));
    // Half a label beyond an edge cannot be read.
    let shown = shown.filter(|(_, percent)| (4.0..=95.0).contains(percent));
    shown.map(|(at, percent)| Tick { at: format!("{percent:.2}%"), label: at.format(format).to_string() }).collect()
}

impl Drawing {
    pub(crate) fn new(series: &Series) -> Self {
        let top_of = |value: fn(&Sample) -> i32| series.points().map(value).max().unwrap_or(0).max(TOP_MIN);
        let top = top_of(|point| point.available_most.max(point.threshold));
        let top_assigned = top_of(|point| point.assigned);
        let line = path(series, series.points(), top, |point| point.available);
        let first = series.points().next().map_or(0.0, |point| place(series, point.at) * WIDTH);
        let area = format!("{line} L{WIDTH:.1} {HEIGHT:.1} L{first:.1} {HEIGHT:.1} Z");
        let marks: Vec<String> =
            series.purchases.iter().map(|(at, _)| format!("{:.1}", place(series, *at) * WIDTH)).collect();
        let fewest = series.points().map(|point| point.available).min().unwrap_or(0);
        let words = format!(
            "{} available now, {} at the lowest; the threshold is {}. Vertical lines mark {}.",
            grouped(series.now.available),
            grouped(fewest),
            grouped(series.now.threshold),
            counted(marks.len() as u64, "purchase"),
        );
        Self {
            ranges: RANGES
                .iter()
                .map(|&(hours, _, label)| Range { hours, label, is_chosen: hours == series.hours })
                .collect(),
            hours: series.hours,
            is_empty: series.samples.is_empty(),
            area,
            line,
            assigned: path(series, series.points(), top_assigned, |point| point.assigned),
            threshold: path(series, series.points(), top, |point| point.threshold),
            marks,
            ticks: ticks(series),
            top: grouped(top),
            top_assigned: grouped(top_assigned),
            words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn sample(time: &str, available: i32) -> Sample {
        Sample { at: at(time), available, available_most: available, assigned: 1500, threshold: 10 }
    }

    fn series(hours: u32, samples: Vec<Sample>) -> Series {
        let now = sample("2026-11-28T14:20:00Z", 12);
        let marks = ["2026-11-28T13:10:00Z", "2026-11-28T14:17:00Z", "2026-11-28T14:21:00Z"];
        let marks = marks.iter().map(|time| (at(time), 5)).collect();
        Series::new(hours, samples, marks, now)
    }

    #[test]
    fn the_edges_are_the_range_and_now_and_the_first_point_stands_at_its_own_time() {
        let drawing = Drawing::new(&series(1, vec![sample("2026-11-28T14:05:00Z", 20)]));
        assert_eq!(drawing.line, "M540.0 7.0 L720.0 75.8", "three quarters from the left, then now");
        assert!(drawing.area.ends_with("L720.0 180.0 L540.0 180.0 Z"), "{}", drawing.area);
    }

    #[test]
    fn the_fewest_is_told_of_now_too_and_only_marks_within_the_range_are_counted() {
        let drawing = Drawing::new(&series(1, vec![sample("2026-11-28T14:05:00Z", 20)]));
        assert_eq!(
            drawing.words,
            "12 available now, 12 at the lowest; the threshold is 10. Vertical lines mark 1 purchase."
        );
        assert_eq!(drawing.marks, ["684.0"]);
        let day = Drawing::new(&series(24, vec![sample("2026-11-28T13:05:00Z", 20)]));
        assert_eq!(day.marks.len(), 2, "what is still to come is no mark");
    }

    #[test]
    fn what_users_have_does_not_flatten_the_stock() {
        let drawing = Drawing::new(&series(1, vec![sample("2026-11-28T14:05:00Z", 20)]));
        assert_eq!((drawing.top.as_str(), drawing.top_assigned.as_str()), ("20", "1,500"));
    }

    #[test]
    fn the_most_of_a_stretch_is_within_the_scale() {
        let peak = Sample { available_most: 26, ..sample("2026-11-28T14:05:00Z", 20) };
        assert_eq!(Drawing::new(&series(1, vec![peak])).top, "26");
    }

    #[test]
    fn a_week_and_a_month_have_their_ticks_at_midnights() {
        let labels = |hours| {
            let drawing = Drawing::new(&series(hours, vec![sample("2026-11-28T14:05:00Z", 20)]));
            drawing.ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(labels(1), "13:30 13:45 14:00 14:15");
        assert_eq!(labels(24), "18:00 00:00 06:00 12:00");
        assert_eq!(labels(168), "22 Nov 23 Nov 24 Nov 25 Nov 26 Nov 27 Nov 28 Nov");
        assert_eq!(labels(720), "3 Nov 8 Nov 13 Nov 18 Nov 23 Nov");
        let series = series(168, Vec::new());
        assert_eq!(ticks(&series)[0], Tick { at: "5.75%".to_owned(), label: "22 Nov".to_owned() });
    }
}
