//! Amounts of money: whole cents inside, text with two decimals outside.
//!
//! Invariant: no floating point, so that many small charges add up.
//!
//! How to get it wrong: reading "1.5" as one dollar and five cents.

/// `1.15`
pub(crate) fn cents_text(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// Money as text, with at most two decimals.
pub(crate) fn parse_cents(text: &str) -> Result<i64, String> {
    let complain = || format!("{text:?} is not an amount such as \"12.50\"");
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || part.len() > 2 || !plain(whole) || !plain(part) {
        return Err(complain());
    }
    let cents: i64 = format!("{whole}{part:0<2}").parse().map_err(|_| complain())?;
    Ok(sign * cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact() {
        for (text, cents) in [("0", 0), ("1.15", 115), ("-2.5", -250), ("1000000.00", 100_000_000)] {
            assert_eq!(parse_cents(text), Ok(cents));
        }
        assert_eq!(cents_text(-205), "-2.05");
        for bad in ["", ".5", "1.155", "1e3", "--1", "+1"] {
            assert!(parse_cents(bad).is_err(), "{bad}");
        }
    }
}
