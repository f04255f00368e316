//! Which address leads to PostgreSQL itself where somebody took the pooled one that a provider shows first.
//!
//! Invariant: it is told from host and port alone, and says only those.
//! How to get it wrong: a rule that fits addresses which are no pooler's. Whoever follows it reaches nothing.

/// Providers whose pooled connections have a port of their own: the end of the host's name, that port, and the one to take.
const PORTS: &[(&str, &str, &str)] = &[
    (".supabase.com", "6543", "5432"),
    (".supabase.co", "6543", "5432"),
    (".db.ondigitalocean.com", "25061", "25060"),
    // PgBouncer's own, wherever it is.
    ("", "6432", "5432"),
];
/// What the first part of a pooled host ends in.
const POOLED: &str = "-pooler";

/// What to write instead of this host or port; `None` when neither is known to be a pooler's.
#[must_use]
pub fn direct_instead(host: &str, port: &str) -> Option<String> {
    // Only names: what follows is shown.
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte));
    let host = if is_plain { host.to_ascii_lowercase() } else { String::new() };
    let (first, rest) = host.split_once('.').unwrap_or((&host, ""));
    if let Some(direct) = first.strip_suffix(POOLED).filter(|direct| !direct.is_empty() && !rest.is_empty()) {
        return Some(format!("the host {direct}.{rest} instead of {host}"));
    }
    let (end, pooled, direct) = PORTS.iter().find(|(end, pooled, _)| host.ends_with(end) && port == *pooled)?;
    let at = if end.is_empty() || host.is_empty() { String::new() } else { format!(" of {host}") };
    Some(format!("port {direct}{at} instead of {pooled}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pooled_addresses_of_providers_lead_to_the_direct_ones() {
        for (host, port, expected) in [
            ("ep-cool-1.eu.aws.neon.tech", "5432", None),
            (
                "ep-cool-1-pooler.eu.aws.neon.tech",
                "",
                Some("the host ep-cool-1.eu.aws.neon.tech instead of ep-cool-1-pooler.eu.aws.neon.tech"),
            ),
            ("EP-1-Pooler.neon.tech", "5432", Some("the host ep-1.neon.tech instead of ep-1-pooler.neon.tech")),
            ("-pooler.neon.tech", "", None),
            ("db-pooler", "", None),
            (
                "aws-0-eu-central-1.pooler.supabase.com",
                "6543",
                Some("port 5432 of aws-0-eu-central-1.pooler.supabase.com instead of 6543"),
            ),
            ("aws-0-eu-central-1.pooler.supabase.com", "5432", None),
            ("db.abc.supabase.co", "6543", Some("port 5432 of db.abc.supabase.co instead of 6543")),
            ("supabase.co.example.com", "6543", None),
            (
                "x-do-user-1-0.c.db.ondigitalocean.com",
                "25061",
                Some("port 25060 of x-do-user-1-0.c.db.ondigitalocean.com instead of 25061"),
            ),
            ("10.0.0.1", "6432", Some("port 5432 instead of 6432")),
            ("", "6432", Some("port 5432 instead of 6432")),
            ("db.example.com", "6543", None),
            ("db.example.com", "", None),
            // A broken string may have a part of the password there.
            ("secret$word-pooler.example.com", "5432", None),
            ("secret$word", "6432", Some("port 5432 instead of 6432")),
        ] {
            assert_eq!(direct_instead(host, port).as_deref(), expected, "{host}:{port}");
        }
    }
}
