//! The curve of stock as a drawing: what share would have waited, by tenths, and what the stock costs a month.
//!
//! Invariants: the same points as the table beside it; each line of the grid is a tenth of the one above, because one in a thousand and
//! none at all look alike on a scale of hundreds; what nobody would have waited for stands on the lower edge.
//! How to get it wrong: a mark that is told by its colour alone. The legend says its number.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use crate::api::plan::amount;
use crate::dashboard::chart::drawing::Tick;
use crate::dashboard::text::percent;
use crate::foresight::Forecast;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
/// Room above the highest line.
const ABOVE: f64 = 8.0;
/// Tenths that the scale has at least.
const DECADES_MIN: f64 = 4.0;
/// Labels on the axis of stock.
const TICKS: u32 = 6;

/// A line of the grid, and what it stands for.
pub(crate) struct Level {
    pub(crate) y: String,
    pub(crate) label_y: String,
    pub(crate) label: String,
}

/// A stock that is marked.
pub(crate) struct Mark {
    pub(crate) class: &'static str,
    pub(crate) x: String,
    pub(crate) told: String,
}

/// The drawing.
pub(crate) struct Curve {
    pub(crate) share: String,
    /// From nothing to what the largest stock costs; `None` = the price is not known.
    pub(crate) cost: Option<String>,
    pub(crate) top_cost: String,
    pub(crate) levels: Vec<Level>,
    pub(crate) asked: String,
    pub(crate) asked_told: String,
    pub(crate) marks: Vec<Mark>,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) words: String,
}

/// Where things stand.
struct Scale {
    most: u32,
    decades: f64,
}

impl Scale {
    fn x(&self, stock: u32) -> f64 {
        f64::from(stock) / f64::from(self.most.max(1)) * WIDTH
    }

    fn y(&self, share: f64) -> f64 {
        let tenths = if share > 0.0 { -share.log10() } else { self.decades };
        ABOVE + (tenths.clamp(0.0, self.decades) / self.decades) * (HEIGHT - ABOVE - 1.0)
    }

    fn levels(&self) -> Vec<Level> {
        let level = |tenths: i32| {
            let share = 10f64.powi(-tenths);
            let y = self.y(share);
            Level {
                y: format!("{y:.1}"),
                label_y: format!("{:.2}%", (y - 2.0) / HEIGHT * 100.0),
                label: percent(share),
            }
        };
        (0..).take_while(|tenths| f64::from(*tenths) < self.decades).map(level).collect()
    }

    fn ticks(&self) -> Vec<Tick> {
        let step = self.most.div_ceil(TICKS).max(1);
        let tick = |stock: u32| Tick { at: format!("{:.2}%", self.x(stock) / WIDTH * 100.0), label: stock.to_string() };
        // Half a label beyond an edge cannot be read.
        (1..)
            .map(|place| place * step)
            .take_while(|stock| f64::from(*stock) < 0.96 * f64::from(self.most))
            .map(tick)
            .collect()
    }
}

impl Curve {
    /// `None` = nobody asked yet, so there is nothing to draw.
    pub(super) fn new(forecast: &Forecast, configured: u32, monthly: Option<Decimal>) -> Option<Self> {
        if forecast.signups == 0 {
            return None;
        }
        let (now, advised) = (forecast.policy.threshold_low, forecast.advice.threshold);
        let last = forecast.curve.last().map_or(1, |(stock, _)| *stock);
        let most = last.max(now).max(advised).max(configured).max(1);
        let scale = Scale { most, decades: (1.0 - forecast.share.log10()).ceil().max(DECADES_MIN) };
        let mut share = String::new();
        let points = forecast.curve.iter().copied().chain([(most, forecast.share_at(most))]);
        for (stock, waits) in points {
            let (x, y) = (scale.x(stock), scale.y(waits));
            let _ = write!(share, "{}{x:.1} {y:.1}", if share.is_empty() { "M" } else { " L" });
        }
        let top_cost = monthly.and_then(|monthly| monthly.checked_mul(Decimal::from(most)));
        let waits = |stock: u32| percent(forecast.share_at(stock));
        let mut marks = vec![
            scale.mark("now", now, format!("threshold in force: {now}")),
            scale.mark("advised", advised, format!("advised threshold: {advised}")),
        ];
        if configured != now {
            marks.push(scale.mark("mark", configured, format!("configured threshold: {configured}")));
        }
        Some(Self {
            share,
            cost: top_cost.map(|_| format!("M0.0 {:.1} L{WIDTH:.1} {ABOVE:.1}", HEIGHT - 1.0)),
            top_cost: top_cost.map(|cost| format!("{} a month", amount(cost))).unwrap_or_default(),
            levels: scale.levels(),
            asked: format!("{:.1}", scale.y(forecast.share)),
            asked_told: format!("may wait: {}", percent(forecast.share)),
            marks,
            ticks: scale.ticks(),
            words: format!(
                "With a stock of {now}, the threshold in force, {} would have waited; with {advised}, the advised one, {}; with {most} {}. \
                 {} may wait.",
                waits(now),
                waits(advised),
                waits(most),
                percent(forecast.share),
            ),
        })
    }
}

impl Scale {
    fn mark(&self, class: &'static str, stock: u32, told: String) -> Mark {
        Mark { class, x: format!("{:.1}", self.x(stock)), told }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_grid_is_a_tenth_and_nobody_stands_on_the_lower_edge() {
        let scale = Scale { most: 40, decades: 4.0 };
        let levels: Vec<(String, String)> = scale.levels().into_iter().map(|level| (level.y, level.label)).collect();
        let expected = [("8.0", "100 %"), ("50.8", "10 %"), ("93.5", "1 %"), ("136.2", "0.1 %")];
        assert_eq!(levels, expected.map(|(y, label)| (y.to_owned(), label.to_owned())));
        assert_eq!((scale.y(0.0), scale.y(1e-9), scale.y(1.0)), (179.0, 179.0, 8.0));
        assert_eq!((scale.x(0), scale.x(20), scale.x(40)), (0.0, 360.0, 720.0));
        let ticks: Vec<String> = scale.ticks().into_iter().map(|tick| tick.label).collect();
        assert_eq!(ticks, ["7", "14", "21", "28", "35"]);
        assert_eq!(Scale { most: 1, decades: 4.0 }.ticks(), []);
    }
}
