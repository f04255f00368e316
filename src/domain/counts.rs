//! Counts as people read them.
//!
//! How to get it wrong: grouping what a program reads. JSON has numbers.

/// `1,500`.
#[must_use]
pub fn grouped(count: impl std::fmt::Display) -> String {
    let digits = count.to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("-", rest));
    let mut text = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 number`, `2 numbers`.
#[must_use]
pub fn counted(count: i64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let told = [grouped(0), grouped(999), grouped(1000), grouped(-12_345), grouped(1_000_000)].join(" ");
        assert_eq!(told, "0 999 1,000 -12,345 1,000,000");
    }

    #[test]
    fn one_is_told_from_several() {
        assert_eq!(
            [counted(0, "number"), counted(1, "number"), counted(2, "number")],
            ["0 numbers", "1 number", "2 numbers"]
        );
    }
}
