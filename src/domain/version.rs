//! Which version this is, for all who are told: `--version`, the OpenAPI description, metrics, whoever is called.

/// That of Cargo.toml, unless `scripts/deb` builds a commit that is no release, and says so.
pub const VERSION: &str = match option_env!("CALLBUNKER_VERSION") {
    Some(of_this_commit) => of_this_commit,
    None => env!("CARGO_PKG_VERSION"),
};

/// How we call ourselves towards others.
pub fn user_agent() -> String {
    format!("callbunker/{VERSION}")
}
