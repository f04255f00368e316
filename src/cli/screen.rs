//! Lines and columns, no wider than the terminal, with colour for what is bad.
//!
//! Invariants: what is piped is as wide as it is, and without colour; no word, number or time is cut in two.
//! How to get it wrong: measuring text that is coloured already, or counting letters, some of which take two places.

use console::{Style, Term, measure_text_width};

use super::args::Color;

/// Between two columns.
const GAP: usize = 2;
/// Narrower is no terminal that somebody reads.
const WIDTH_MIN: usize = 20;

/// How good a value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    /// Somebody should look.
    Warn,
    /// It harms, or waits for somebody.
    Bad,
}

/// One value in its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub text: String,
    pub tone: Tone,
}

impl Cell {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    /// What must stay on one line: words, and a time as a whole.
    fn pieces(&self) -> Vec<&str> {
        if is_time(&self.text) { vec![&self.text] } else { self.text.split_whitespace().collect() }
    }

    fn wrapped(&self, width: usize) -> Vec<String> {
        if measure_text_width(&self.text) <= width {
            return vec![self.text.clone()];
        }
        let mut lines: Vec<String> = Vec::new();
        for piece in self.pieces() {
            match lines.last_mut() {
                Some(line) if measure_text_width(line) + 1 + measure_text_width(piece) <= width => {
                    line.push(' ');
                    line.push_str(piece);
                }
                _ => lines.push(piece.to_owned()),
            }
        }
        lines
    }
}

/// Whether a text is an instant as tables write it.
fn is_time(text: &str) -> bool {
    text.ends_with('Z')
        && text.contains(':')
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-: Z".contains(&byte))
}

/// Decides for this program whether there is colour.
pub(super) fn choose(color: Color) {
    match color {
        // On a terminal, unless NO_COLOR says no.
        Color::Auto => {}
        Color::Always => set(true),
        Color::Never => set(false),
    }
}

fn set(is_coloured: bool) {
    console::set_colors_enabled(is_coloured);
    console::set_colors_enabled_stderr(is_coloured);
}

/// The beginning of a sentence on standard error that tells of a failure.
pub(super) fn alarm(text: &str) -> String {
    Style::new().for_stderr().red().bold().apply_to(text).to_string()
}

/// What standard output is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Screen {
    /// `None` = nobody's: as wide as it may be.
    width: Option<usize>,
}

impl Screen {
    pub(super) fn here() -> Self {
        let term = Term::stdout();
        let size = if term.is_term() { term.size_checked() } else { None };
        Self { width: size.map(|(_, columns)| usize::from(columns).max(WIDTH_MIN)) }
    }

    #[cfg(test)]
    pub(super) fn of(width: usize) -> Self {
        Self { width: Some(width) }
    }

    /// How many columns there are for text that is read best at `most`.
    pub(super) fn at_most(self, most: usize) -> usize {
        self.width.map_or(most, |width| width.min(most))
    }

    /// Whether these rows fit as they are, without a line that goes on below.
    pub(super) fn fits(self, rows: &[Vec<Cell>]) -> bool {
        self.width.is_none_or(|width| sum(&natural(rows)) <= width)
    }

    /// Whether they fit when lines may go on below.
    pub(super) fn fits_wrapped(self, rows: &[Vec<Cell>]) -> bool {
        self.width.is_none_or(|width| sum(&least(rows)) <= width)
    }

    /// Rows under each other.
    pub(super) fn print(self, rows: &[Vec<Cell>]) -> String {
        let widths = self.widths(rows);
        let mut printed = String::new();
        for row in rows {
            let cells: Vec<(Vec<String>, Tone)> =
                row.iter().zip(&widths).map(|(cell, width)| (cell.wrapped(*width), cell.tone)).collect();
            let height = cells.iter().map(|(lines, _)| lines.len()).max().unwrap_or_default();
            for line in 0..height {
                let mut gap = 0;
                for ((lines, tone), width) in cells.iter().zip(&widths) {
                    let text = lines.get(line).map_or("", String::as_str).trim_end();
                    if !text.is_empty() {
                        printed.push_str(&" ".repeat(gap));
                        printed.push_str(&paint(text, *tone));
                        gap = 0;
                    }
                    gap += width.saturating_sub(measure_text_width(text)) + GAP;
                }
                printed.push('\n');
            }
        }
        printed
    }

    /// The widest columns give first; none gets narrower than its longest word.
    fn widths(self, rows: &[Vec<Cell>]) -> Vec<usize> {
        let (natural, least) = (natural(rows), least(rows));
        let Some(room) = self.width else { return natural };
        let capped = |cap: usize| -> Vec<usize> {
            natural.iter().zip(&least).map(|(natural, least)| (*natural).min(cap).max(*least)).collect()
        };
        let widest = natural.iter().copied().max().unwrap_or_default();
        (0..=widest).rev().map(capped).find(|widths| sum(widths) <= room).unwrap_or(least)
    }
}

/// A text in the colour of its tone.
pub(super) fn paint(text: &str, tone: Tone) -> String {
    match tone {
        Tone::Plain => text.to_owned(),
        Tone::Warn => Style::new().yellow().apply_to(text).to_string(),
        Tone::Bad => Style::new().red().bold().apply_to(text).to_string(),
    }
}

fn natural(rows: &[Vec<Cell>]) -> Vec<usize> {
    columns(rows, |cell| measure_text_width(&cell.text))
}

fn least(rows: &[Vec<Cell>]) -> Vec<usize> {
    columns(rows, |cell| cell.pieces().into_iter().map(measure_text_width).max().unwrap_or_default())
}

fn columns(rows: &[Vec<Cell>], measure: impl Fn(&Cell) -> usize) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    (0..count)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(&measure).max().unwrap_or_default())
        .collect()
}

fn sum(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(lines: &[&[&str]]) -> Vec<Vec<Cell>> {
        lines.iter().map(|line| line.iter().map(|text| Cell::plain(*text)).collect()).collect()
    }

    #[test]
    fn a_narrow_terminal_gets_whole_words_and_whole_times() {
        let rows = rows(&[
            &["NUMBER", "AT", "MESSAGE"],
            &["+14155550100", "11-22 09:24Z", "no number of this pool; adopt it first"],
        ]);
        let printed = Screen::of(40).print(&rows);
        assert!(printed.lines().all(|line| line.len() <= 40) && printed.lines().count() > 2, "{printed}");
        for word in ["+14155550100", "11-22 09:24Z", "number", "adopt", "first"] {
            assert!(printed.contains(word), "{word}:\n{printed}");
        }
    }

    #[test]
    fn nothing_is_wrapped_that_nobody_reads_on_a_terminal() {
        let long = "word ".repeat(100);
        let rows = rows(&[&["a", long.trim()]]);
        assert_eq!(Screen { width: None }.print(&rows), format!("a  {}\n", long.trim()));
        assert!(
            Screen { width: None }.fits(&rows) && !Screen::of(80).fits(&rows) && Screen::of(80).fits_wrapped(&rows)
        );
    }

    #[test]
    fn letters_of_two_places_are_measured_as_such() {
        let printed = Screen::of(80).print(&rows(&[&["USER", "X"], &["日本", "1"], &["", "2"]]));
        assert_eq!(printed, "USER  X\n日本  1\n      2\n");
    }
}
