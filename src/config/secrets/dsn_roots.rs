//! Whose word PostgreSQL's certificate is checked with where the system's is meant: the OpenSSL that is built in looks into a
//! folder that no system has, so the system's own file is named to it.
//!
//! Invariant: what the operator named is never replaced; only `system`, and nothing at all, mean this system's.
//! How to get it wrong: forgetting that libpq reads variables and a file in the home folder, too.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::dsn::{Dsn, parse};
use super::dsn_rules::{Fault, fault};
use crate::config::sources::Sources;

/// What a path may hold as it is in a URL's query.
const IN_A_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// The connection string with this system's certificates named, where it means them; `None` where it does not. `Err` when
/// they cannot be found (`system_bundle`).
pub(super) fn with_roots(
    text: &str,
    sources: &Sources,
    system_bundle: impl FnOnce(&Sources) -> Option<PathBuf>,
) -> Result<Option<String>, Fault> {
    let Some(dsn) = parse(text) else { return Ok(None) };
    let mode = value_of(&dsn, "sslmode").or_else(|| sources.variable("PGSSLMODE").map(str::to_owned));
    let roots = value_of(&dsn, "sslrootcert").filter(|roots| !roots.is_empty());
    let roots = roots.or_else(|| sources.variable("PGSSLROOTCERT").map(str::to_owned));
    let means_the_system = match roots.as_deref() {
        Some(roots) => roots == "system",
        None => mode.as_deref() == Some("verify-full") && !has_own_roots(sources),
    };
    if !means_the_system {
        return Ok(None);
    }
    let bundle = system_bundle(sources).ok_or_else(|| {
        fault(
            "wants this system's certificates, and there are none",
            "install ca-certificates, set SSL_CERT_FILE, or give sslrootcert the file of the authority",
        )
    })?;
    let bundle = bundle.to_string_lossy();
    Ok(Some(match dsn {
        Dsn::Url { has_query, .. } => {
            let joint = match has_query {
                false => "?",
                true if text.ends_with(['?', '&']) => "",
                true => "&",
            };
            let bundle = utf8_percent_encode(&bundle, IN_A_QUERY);
            format!("{text}{joint}sslmode=verify-full&sslrootcert={bundle}")
        }
        Dsn::Pairs(_) => {
            let bundle = bundle.replace('\\', "\\\\").replace('\'', "\\'");
            format!("{text} sslmode=verify-full sslrootcert='{bundle}'")
        }
    }))
}

/// Of one that is given twice, the last one counts.
fn value_of(dsn: &Dsn<'_>, wanted: &str) -> Option<String> {
    match dsn {
        Dsn::Url { parameters, .. } => {
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            parameters.iter().rev().map(|(key, value)| (decoded(key), decoded(value))).find_map(|(key, value)| {
                match key == "ssl" && value == "true" {
                    // As JDBC writes it.
                    true => (wanted == "sslmode").then(|| "require".to_owned()),
                    false => (key == wanted).then_some(value),
                }
            })
        }
        Dsn::Pairs(pairs) => pairs.iter().rev().find(|(key, _)| key == wanted).map(|(_, value)| value.clone()),
    }
}

/// Where libpq looks when nobody says where: in the home folder.
fn has_own_roots(sources: &Sources) -> bool {
    let home = sources.variable("HOME").map(PathBuf::from).or_else(std::env::home_dir);
    home.is_some_and(|home| home.join(".postgresql/root.crt").exists())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn sources(env: &[(&str, &str)]) -> Sources {
        let env: BTreeMap<String, String> =
            env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Sources { file: None, env }
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the system answers")]
    fn bundle(_: &Sources) -> Option<PathBuf> {
        Some("/b/all of.pem".into())
    }

    #[test]
    fn a_system_without_certificates_is_told_what_to_install() {
        let env = sources(&[("HOME", "/nowhere")]);
        let fault = with_roots("postgres://u:hunter2@h/d?sslrootcert=system", &env, |_| None).unwrap_err();
        assert!(
            fault.remedy.contains("install ca-certificates") && fault.remedy.contains("SSL_CERT_FILE"),
            "{fault:?}"
        );
        assert!(!format!("{fault:?}").contains("hunter2"));
        assert_eq!(with_roots("postgres://h/d?sslmode=require", &env, |_| None), Ok(None));
    }

    #[test]
    fn who_means_the_systems_certificates_gets_the_file_that_holds_them() {
        let env = [("HOME", "/nowhere")];
        let added = "sslmode=verify-full&sslrootcert=/b/all%20of.pem";
        for (text, joint) in [
            ("postgres://u:p@h/d?sslrootcert=system", "&"),
            ("postgres://u:p@h/d?sslrootcert=system&", ""),
            ("postgres://u:p@h/d?sslmode=verify-full&sslrootcert=%73ystem", "&"),
            ("postgres://u:p?w@h/d?sslmode=verify-full", "&"),
            ("postgres://u:p@h/d?sslrootcert=/x&sslrootcert=system", "&"),
            ("postgres://u:p@h/d?sslmode=verify-full&sslrootcert=", "&"),
        ] {
            let expected = format!("{text}{joint}{added}");
            assert_eq!(with_roots(text, &sources(&env), bundle), Ok(Some(expected)), "{text}");
        }
        let pairs = "host=h sslmode=verify-full";
        let expected = format!("{pairs} sslmode=verify-full sslrootcert='/b/all of.pem'");
        assert_eq!(with_roots(pairs, &sources(&env), bundle), Ok(Some(expected)));
        for variables in [[("PGSSLMODE", "verify-full")], [("PGSSLROOTCERT", "system")]] {
            let env = sources(&[&env[..], &variables].concat());
            let expected = format!("postgres://u:p?w@h?{added}");
            assert_eq!(with_roots("postgres://u:p?w@h", &env, bundle), Ok(Some(expected)), "{variables:?}");
        }
    }

    #[test]
    fn whoever_names_a_file_or_checks_nothing_is_left_alone() {
        let env = [("HOME", "/nowhere")];
        for text in [
            "postgres://h/d",
            "postgres://h/d?sslmode=require",
            "postgres://h/d?ssl=true",
            "postgres://h/d?sslmode=verify-ca",
            "postgres://h/d?sslmode=verify-full&sslrootcert=/x/ca.pem",
            "postgres://h/d?sslrootcert=system&sslrootcert=/x/ca.pem",
            "postgres://h/d?sslmode=verify-full&sslmode=require",
            "host=h sslmode=verify-full sslrootcert=/x",
        ] {
            assert_eq!(with_roots(text, &sources(&env), bundle), Ok(None), "{text}");
        }
        let env = sources(&[&env[..], &[("PGSSLROOTCERT", "/x/ca.pem")]].concat());
        assert_eq!(with_roots("postgres://h/d?sslmode=verify-full", &env, bundle), Ok(None));
        let home = std::env::temp_dir().join(format!("callbunker-roots-{}", std::process::id()));
        std::fs::create_dir_all(home.join(".postgresql")).unwrap();
        std::fs::write(home.join(".postgresql/root.crt"), "").unwrap();
        let env = sources(&[("HOME", home.to_str().unwrap())]);
        assert_eq!(with_roots("postgres://h/d?sslmode=verify-full", &env, bundle), Ok(None), "libpq takes that file");
        std::fs::remove_dir_all(home).unwrap();
    }
}
